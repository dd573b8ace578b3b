import type { Node } from '#api/core/v1/node.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { toleratedBy, untoleratedTaint } from '#api/core/v1/taints.ts'
import type { Toleration } from '#api/core/v1/types.ts'
import { type Plugin, refuseForGood } from '../../framework/plugin.ts'
import type { World } from '../../world/world.ts'
import { normalize } from './normalize.ts'

/** Refuses untolerated NoSchedule and NoExecute taints; of the rest it prefers nodes with fewer untolerated PreferNoSchedule taints. */
export const taintToleration: Plugin<undefined, readonly Toleration[]> = {
  name: 'TaintToleration',
  restsOn: 'node',
  filter: ({ pod }, { node }) => (isUntolerated(pod, node) ? refuseForGood('node(s) had untolerated taint(s)') : undefined),
  isUniform: (_pod, world) => world.kept(preferredTaints).nodes === 0,
  preScore: ({ pod }) => (pod.spec.tolerations ?? []).filter(({ effect }) => !effect || effect === 'PreferNoSchedule'),
  score(_pod, { node }, tolerations) {
    let count = 0
    for (const taint of node.spec.taints ?? []) if (taint.effect === 'PreferNoSchedule' && !toleratedBy(taint, tolerations)) count += 1
    return count
  },
  normalize: (values) => normalize(values, true),
  wokenBy: [
    {
      resource: 'Node',
      actions: ['Add', 'UpdateNodeTaint'],
      helps: (pod, { before, after }) => (before === undefined || isUntolerated(pod, before as Node)) && !isUntolerated(pod, after as Node),
    },
    {
      resource: 'Pod',
      actions: ['UpdatePodToleration'],
      helps: (pod, { after }) => (after as Pod).metadata.uid === pod.metadata.uid,
    },
  ],
}

const isUntolerated = (pod: Pod, node: Node): boolean =>
  untoleratedTaint(node.spec.taints, pod.spec.tolerations, ['NoSchedule', 'NoExecute']) !== undefined

/** How many nodes have a taint that only makes them less liked. */
function preferredTaints(world: World): { readonly nodes: number } {
  const count = { nodes: 0 }
  const add = (node: Node, sign: 1 | -1): void => {
    if (node.spec.taints?.some(({ effect }) => effect === 'PreferNoSchedule')) count.nodes += sign
  }
  world.observe({
    nodeAdded: ({ node }) => add(node, 1),
    nodeRemoved: ({ node }) => add(node, -1),
    nodeChanged({ node }, before) {
      add(before, -1)
      add(node, 1)
    },
  })
  return count
}
