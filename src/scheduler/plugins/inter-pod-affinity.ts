import type { Pod } from '#api/core/v1/pod.ts'
import type { PodAffinityTerm } from '#api/core/v1/types.ts'
import type { Selector } from '#api/meta/v1/selector.ts'
import { matches, selectorOf } from '#api/meta/v1/selector.ts'
import type { NodeInfo } from '../node-info.ts'
import type { Plugin, World } from '../plugin.ts'
import { refuse, refuseForGood } from '../plugin.ts'

interface Term {
  readonly topologyKey: string
  readonly selects: (pod: Pod) => boolean
}

/** Topologies (`key=value`) in which something holds. */
type Topologies = ReadonlySet<string>

interface State {
  readonly affinity: readonly { readonly term: Term; readonly topologies: Topologies; readonly first: boolean }[]
  readonly antiAffinity: readonly { readonly term: Term; readonly topologies: Topologies }[]
  /** Where pods that are there refuse this pod. */
  readonly refusedIn: Topologies
  /** Weighted topologies of the preferred terms, both ways. */
  readonly preferred: ReadonlyMap<string, number>
}

/** Required and preferred affinity and anti-affinity between pods (API: core/v1 PodAffinity, PodAntiAffinity). */
export const interPodAffinity: Plugin<State> = {
  name: 'InterPodAffinity',
  prepare(pod, world) {
    const own = pod.pod.spec.affinity
    const affinity = termsOf(own?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution, pod.pod, world).map((term) => {
      const topologies = whereSelected(term, world)
      // The first pod of a group that wants to be together has nobody to join: it may start the group.
      return { term, topologies, first: topologies.size === 0 && term.selects(pod.pod) }
    })
    const antiAffinity = termsOf(own?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution, pod.pod, world).map((term) => ({
      term,
      topologies: whereSelected(term, world),
    }))
    const refusedIn = new Set<string>()
    for (const { node, pods } of world.nodes.values())
      for (const { pod: other } of pods.values())
        for (const term of termsOf(other.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution, other, world)) {
          const topology = topologyOf(node, term.topologyKey)
          if (topology !== undefined && term.selects(pod.pod)) refusedIn.add(topology)
        }
    return { affinity, antiAffinity, refusedIn, preferred: preferences(pod.pod, world) }
  },
  filter(_pod, { node }, { affinity, antiAffinity, refusedIn }) {
    for (const { term, topologies, first } of affinity) {
      const topology = topologyOf(node, term.topologyKey)
      if (topology === undefined || (!first && !topologies.has(topology))) return refuseForGood("node(s) didn't match pod affinity rules")
    }
    for (const { term, topologies } of antiAffinity) {
      const topology = topologyOf(node, term.topologyKey)
      if (topology !== undefined && topologies.has(topology)) return refuse("node(s) didn't match pod anti-affinity rules")
    }
    for (const [key, value] of Object.entries(node.metadata.labels ?? {}))
      if (refusedIn.has(`${key}=${value}`)) return refuse("node(s) didn't satisfy existing pods anti-affinity rules")
    return undefined
  },
  score: (_pod, { node }, { preferred }) => {
    let sum = 0
    if (preferred.size > 0)
      for (const [key, value] of Object.entries(node.metadata.labels ?? {})) sum += preferred.get(`${key}=${value}`) ?? 0
    return sum
  },
  normalize: 'highest-is-100',
  weight: 2,
  wokenBy: ['node-added', 'node-labels', 'pod-gone', 'pod-placed', 'pod-changed'],
}

function termsOf(terms: readonly PodAffinityTerm[] | undefined, owner: Pod, world: World): Term[] {
  return (terms ?? []).map((term) => {
    const selector = selectorOf(term.labelSelector)
    const inNamespace = namespaceTest(term, owner, world)
    return {
      topologyKey: term.topologyKey,
      selects: (pod) => inNamespace(pod.metadata.namespace) && matches(selector, pod.metadata.labels),
    }
  })
}

/** Without names and selector a term means its own pod's namespace; an empty selector means all. */
function namespaceTest(term: PodAffinityTerm, owner: Pod, world: World): (namespace: string) => boolean {
  const names = term.namespaces ?? []
  if (names.length === 0 && term.namespaceSelector === undefined) return (namespace) => namespace === owner.metadata.namespace
  const selector: Selector | undefined = term.namespaceSelector && selectorOf(term.namespaceSelector)
  return (namespace) => names.includes(namespace) || (selector !== undefined && matches(selector, world.namespaceLabels(namespace)))
}

function whereSelected(term: Term, { nodes }: World): Topologies {
  const found = new Set<string>()
  for (const { node, pods } of nodes.values()) {
    const topology = topologyOf(node, term.topologyKey)
    if (topology === undefined || found.has(topology)) continue
    for (const { pod } of pods.values()) {
      if (!term.selects(pod)) continue
      found.add(topology)
      break
    }
  }
  return found
}

function preferences(pod: Pod, world: World): ReadonlyMap<string, number> {
  const weights = new Map<string, number>()
  const add = (topology: string | undefined, weight: number): void => {
    if (topology !== undefined) weights.set(topology, (weights.get(topology) ?? 0) + weight)
  }
  const prefers = (from: Pod, sign: 1 | -1) => {
    const affinity = sign === 1 ? from.spec.affinity?.podAffinity : from.spec.affinity?.podAntiAffinity
    return (affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ weight, podAffinityTerm }) => ({
      weight: sign * weight,
      term: termsOf([podAffinityTerm], from, world)[0]!,
    }))
  }
  const own = [...prefers(pod, 1), ...prefers(pod, -1)]
  for (const { node, pods } of world.nodes.values())
    for (const { pod: other } of pods.values()) {
      for (const { weight, term } of own) if (term.selects(other)) add(topologyOf(node, term.topologyKey), weight)
      if (other.spec.affinity === undefined) continue
      for (const { weight, term } of [...prefers(other, 1), ...prefers(other, -1)])
        if (term.selects(pod)) add(topologyOf(node, term.topologyKey), weight)
    }
  return weights
}

function topologyOf(node: NodeInfo['node'], key: string): string | undefined {
  const value = node.metadata.labels?.[key]
  return value === undefined ? undefined : `${key}=${value}`
}
