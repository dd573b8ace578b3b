import { Lease } from '#api/coordination/v1/lease.ts'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { same } from '#api/strategy.ts'
import type { Instant } from '#lib/clock.ts'
import type { Cache, Controller } from '#loop/controller.ts'
import { conditionOf } from '../common/conditions.ts'
import { byNodeName } from '../common/indexes.ts'
import { type EvictionLimits, type EvictionView, lastGivenUp, planEviction, zoneOf } from './eviction.ts'
import { createSignsOfLife } from './health.ts'
import { measureEvictions, nodeLifecycleMetrics } from './metrics.ts'
import { type GoneNodeView, type NodeView, planGoneNode, planNode } from './plan.ts'

export interface NodeLifecycleConfig {
  /** How long a node may be silent: 50 s in v1.36, 40 s before. */
  readonly graceMs: number
  /** The same for one that has not said anything yet. */
  readonly startupGraceMs: number
  readonly limits: EvictionLimits
}

export const nodeLifecycleDefaults: NodeLifecycleConfig = {
  graceMs: 50_000,
  startupGraceMs: 60_000,
  limits: { nodesPerSecond: 0.1, reducedNodesPerSecond: 0.01, largeZoneNodes: 50, unhealthyShare: 0.55 },
}

/** Notices nodes that are silent or unwell, keeps pods away from them, and gives them up with care. */
export function nodeLifecycleController(
  config: NodeLifecycleConfig = nodeLifecycleDefaults,
): Controller<NodeView | GoneNodeView | EvictionView> {
  const signs = createSignsOfLife()
  const lastAt = new Map<string, Instant>()
  return {
    name: 'node-controller',
    metrics: nodeLifecycleMetrics,
    measured: measureEvictions,
    sources: [
      {
        kind: Node,
        keys: (node: Node, _cache: Cache, previous: Node | undefined) =>
          previous !== undefined && previous !== node && same(standing(node), standing(previous))
            ? [keyOfNode(node.metadata.name)]
            : [keyOfNode(node.metadata.name), all],
      },
      {
        kind: Lease,
        keys: ({ metadata }: Lease) => (metadata.namespace === leaseNamespace ? [keyOfNode(metadata.name)] : []),
      },
      {
        kind: Pod,
        keys: ({ spec }: Pod, cache: Cache) => {
          const node = spec.nodeName ? cache.get(Node, spec.nodeName) : undefined
          return node !== undefined && conditionOf(node.status.conditions, 'Ready')?.status === 'Unknown'
            ? [keyOfNode(node.metadata.name)]
            : []
        },
      },
    ],
    view: (key, cache, now) => {
      if (key === all) {
        const nodes = cache.list(Node)
        // The taints tell when the last node was given up; that of a node which is well again is gone with its taint, and is remembered here.
        const zones = new Set(nodes.map(zoneOf))
        for (const zone of zones) lastAt.set(zone, Math.max(lastAt.get(zone) ?? -Infinity, lastGivenUp(nodes, zone)))
        for (const zone of lastAt.keys()) if (!zones.has(zone)) lastAt.delete(zone)
        return { about: 'all', now, nodes, limits: config.limits, lastAt }
      }
      const name = key.slice(prefix.length)
      const node = cache.get(Node, name)
      if (node === undefined) {
        const uid = signs.forget(name)
        return uid === undefined ? undefined : { about: 'gone', name, uid }
      }
      const { at, isFirst } = signs.seenAt(node, cache.get(Lease, name, leaseNamespace), now)
      const ready = conditionOf(node.status.conditions, 'Ready')
      const graceMs = ready === undefined ? config.startupGraceMs : config.graceMs
      const pods = ready?.status === 'Unknown' ? cache.indexed(Pod, byNodeName, name) : []
      return { about: 'node', now, node, seenAt: at, graceMs, isNew: isFirst, pods }
    },
    plan: (view) => (view.about === 'all' ? planEviction(view) : view.about === 'gone' ? planGoneNode(view) : planNode(view)),
  }
}

const leaseNamespace = 'kube-node-lease'
/** One key for all nodes together: how many may be given up is decided in one place. */
const all = 'all nodes'
const prefix = 'node/'
const keyOfNode = (name: string): string => `${prefix}${name}`

/** What the decision about all nodes hangs on; a heartbeat changes nothing of it. */
const standing = (node: Node) => ({
  uid: node.metadata.uid,
  ready: conditionOf(node.status.conditions, 'Ready')?.status,
  taints: node.spec.taints,
  zone: zoneOf(node),
})
