import { toleratedBy, untoleratedTaint } from '#api/core/v1/taints.ts'
import type { Plugin } from '../plugin.ts'
import { refuseForGood } from '../plugin.ts'

/** Refuses untolerated NoSchedule and NoExecute taints; of the rest it prefers nodes with fewer untolerated PreferNoSchedule taints. */
export const taintToleration: Plugin = {
  name: 'TaintToleration',
  filter: ({ pod }, { node }) =>
    untoleratedTaint(node.spec.taints, pod.spec.tolerations, ['NoSchedule', 'NoExecute'])
      ? refuseForGood('node(s) had untolerated taint(s)')
      : undefined,
  score: ({ pod }, { node }) =>
    (node.spec.taints ?? []).filter((taint) => taint.effect === 'PreferNoSchedule' && !toleratedBy(taint, pod.spec.tolerations)).length,
  normalize: 'lowest-is-100',
  weight: 3,
  wokenBy: ['node-added', 'node-taints', 'pod-changed'],
}
