import type { Pod } from '#api/core/v1/pod.ts'
import type { ContainerRecord, PodKill, PodLookup, PodRecord } from '../interfaces.ts'
import type { PodStats } from '../stats/summary.ts'

/** For tests of what looks after a node: pods that are there because a test says so. */
export interface MadePod {
  readonly name: string
  readonly spec?: object
  readonly phase?: string
  readonly annotations?: Readonly<Record<string, string>>
  readonly containers?: readonly ContainerRecord[]
  readonly sandboxId?: string | undefined
}

export function madePod({ name, spec = {}, phase = 'Running', annotations }: MadePod): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'default',
      uid: `uid-${name}`,
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
      ...(annotations && { annotations }),
    },
    spec: { containers: [{ name: 'main', image: 'registry.test/main:1', resources: {} }], ...spec },
    status: { phase },
  } as unknown as Pod
}

export interface TestPods extends PodLookup {
  put(pod: MadePod): Pod
  remove(name: string): void
  /** `name: message`, in order; with the grace where there is one. */
  readonly killed: { readonly name: string; readonly how: PodKill }[]
}

/** A pod that is killed is over at once, unless `killing` says otherwise. */
export function testPods(pods: readonly MadePod[] = [], killing: (name: string) => Promise<void> = async () => {}): TestPods {
  const records = new Map<string, PodRecord>()
  const listeners = new Set<(uid: string) => void>()
  const killed: { name: string; how: PodKill }[] = []
  const tell = (uid: string) => {
    for (const listener of listeners) listener(uid)
  }
  const put = (made: MadePod): Pod => {
    const pod = madePod(made)
    const sandboxId = 'sandboxId' in made ? made.sandboxId : `sandbox-${made.name}`
    const main: ContainerRecord = { name: 'main', kind: 'regular', id: `id-${made.name}`, attempt: 0, state: 'running', logPath: '' }
    records.set(pod.metadata.uid, { pod, withStatus: pod, sandboxId, containers: made.containers ?? [main] })
    tell(pod.metadata.uid)
    return pod
  }
  for (const pod of pods) put(pod)
  return {
    killed,
    put,
    remove(name) {
      records.delete(`uid-${name}`)
      tell(`uid-${name}`)
    },
    list: () => [...records.values()],
    get: (_, name) => records.get(`uid-${name}`),
    byUid: (uid) => records.get(uid),
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async killPod(uid, how) {
      const record = records.get(uid)!
      const { name } = record.pod.metadata
      killed.push({ name, how })
      await killing(name)
      const over = { ...record.pod, status: { ...record.pod.status, phase: 'Failed', reason: how.reason } } as Pod
      records.set(uid, { ...record, withStatus: over, sandboxId: undefined, containers: [] })
      tell(uid)
    },
  }
}

/** What a pod uses. `MiB` of memory by default. */
export function madeStats(
  name: string,
  uses: {
    readonly memory?: number
    readonly disk?: number
    readonly inodes?: number
    readonly processes?: number
    readonly logs?: number
    readonly volumes?: Readonly<Record<string, number>>
  },
): PodStats {
  const time = '2026-01-01T00:00:00Z'
  const { memory, disk = 0, inodes = 0, processes = 0, logs = 0, volumes = {} } = uses
  const local = Object.values(volumes).reduce((sum, bytes) => sum + bytes, 0)
  return {
    podRef: { name, namespace: 'default', uid: `uid-${name}` },
    startTime: time,
    ...(memory !== undefined && { memory: { time, workingSetBytes: memory } }),
    containers: [
      {
        name: 'main',
        startTime: time,
        ...(memory !== undefined && { memory: { time, workingSetBytes: memory } }),
        rootfs: { time, usedBytes: disk, inodesUsed: inodes },
        logs: { time, usedBytes: logs },
      },
    ],
    volume: Object.entries(volumes).map(([volume, usedBytes]) => ({ time, name: volume, usedBytes })),
    'ephemeral-storage': { time, usedBytes: disk + logs + local },
    process_stats: { process_count: processes },
  }
}

export const MiB = 2 ** 20
export const GiB = 2 ** 30
export const testNodeObject = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'node', uid: 'node', resourceVersion: '', creationTimestamp: '' },
}
