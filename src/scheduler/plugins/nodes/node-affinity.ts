import type { Node } from '#api/core/v1/node.ts'
import { matchesNodeSelector, matchesRequiredAffinity, preferredAffinityScore } from '#api/core/v1/node-affinity.ts'
import type { NodeAffinity, NodeSelectorTerm, PreferredSchedulingTerm } from '#api/core/v1/types.ts'
import { type Plugin, type PreFilter, refuseForGood } from '../../framework/plugin.ts'
import { normalize } from './normalize.ts'

/** NodeAffinityArgs (kubescheduler.config.k8s.io/v1): what holds for all pods of the profile beside their own. */
export interface NodeAffinityArgs {
  readonly addedAffinity?: NodeAffinity
}

/** `nodeSelector` and node affinity. */
export function nodeAffinity({ addedAffinity }: NodeAffinityArgs): Plugin<undefined, readonly PreferredSchedulingTerm[]> {
  const added = addedAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  const addedPreferences = addedAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
  return {
    name: 'NodeAffinity',
    restsOn: 'node',
    preFilter({ pod }): PreFilter<undefined> {
      const required = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
      if (required === undefined) return { state: undefined, skip: added === undefined && pod.spec.nodeSelector === undefined }
      const nodes = namedNodes(required.nodeSelectorTerms)
      if (nodes === undefined) return { state: undefined }
      return nodes.size === 0 ? { refusal: refuseForGood('pod affinity terms conflict') } : { state: undefined, nodes }
    },
    filter({ pod }, { node }) {
      if (added !== undefined && !matchesNodeSelector(added, node))
        return refuseForGood("node(s) didn't match scheduler-enforced node affinity")
      return matchesRequiredAffinity(pod.spec, node) ? undefined : refuseForGood("node(s) didn't match Pod's node affinity/selector")
    },
    isUniform: ({ pod }) => addedPreferences.length === 0 && !preferences(pod.spec.affinity?.nodeAffinity),
    preScore({ pod }) {
      const own = preferences(pod.spec.affinity?.nodeAffinity)
      return own === undefined && addedPreferences.length === 0 ? undefined : [...addedPreferences, ...(own ?? [])]
    },
    score: (_pod, { node }, terms) => preferredAffinityScore(terms, node),
    normalize: (values) => normalize(values, false),
    wokenBy: [
      {
        resource: 'Node',
        actions: ['Add', 'UpdateNodeLabel'],
        helps(pod, { before, after }) {
          const node = after as Node
          if (added !== undefined && !matchesNodeSelector(added, node)) return false
          if (!matchesRequiredAffinity(pod.spec, node)) return false
          return before === undefined || !matchesRequiredAffinity(pod.spec, before as Node)
        },
      },
    ],
  }
}

const preferences = (affinity: NodeAffinity | undefined): readonly PreferredSchedulingTerm[] | undefined =>
  affinity?.preferredDuringSchedulingIgnoredDuringExecution

/** Where every term names its nodes (a daemon's pods do), only those need be looked at. */
function namedNodes(terms: readonly NodeSelectorTerm[]): Set<string> | undefined {
  if (terms.length === 0) return undefined
  const all = new Set<string>()
  for (const { matchFields = [] } of terms) {
    let names: Set<string> | undefined
    for (const { key, operator, values } of matchFields) {
      if (key !== 'metadata.name' || operator !== 'In') continue
      const named = new Set(values)
      names = names === undefined ? named : names.intersection(named)
    }
    if (names === undefined) return undefined
    for (const name of names) all.add(name)
  }
  return all
}
