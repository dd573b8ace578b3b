import { controllerOf } from '#api/meta/v1/owner.ts'
import type { NodeInfo, PodInfo } from '../node-info.ts'
import type { Plugin } from '../plugin.ts'

/** Prefers nodes with fewer pods of the same controller, so that the loss of one node takes as few replicas as can be. */
export const controllerSpread: Plugin = {
  name: 'PodTopologySpread',
  score(pod: PodInfo, node: NodeInfo) {
    const owner = controllerOf(pod.pod)?.uid
    if (owner === undefined) return 0
    let siblings = 0
    for (const other of node.pods.values()) if (controllerOf(other.pod)?.uid === owner) siblings += 1
    return siblings
  },
  normalize: 'lowest-is-100',
  weight: 2,
}
