import type { Pod } from '#api/core/v1/pod.ts'

/** What draining a node does with its pods. */
export interface DrainPlan {
  /** To be asked for one by one: budgets may say no, for now. */
  readonly evict: readonly Pod[]
  /** Nobody would make them anew: they go only where that is wanted. */
  readonly alone: readonly Pod[]
  /** They belong to the node and end with it. */
  readonly stay: readonly Pod[]
}

/**
 * As kubectl drain has it: pods of DaemonSets and static ones stay, since they would come back at once; one without a controller would be lost.
 * Data in emptyDir volumes goes with the pod in any case: whoever takes a node away keeps nothing on it.
 */
export function planDrain(pods: readonly Pod[]): DrainPlan {
  const stays = (pod: Pod): boolean => isMirror(pod) || controllerOf(pod)?.kind === 'DaemonSet'
  const rest = pods.filter((pod) => !stays(pod))
  const isAlone = (pod: Pod): boolean => controllerOf(pod) === undefined && !hasEnded(pod)
  return { evict: rest.filter((pod) => !isAlone(pod)), alone: rest.filter(isAlone), stay: pods.filter(stays) }
}

const controllerOf = ({ metadata }: Pod) => metadata.ownerReferences?.find(({ controller }) => controller === true)
/** The kubelet's own note on the API's copy of a static pod. */
const isMirror = ({ metadata }: Pod): boolean => metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined
const hasEnded = ({ status }: Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed'
