import { matchesRequiredAffinity, preferredAffinityScore } from '#api/core/v1/node-affinity.ts'
import type { Plugin } from '../plugin.ts'
import { refuseForGood } from '../plugin.ts'

export const nodeAffinity: Plugin = {
  name: 'NodeAffinity',
  filter: ({ pod }, { node }) =>
    matchesRequiredAffinity(pod.spec, node) ? undefined : refuseForGood("node(s) didn't match Pod's node affinity/selector"),
  score: ({ pod }, { node }) =>
    preferredAffinityScore(pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution, node),
  normalize: 'highest-is-100',
  weight: 2,
  wokenBy: ['node-added', 'node-labels'],
}
