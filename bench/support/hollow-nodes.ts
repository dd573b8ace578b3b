import { Lease } from '#api/coordination/v1/lease.ts'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import type { Client } from '#client/client.ts'
import { createInformer, type Informer } from '#client/informer.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import { isError } from '#lib/errors.ts'
import { rfc3339, rfc3339Micro } from '#lib/rfc3339.ts'
import { quietLog } from './quiet-log.ts'

/** Nodes without machines: what is bound to one is said to run at once, and to be gone as soon as somebody wants it to go. */
export interface HollowNodes {
  /** Every pod of the cluster, as the nodes see them. */
  readonly pods: Informer<Pod>
  close(): Promise<void>
}

/** How many nodes, and what becomes of the pods on them. */
export interface HollowNodesOptions {
  readonly client: Client
  readonly count: number
  /** What becomes of a container; pods with the label `held` stay as they are. */
  readonly pods: 'run' | 'succeed'
}

/** Resolves when pods may be placed on all of them. */
export async function hollowNodes({ client, count, pods: fate }: HollowNodesOptions): Promise<HollowNodes> {
  const means = { clock: systemClock, random: systemRandom, log: quietLog }
  const names = Array.from({ length: count }, (_, index) => `hollow-${index}`)
  for (const name of names) await join(client, name)
  const nodes = createInformer(client, Node, means)
  const arePlaceable = (): boolean => names.every((name) => nodes.get(name)?.spec.taints === undefined)
  await nodes.synced()
  if (!(await nodes.until(arePlaceable, 60_000))) throw new Error('the nodes kept a taint for a minute')
  await nodes.close()

  const pods = createInformer(client, Pod, means)
  /** What was already said of each pod. */
  const told = new Map<string, 'run' | 'end'>()
  const stop = pods.onChange((pod, _previous, change) => {
    const { uid, name, namespace, deletionTimestamp } = pod.metadata
    if (change === 'deleted') return void told.delete(uid)
    if (pod.spec.nodeName === undefined) return
    if (deletionTimestamp === undefined && pod.metadata.labels?.[heldLabel] !== undefined) return
    const act = deletionTimestamp === undefined ? 'run' : 'end'
    if (told.get(uid) === act) return
    told.set(uid, act)
    const done =
      deletionTimestamp === undefined
        ? client.patch(Pod, name, { type: 'merge', body: { status: statusOf(fate) } }, { namespace, subresource: 'status' })
        : client.delete(Pod, name, { namespace, gracePeriodSeconds: 0, preconditions: { uid } })
    done.catch((error: unknown) => {
      // It went meanwhile; anything else is tried again with the pod's next change.
      if (!isError(error, 'NotFound', 'Conflict')) told.delete(uid)
    })
  })
  await pods.synced()
  const beating = setInterval(() => {
    const spec = { renewTime: rfc3339Micro(systemClock.now()) }
    for (const name of names)
      client.patch(Lease, name, { type: 'merge', body: { spec } }, { namespace: 'kube-node-lease' }).catch(ignoreWhileEnding)
  }, 10_000)
  return {
    pods,
    async close() {
      clearInterval(beating)
      stop()
      await pods.close()
    },
  }
}

/** On pods whose status somebody else tells. */
export const heldLabel = 'held'

/** A beat that misses is made up for by the next; four have to miss before anybody acts. */
const ignoreWhileEnding = (): void => {}

async function join(client: Client, name: string): Promise<void> {
  const now = systemClock.now()
  await client.create(Node, { metadata: { name, labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux' } } })
  await client.create(
    Lease,
    { metadata: { name }, spec: { holderIdentity: name, leaseDurationSeconds: 3600, renewTime: rfc3339Micro(now) } },
    { namespace: 'kube-node-lease' },
  )
  const resources = { cpu: '256', memory: '512Gi', pods: '1000', 'ephemeral-storage': '1Ti' }
  const conditions = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'].map((type) => ({
    type,
    status: type === 'Ready' ? 'True' : 'False',
    reason: 'Hollow',
    message: '',
    lastHeartbeatTime: rfc3339(now),
    lastTransitionTime: rfc3339(now),
  }))
  const status = { capacity: resources, allocatable: resources, conditions, addresses: [{ type: 'InternalIP', address: '192.0.2.1' }] }
  await client.patch(Node, name, { type: 'merge', body: { status } }, { subresource: 'status' })
}

let lastAddress = 0

/** What the kubelet says of a pod of one container. */
function statusOf(fate: HollowNodesOptions['pods']): object {
  const now = rfc3339(systemClock.now())
  lastAddress += 1
  const podIP = `10.${200 + ((lastAddress >> 16) & 15)}.${(lastAddress >> 8) & 255}.${lastAddress & 255}`
  const isRunning = fate === 'run'
  const condition = (type: string, status: boolean) => ({
    type,
    status: status ? 'True' : 'False',
    lastProbeTime: null,
    lastTransitionTime: now,
  })
  return {
    phase: isRunning ? 'Running' : 'Succeeded',
    startTime: now,
    hostIP: '192.0.2.1',
    podIP,
    podIPs: [{ ip: podIP }],
    conditions: [
      condition('PodScheduled', true),
      condition('Initialized', true),
      condition('ContainersReady', isRunning),
      condition('Ready', isRunning),
    ],
    containerStatuses: [
      {
        name: 'main',
        image: 'main',
        imageID: 'main',
        ready: isRunning,
        restartCount: 0,
        state: isRunning
          ? { running: { startedAt: now } }
          : { terminated: { exitCode: 0, reason: 'Completed', startedAt: now, finishedAt: now } },
      },
    ],
  }
}
