import type { Pod } from '#api/core/v1/pod.ts'

/** What a pod's controller says of how many pods there should be. */
export type Scale =
  /** A Deployment stands for its ReplicaSets: their pods count once, under its uid. */
  | { readonly uid: string; readonly replicas: number }
  /** Nobody controls the pod. */
  | 'unmanaged'
  /** Why nobody knows. */
  | { readonly problem: string }

export interface Expected {
  readonly count: number
  /** Pods that nobody controls: they are in no count. */
  readonly unmanaged: readonly string[]
  /** Why there is no count. */
  readonly problem?: string
}

/** The sum of the scales of all that control the pods: what a percentage, or a number that may be missing, is counted from. */
export function expectedPods(pods: readonly Pod[], scaleOf: (pod: Pod) => Scale): Expected {
  const replicas = new Map<string, number>()
  const unmanaged: string[] = []
  for (const pod of pods) {
    const scale = scaleOf(pod)
    if (scale === 'unmanaged') unmanaged.push(pod.metadata.name)
    else if ('problem' in scale) return { count: 0, unmanaged: [], problem: scale.problem }
    else replicas.set(scale.uid, scale.replicas)
  }
  return { count: [...replicas.values()].reduce((sum, one) => sum + one, 0), unmanaged }
}
