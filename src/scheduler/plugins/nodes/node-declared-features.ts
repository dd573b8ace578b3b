import type { Node } from '#api/core/v1/node.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { requiredFeatures } from '#api/core/v1/required-features.ts'
import { deepEqual } from '#schema/fields.ts'
import { type Plugin, refuseForGood } from '../../framework/plugin.ts'
import { byShape } from '../../world/pod-info.ts'

/** A pod that needs something of its node that not every node can goes where it is declared (KEP-5328). */
export const nodeDeclaredFeatures: Plugin<readonly string[]> = {
  name: 'NodeDeclaredFeatures',
  restsOn: 'node',
  preFilter(pod) {
    const required = requiredOf(pod)
    return { state: required, skip: required.length === 0 }
  },
  filter: (_pod, { node }, required) =>
    required.every((feature) => node.status.declaredFeatures?.includes(feature))
      ? undefined
      : refuseForGood("node(s) didn't match Pod's required features"),
  wokenBy: [
    {
      resource: 'Node',
      actions: ['Add', 'UpdateNodeDeclaredFeature'],
      helps: (_pod, { before, after }) =>
        before === undefined || !deepEqual((before as Node).status.declaredFeatures, (after as Node).status.declaredFeatures),
    },
    {
      resource: 'Pod',
      actions: ['Update'],
      helps: (pod, { before, after }) =>
        (after as Pod).metadata.uid === pod.metadata.uid &&
        requiredFeatures(before as Pod).join() !== requiredFeatures(after as Pod).join(),
    },
  ],
}

const requiredOf = byShape((pod) => requiredFeatures(pod))
