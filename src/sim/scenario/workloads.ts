import type { DaemonSet, Deployment } from '#api/apps/v1/types.ts'
import type { CronJob, Job } from '#api/batch/v1/types.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { isPodReady } from '#api/core/v1/pod-helpers.ts'
import { type AnyKind, apiVersionOf, type KubeObject } from '#api/kind.ts'
import { kinds } from '#api/kinds.ts'
import { keyOf, prefixOf } from '#apiserver/registry/keys.ts'
import type { Change, World } from '../world.ts'

/** Something that wishes for pods: the topmost object of a chain of owners whose kind is known to do so, or a pod that nobody owns. */
export interface Workload {
  readonly kind: string
  readonly namespace: string
  readonly name: string
  /** Key of its object. */
  readonly key: string
}

/** `deployment shop/web`: as the timeline names it. */
export const workloadTitle = ({ kind, namespace, name }: Workload): string => `${kind.toLowerCase()} ${namespace}/${name}`

/** How a workload fares at a moment. `wish` of a Job or a CronJob is no number of pods that run at the same time, and is absent. */
export interface Standing {
  readonly wish?: number
  readonly ready: number
}

/** Kinds that wish for pods, or for others that do. */
const workloadKinds: ReadonlySet<string> = new Set([
  ...['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet', 'ReplicationController', 'Job', 'CronJob', 'Pod'],
])

const byName: ReadonlyMap<string, AnyKind> = new Map(
  (kinds as readonly AnyKind[]).filter(({ kind }) => workloadKinds.has(kind)).map((kind) => [`${apiVersionOf(kind)} ${kind.kind}`, kind]),
)
const prefixes = [...byName.values()].map(prefixOf)

/** Whether a key is one of a workload's, or of what lies between a workload and its pods. */
export const isOfWorkload = (key: string): boolean => prefixes.some((prefix) => key.startsWith(prefix))

/** Follows all workloads of a cluster, commit by commit. */
export interface WorkloadIndex {
  /** Those that a change concerns. */
  see(changes: readonly Change[]): readonly Workload[]
  /** The workload of an object of one of the kinds above; undefined for every other object. */
  of(object: KubeObject): Workload | undefined
  all(): readonly Workload[]
  podsOf(workload: Workload): readonly Pod[]
  standingOf(workload: Workload): Standing
}

/** Pods without power, whatever is still said of them; `isDown` is asked only where there are `some`. */
export interface PodsDown {
  readonly some: boolean
  isDown(pod: Pod): boolean
}

export function createWorkloadIndex(world: World, down: PodsDown): WorkloadIndex {
  /** By uid: an owner that is gone is still what its pods were a part of. */
  const roots = new Map<string, Workload>()
  const pods = new Map<string, Set<string>>()
  /** Those of them that are said to be ready: counted as they change, since a workload may have thousands. */
  const ready = new Map<string, Set<string>>()
  const workloads = new Map<string, Workload>()

  function rootOf(object: KubeObject): Workload | undefined {
    const known = roots.get(object.metadata.uid)
    if (known !== undefined) return known
    const kind = byName.get(`${object.apiVersion} ${object.kind}`)
    if (kind === undefined) return undefined
    const owner = object.metadata.ownerReferences?.find(({ controller }) => controller)
    const above = owner && byName.get(`${owner.apiVersion} ${owner.kind}`)
    const parent = owner && above && world.byKey(keyOf(above, object.metadata.namespace ?? '', owner.name))
    const root = (parent?.metadata.uid === owner?.uid && parent && rootOf(parent)) || workloadOf(kind, object)
    roots.set(object.metadata.uid, root)
    return root
  }

  function workloadOf(kind: AnyKind, { metadata: { namespace = '', name } }: KubeObject): Workload {
    const key = keyOf(kind, namespace, name)
    const known = workloads.get(key)
    if (known !== undefined) return known
    const made = { kind: kind.kind, namespace, name, key }
    workloads.set(key, made)
    return made
  }

  function standingOf(workload: Workload): Standing {
    const object = world.byKey(workload.key)
    const wish = object === undefined ? 0 : wishOf(object)
    const keys = ready.get(workload.key)
    const count = down.some ? [...(keys ?? [])].filter((key) => !down.isDown(world.byKey(key) as Pod)).length : (keys?.size ?? 0)
    return wish === undefined ? { ready: count } : { wish, ready: count }
  }

  const podsOf = (workload: Workload): readonly Pod[] =>
    [...(pods.get(workload.key) ?? [])].flatMap((key) => (world.byKey(key) as Pod | undefined) ?? [])

  return {
    see(changes) {
      const touched = new Set<Workload>()
      for (const { key, before, after } of changes) {
        if (!isOfWorkload(key)) continue
        const root = rootOf((after ?? before)!)
        if (root === undefined) continue
        touched.add(root)
        if (!key.startsWith(prefixOf(Pod))) continue
        const pod = after as Pod | undefined
        keep(pods, root, key, pod !== undefined)
        keep(ready, root, key, pod !== undefined && isPodReady(pod) && pod.metadata.deletionTimestamp === undefined)
      }
      return [...touched]
    },
    of: rootOf,
    all: () => [...workloads.values()],
    podsOf,
    standingOf,
  }
}

function keep(sets: Map<string, Set<string>>, { key }: Workload, member: string, isIn: boolean): void {
  const set = sets.get(key) ?? new Set()
  sets.set(key, set)
  if (isIn) set.add(member)
  else set.delete(member)
}

/** How many pods are to be ready; undefined where that is not what it wishes for. */
function wishOf(object: KubeObject): number | undefined {
  switch (object.kind) {
    case 'Deployment':
    case 'ReplicaSet':
    case 'StatefulSet':
    case 'ReplicationController':
      return (object as unknown as { readonly spec: Deployment['spec'] }).spec?.replicas ?? 1
    case 'DaemonSet':
      return (object as unknown as { readonly status?: DaemonSet['status'] }).status?.desiredNumberScheduled ?? 0
    case 'Pod':
      return (object as unknown as Pod).spec.restartPolicy === 'Always' ? 1 : undefined
    default:
      return undefined
  }
}

/** What has become of something that is to end. */
export interface Ending {
  readonly state: 'completed' | 'failed' | 'runs' | 'suspended'
  /** Reason and message of a failure. */
  readonly because?: string
}

export function endingOf(object: KubeObject): Ending {
  if (object.kind === 'Pod') {
    const { phase, reason, message } = (object as unknown as Pod).status
    if (phase === 'Succeeded') return { state: 'completed' }
    return phase === 'Failed'
      ? { state: 'failed', because: [reason, message].filter(Boolean).join(': ') || 'a container ended with an error' }
      : { state: 'runs' }
  }
  const { spec, status } = object as unknown as { readonly spec?: Job['spec'] | CronJob['spec']; readonly status?: Job['status'] }
  const failed = status?.conditions?.find(({ type, status: is }) => type === 'Failed' && is === 'True')
  if (failed !== undefined) return { state: 'failed', because: [failed.reason, failed.message].filter(Boolean).join(': ') }
  if (status?.conditions?.some(({ type, status: is }) => type === 'Complete' && is === 'True')) return { state: 'completed' }
  return { state: spec?.suspend ? 'suspended' : 'runs' }
}
