import type { NodeInfo } from './node-info.ts'
import type { PodInfo } from './pod-info.ts'
import type { Column32 } from './topology-columns.ts'
import { noDomain, type Topology } from './topology-domains.ts'
import { createByLabels, createByScope } from './topology-find.ts'
import { createRecent } from './topology-recent.ts'
import { type Labelled, looksAtNamespaces, type NamespaceLabels, type Scope, selectsArriving } from './topology-scope.ts'

/** A term that pods bring along: it says something about pods that come later. */
export interface Term {
  /** Equal for terms that say the same. */
  readonly key: string
  readonly scope: Scope
  readonly topologyKey: string
  /** How much it counts. */
  readonly weight: number
}

/** What the terms of pods that are there say about one pod: the sum of their weights, by domain. */
export interface Voices {
  readonly topology: Topology
  readonly counts: Column32
  /** Of all domains. */
  total: number
}

/** The terms of one sort that pods on nodes have, and what they say about pods that are to be placed. */
export interface Terms {
  /** How many different terms there are. */
  readonly size: number
  /** What they say about pods like this, by topology key. Kept up to date while it is asked for now and then. */
  about(pod: PodInfo): ReadonlyMap<string, Voices>
  podAdded(pod: PodInfo, node: NodeInfo): void
  podRemoved(pod: PodInfo, node: NodeInfo): void
  /** The namespace has other labels, came or went. */
  namespaceChanged(namespace: string): void
}

/** A term and where pods are that have it. */
interface HeldTerm {
  readonly term: Term
  readonly scopes: readonly [Scope]
  readonly topology: Topology
  /** How many pods have it, by domain. */
  readonly places: Map<number, number>
  holders: number
  readonly heardBy: Set<Listener>
}

/** Pods that are to be placed and are alike in namespace and labels. */
interface Listener extends Labelled {
  readonly key: string
  readonly voices: Map<string, Voices>
  readonly heard: Set<HeldTerm>
}

/** What `createTerms` needs to know. */
export interface TermSources {
  /** The terms of this sort that a pod has; the same array for the same shape. */
  readonly termsOf: (pod: PodInfo) => readonly Term[]
  /** Equal for pods with equal namespace and labels. */
  readonly keyOf: (pod: PodInfo) => string
  readonly labelsOf: NamespaceLabels
  readonly hold: (topologyKey: string) => Topology
  readonly release: (topology: Topology) => void
}

/** No terms yet. So many sorts of pods are kept told. */
export function createTerms({ termsOf, keyOf, labelsOf, hold, release }: TermSources, listenersMax: number): Terms {
  const held = new Map<string, HeldTerm>()
  const heldByScope = createByScope<HeldTerm>()
  const listenersByLabels = createByLabels<Listener>()
  const listeners = createRecent<Listener>(listenersMax, (listener) => {
    listenersByLabels.delete(listener)
    for (const one of listener.heard) one.heardBy.delete(listener)
    for (const { topology, counts } of listener.voices.values()) {
      topology.columns.give(counts)
      release(topology)
    }
  })

  function listen(listener: Listener, one: HeldTerm): void {
    listener.heard.add(one)
    one.heardBy.add(listener)
    if (!listener.voices.has(one.topology.key)) {
      const topology = hold(one.topology.key)
      listener.voices.set(topology.key, { topology, counts: topology.columns.take(), total: 0 })
    }
    for (const [domain, count] of one.places) speak(listener, one, domain, count)
  }

  function speak({ voices }: Listener, { term, topology }: HeldTerm, domain: number, count: number): void {
    const voice = voices.get(topology.key)!
    voice.counts.values[domain]! += count * term.weight
    voice.total += count * term.weight
  }

  function holdTerm(term: Term): HeldTerm {
    let one = held.get(term.key)
    if (one === undefined) {
      const made: HeldTerm = {
        term,
        scopes: [term.scope],
        topology: hold(term.topologyKey),
        places: new Map(),
        holders: 0,
        heardBy: new Set(),
      }
      held.set(term.key, (one = made))
      heldByScope.add(made.scopes, made)
      listenersByLabels.candidates(made.scopes, (listener) => {
        if (selectsArriving(term.scope, listener, labelsOf)) listen(listener, made)
      })
    }
    return one
  }

  function letGo(one: HeldTerm): void {
    held.delete(one.term.key)
    heldByScope.delete(one.scopes, one)
    for (const listener of one.heardBy) listener.heard.delete(one)
    release(one.topology)
  }

  function count(term: Term, { slot }: NodeInfo, sign: 1 | -1): void {
    const one = holdTerm(term)
    one.holders += sign
    const domain = one.topology.domains.values[slot]!
    if (domain !== noDomain) {
      const places = (one.places.get(domain) ?? 0) + sign
      if (places === 0) one.places.delete(domain)
      else one.places.set(domain, places)
      for (const listener of one.heardBy) speak(listener, one, domain, sign)
    }
    if (one.holders === 0) letGo(one)
  }

  return {
    get size() {
      return held.size
    },
    about: (pod) =>
      listeners.get(keyOf(pod), () => {
        const { namespace, labels } = pod.pod.metadata
        const listener: Listener = { key: keyOf(pod), namespace, labels, voices: new Map(), heard: new Set() }
        listenersByLabels.add(listener)
        heldByScope.candidates(listener, (one) => {
          if (selectsArriving(one.term.scope, listener, labelsOf)) listen(listener, one)
        })
        return listener
      }).voices,
    podAdded(pod, node) {
      for (const term of termsOf(pod)) count(term, node, 1)
    },
    podRemoved(pod, node) {
      for (const term of termsOf(pod)) count(term, node, -1)
    },
    namespaceChanged(namespace) {
      if (![...held.values()].some(({ term }) => looksAtNamespaces(term.scope))) return
      for (const listener of [...listeners.values()]) if (listener.namespace === namespace) listeners.drop(listener.key)
    },
  }
}
