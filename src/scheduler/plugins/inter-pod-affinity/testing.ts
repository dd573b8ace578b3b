import type { Node } from '#api/core/v1/node.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { PodAffinityTerm, WeightedPodAffinityTerm } from '#api/core/v1/types.ts'
import { matchesLabelSelector } from '#api/meta/v1/selector.ts'
import type { Placed } from '../../world/topology-testing.ts'

type NamespaceLabels = ReadonlyMap<string, Readonly<Record<string, string>>>

/** What the plug-in has to answer, counted anew over every pod and node. */
export function countedAffinity(pod: Pod, placed: readonly Placed[], namespaces: NamespaceLabels) {
  const terms = termsOf(pod)
  const ownSelects = (term: PodAffinityTerm, other: Pod): boolean =>
    inNamespaces(term, pod.metadata.namespace, other.metadata.namespace, namespaces, false) &&
    matchesLabelSelector(term.labelSelector, other.metadata.labels)
  const otherSelects = (other: Pod, term: PodAffinityTerm): boolean =>
    inNamespaces(term, other.metadata.namespace, pod.metadata.namespace, namespaces, true) &&
    matchesLabelSelector(term.labelSelector, pod.metadata.labels)
  const near = (a: Node, b: Node, key: string): boolean => domain(a, key) !== undefined && domain(a, key) === domain(b, key)
  const areWanted = (other: Pod): boolean => terms.affinity.length > 0 && terms.affinity.every((term) => ownSelects(term, other))

  return {
    isSkipped:
      terms.affinity.length + terms.antiAffinity.length === 0 &&
      !placed.some(({ pod: other, node }) =>
        termsOf(other).antiAffinity.some((term) => otherSelects(other, term) && domain(node, term.topologyKey) !== undefined),
      ),
    refusal(node: Node): string | undefined {
      if (terms.affinity.some((term) => domain(node, term.topologyKey) === undefined)) return "node(s) didn't match pod affinity rules"
      const isThere = (term: PodAffinityTerm) => placed.some((other) => areWanted(other.pod) && near(other.node, node, term.topologyKey))
      const isFirst = (): boolean =>
        areWanted(pod) &&
        !placed.some((other) => areWanted(other.pod) && terms.affinity.some((term) => domain(other.node, term.topologyKey) !== undefined))
      if (!terms.affinity.every(isThere) && !isFirst()) return "node(s) didn't match pod affinity rules"
      if (
        terms.antiAffinity.some((term) => placed.some((other) => ownSelects(term, other.pod) && near(other.node, node, term.topologyKey)))
      )
        return "node(s) didn't match pod anti-affinity rules"
      if (
        placed.some((other) =>
          termsOf(other.pod).antiAffinity.some((term) => otherSelects(other.pod, term) && near(other.node, node, term.topologyKey)),
        )
      )
        return "node(s) didn't satisfy existing pods anti-affinity rules"
      return undefined
    },
    /** Before they are brought to 0 … 100. */
    score(node: Node, hardPodAffinityWeight: number): number {
      let score = 0
      for (const other of placed) {
        const add = (doesSelect: boolean, term: PodAffinityTerm, weight: number): void => {
          if (doesSelect && near(other.node, node, term.topologyKey)) score += weight
        }
        for (const { podAffinityTerm: term, weight } of terms.preferred) add(ownSelects(term, other.pod), term, weight)
        for (const { podAffinityTerm: term, weight } of termsOf(other.pod).preferred) add(otherSelects(other.pod, term), term, weight)
        for (const term of termsOf(other.pod).affinity) add(otherSelects(other.pod, term), term, hardPodAffinityWeight)
      }
      return score
    },
  }
}

const domain = (node: Node, key: string): string | undefined => node.metadata.labels?.[key]

function termsOf({ spec: { affinity } }: Pod) {
  const negative = (terms: readonly WeightedPodAffinityTerm[] = []) => terms.map((term) => ({ ...term, weight: -term.weight }))
  return {
    affinity: affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [],
    antiAffinity: affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [],
    preferred: [
      ...(affinity?.podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []),
      ...negative(affinity?.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution),
    ],
  }
}

function inNamespaces(
  { namespaces: names = [], namespaceSelector }: PodAffinityTerm,
  own: string,
  namespace: string,
  all: NamespaceLabels,
  countsUnknown: boolean,
): boolean {
  if (names.length === 0 && namespaceSelector === undefined) return namespace === own
  if (names.includes(namespace)) return true
  if (namespaceSelector === undefined) return false
  const isEverything = Object.keys(namespaceSelector).length === 0
  if (!all.has(namespace) && !countsUnknown && !isEverything) return false
  return matchesLabelSelector(namespaceSelector, all.get(namespace))
}
