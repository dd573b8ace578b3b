import type { Node } from '#api/core/v1/node.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { toleratedBy } from '#api/core/v1/taints.ts'
import { type Plugin, refuseForGood } from '../../framework/plugin.ts'

const taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' } as const

/** A cordoned node takes no pod that does not tolerate it. */
export const nodeUnschedulable: Plugin = {
  name: 'NodeUnschedulable',
  restsOn: 'node',
  filter: ({ pod }, { node }) =>
    node.spec.unschedulable && !toleratedBy(taint, pod.spec.tolerations) ? refuseForGood('node(s) were unschedulable') : undefined,
  wokenBy: [
    {
      resource: 'Node',
      actions: ['Add', 'UpdateNodeTaint'],
      helps: (_pod, { before, after }) =>
        !(after as Node).spec.unschedulable && (before === undefined || (before as Node).spec.unschedulable === true),
    },
    {
      resource: 'Pod',
      actions: ['UpdatePodToleration'],
      helps: (pod, { after }) => (after as Pod).metadata.uid === pod.metadata.uid && toleratedBy(taint, (after as Pod).spec.tolerations),
    },
  ],
}
