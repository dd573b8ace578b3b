import { toleratedBy } from '#api/core/v1/taints.ts'
import type { Plugin } from '../plugin.ts'
import { refuseForGood } from '../plugin.ts'

/** A cordoned node takes only pods that tolerate it. */
export const nodeUnschedulable: Plugin = {
  name: 'NodeUnschedulable',
  filter: ({ pod }, { node }) =>
    node.spec.unschedulable && !toleratedBy({ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }, pod.spec.tolerations)
      ? refuseForGood('node(s) were unschedulable')
      : undefined,
  wokenBy: ['node-added', 'node-taints', 'pod-changed'],
}
