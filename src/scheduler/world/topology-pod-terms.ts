import type { PodAffinityTerm, WeightedPodAffinityTerm } from '#api/core/v1/types.ts'
import { byShape } from './pod-info.ts'
import { scopeOfTerm } from './topology-scope.ts'
import type { Term } from './topology-terms.ts'

/** The pod's affinity terms, read once for all pods that are alike. */
export interface PodTerms {
  readonly requiredAffinity: readonly Term[]
  readonly requiredAntiAffinity: readonly Term[]
  /** Of affinity and anti-affinity; of the latter the weights are negative. */
  readonly preferred: readonly Term[]
}

/** What the pod's own affinity and anti-affinity say. */
export const podTerms = byShape(({ metadata: { namespace }, spec: { affinity } }): PodTerms => {
  const read = (term: PodAffinityTerm, weight: number): Term => {
    const scope = scopeOfTerm(term, namespace)
    return { key: JSON.stringify([term.topologyKey, weight, scope.key]), scope, topologyKey: term.topologyKey, weight }
  }
  const required = (terms: readonly PodAffinityTerm[] = []) => terms.map((term) => read(term, 1))
  const preferred = (terms: readonly WeightedPodAffinityTerm[] = [], sign: 1 | -1) =>
    terms.map(({ podAffinityTerm, weight }) => read(podAffinityTerm, sign * weight))
  return {
    requiredAffinity: required(affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    requiredAntiAffinity: required(affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    preferred: [
      ...preferred(affinity?.podAffinity?.preferredDuringSchedulingIgnoredDuringExecution, 1),
      ...preferred(affinity?.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution, -1),
    ],
  }
})

/** Equal for pods that every scope selects alike: equal in namespace and labels. */
export const classKey = byShape(({ metadata: { namespace, labels = {} } }) =>
  JSON.stringify([namespace, ...Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))]),
)
