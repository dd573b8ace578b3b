import { Namespace } from '#api/core/v1/namespace.ts'
import type { Labels } from '#api/meta/v1/selector.ts'
import type { NodeInfo } from './node-info.ts'
import { createColumns } from './topology-columns.ts'
import { createTopology, type Topology } from './topology-domains.ts'
import { createGround, enterGround, type Ground, leaveGround, type NodeRule, reviewGround } from './topology-ground.ts'
import { classKey, podTerms } from './topology-pod-terms.ts'
import { createRecent } from './topology-recent.ts'
import type { NamespaceLabels } from './topology-scope.ts'
import { createSelections } from './topology-selections.ts'
import { createTally, type Selection, type Tally } from './topology-tally.ts'
import { createTerms, type Terms } from './topology-terms.ts'
import type { World } from './world.ts'

/**
 * Where which pods are, by topology, kept up to date change by change: how many pods of a selection each domain has, and what the affinity
 * terms of the pods that are there say about others. What nobody asked for yet is counted once; what was asked for longest ago is given up.
 */
export interface TopologyIndex {
  readonly labelsOf: NamespaceLabels
  /** The domains by a node label. */
  topology(key: string): Topology
  selection(key: string, make: () => Pick<Selection, 'scopes' | 'countsTerminating'>): Selection
  /** A selection's pods by the domains of a node label, on nodes that count. */
  tally(selection: Selection, topologyKey: string, rule: NodeRule): Tally
  readonly requiredAffinity: Terms
  readonly requiredAntiAffinity: Terms
  /** Preferred affinity, with the terms' weights; of anti-affinity the weight is negative. */
  readonly preferred: Terms
}

/** The world's index: made when it is first asked for. */
export const topologyIndex = (world: World): TopologyIndex => world.kept(createUsualIndex)

/** How much is kept up to date; of more, what was asked for longest ago is counted anew when it is asked for again. */
export interface TopologyLimits {
  /** A shape of pod has one a term or constraint. On 5,000 nodes each takes 20 kB. */
  readonly selectionsMax: number
  /** Of one selection. */
  readonly talliesMax: number
  /** Sorts of pods by namespace and labels, about which terms say something. */
  readonly listenersMax: number
  /** Topologies by which nothing is counted. */
  readonly idleTopologiesMax: number
}

const usualLimits: TopologyLimits = { selectionsMax: 1024, talliesMax: 16, listenersMax: 1024, idleTopologiesMax: 32 }

const createUsualIndex = (world: World): TopologyIndex => createTopologyIndex(world, usualLimits)

/** An index of its own over the world, which follows it from now on. */
export function createTopologyIndex(
  world: World,
  { selectionsMax, talliesMax, listenersMax, idleTopologiesMax }: TopologyLimits,
): TopologyIndex {
  const nodes = new Set<NodeInfo>()
  const rows = createColumns(64)
  const topologies = new Map<string, { readonly topology: Topology; holders: number }>()
  const grounds = new Map<string, Ground>()
  const namespaces = world.lookups.of(Namespace)
  const labelsOf = (name: string): Labels => {
    const namespace = namespaces.get(name)
    return namespace && (namespace.metadata.labels ?? {})
  }

  function hold(key: string): Topology {
    let known = topologies.get(key)
    if (known === undefined) {
      topologies.set(key, (known = { topology: createTopology(key, rows), holders: 0 }))
      for (const node of nodes) known.topology.enter(node)
    }
    known.holders += 1
    return known.topology
  }

  function release({ key, domains }: Topology): void {
    const known = topologies.get(key)!
    known.holders -= 1
    if (known.holders > 0) return
    topologies.delete(key)
    rows.give(domains)
  }

  function groundOf(topologyKey: string, rule: NodeRule): Ground {
    const key = groundKey(topologyKey, rule)
    let ground = grounds.get(key)
    if (ground === undefined) {
      grounds.set(key, (ground = createGround(key, hold(topologyKey), rule, rows)))
      for (const node of nodes) enterGround(ground, node)
    }
    return ground
  }

  function giveUp({ ground, counts, user }: Tally): void {
    const { key, topology, users } = ground
    users.delete(user)
    topology.columns.give(counts)
    if (users.size > 0) return
    grounds.delete(key)
    rows.give(ground.counts)
    topology.columns.give(ground.nodesIn)
    release(topology)
  }

  const idle = createRecent<Topology>(idleTopologiesMax, release)
  const selections = createSelections(rows, labelsOf, selectionsMax, giveUp)
  const termSources = { keyOf: classKey, labelsOf, hold, release }
  const index: TopologyIndex = {
    labelsOf,
    topology: (key) => topologies.get(key)?.topology ?? idle.get(key, () => hold(key)),
    selection: (key, make) => selections.get(key, make),
    tally(selection, topologyKey, rule) {
      const { tallies } = selection
      const key = groundKey(topologyKey, rule)
      let tally = tallies.get(key)
      if (tally === undefined) {
        const [oldest] = tallies
        if (tallies.size >= talliesMax && oldest !== undefined) {
          tallies.delete(oldest[0])
          giveUp(oldest[1])
        }
        tallies.set(key, (tally = createTally(selection, groundOf(topologyKey, rule))))
      }
      return tally
    },
    requiredAffinity: createTerms({ ...termSources, termsOf: (pod) => podTerms(pod).requiredAffinity }, listenersMax),
    requiredAntiAffinity: createTerms({ ...termSources, termsOf: (pod) => podTerms(pod).requiredAntiAffinity }, listenersMax),
    preferred: createTerms({ ...termSources, termsOf: (pod) => podTerms(pod).preferred }, listenersMax),
  }
  const terms = [index.requiredAffinity, index.requiredAntiAffinity, index.preferred]

  world.observe({
    nodeAdded(node) {
      rows.ensure(node.slot + 1)
      nodes.add(node)
      for (const { topology } of topologies.values()) topology.enter(node)
      for (const ground of grounds.values()) enterGround(ground, node)
    },
    nodeRemoved(node) {
      for (const ground of grounds.values()) leaveGround(ground, node)
      for (const { topology } of topologies.values()) topology.leave(node)
      nodes.delete(node)
    },
    nodeChanged(node) {
      for (const ground of grounds.values()) if (ground.rule.looksAtTaints) reviewGround(ground, node)
    },
    podAdded(pod, node) {
      selections.podAdded(pod, node)
      if (pod.shape.hasAffinity) for (const each of terms) each.podAdded(pod, node)
    },
    podRemoved(pod, node) {
      selections.podRemoved(pod, node)
      if (pod.shape.hasAffinity) for (const each of terms) each.podRemoved(pod, node)
    },
  })
  namespaces.onChange((namespace, previous, change) => {
    const { name, labels } = namespace.metadata
    if (change === 'modified' && JSON.stringify(labels) === JSON.stringify(previous?.metadata.labels)) return
    const before = change === 'deleted' ? namespace : previous
    for (const each of terms) each.namespaceChanged(name)
    selections.namespaceChanged(name, (other) => (other === name ? before && (before.metadata.labels ?? {}) : labelsOf(other)))
  })
  return index
}

const groundKey = (topologyKey: string, { key }: NodeRule): string => `${topologyKey}\0${key}`
