import { Node } from '#api/core/v1/node.ts'
import type { Instant } from '#lib/clock.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import type { Command, Plan } from '#loop/controller.ts'
import { patchSeen } from '../common/commands.ts'
import { conditionOf } from '../common/conditions.ts'
import { parseTime } from '../common/time.ts'
import { evictingTaint, isEvicting } from './taints.ts'

/** How fast nodes may be given up, for each zone: the reference's defaults are 0.1 and 0.01 a second, 50 nodes, 55 %. */
export interface EvictionLimits {
  readonly nodesPerSecond: number
  /** In a large zone of which much is down; a small one then evicts nothing. */
  readonly reducedNodesPerSecond: number
  readonly largeZoneNodes: number
  readonly unhealthyShare: number
}

export interface EvictionView {
  readonly about: 'all'
  readonly now: Instant
  readonly nodes: readonly Node[]
  readonly limits: EvictionLimits
  /** When a node was last given up, by zone: also one that is well again and carries the taint no more. */
  readonly lastAt: ReadonlyMap<string, Instant>
}

/**
 * Which unready nodes get the taint that evicts their pods: one after the other in each zone, slower where much of a zone is down, none when
 * all zones are down entirely, since then it is us who cannot see.
 */
export function planEviction({ now, nodes, limits, lastAt }: EvictionView): Plan {
  const zones = [...Map.groupBy(nodes, zoneOf)].map(([zone, members]) => ({ zone, members, counted: members.filter(countsForDisruption) }))
  const counting = zones.filter(({ counted }) => counted.length > 0)
  if (counting.length > 0 && counting.every(({ counted }) => counted.every((node) => !isReady(node)))) {
    return { commands: nodes.flatMap(withoutEviction), wakeAt: Infinity }
  }
  const plans = zones.map(({ zone, members, counted }) => planZone(members, rateOf(counted, limits), lastAt.get(zone) ?? -Infinity, now))
  return { commands: plans.flatMap(({ commands }) => commands), wakeAt: Math.min(...plans.map(({ wakeAt }) => wakeAt)) }
}

function planZone(nodes: readonly Node[], nodesPerSecond: number, last: Instant, now: Instant): Plan {
  const waiting = nodes.filter((node) => evictingTaint(node) !== 'none' && !(node.spec.taints ?? []).some(isEvicting))
  if (waiting.length === 0 || nodesPerSecond === 0) return { commands: [], wakeAt: Infinity }
  const pauseMs = 1000 / nodesPerSecond
  if (last + pauseMs > now) return { commands: [], wakeAt: last + pauseMs }
  const [first] = waiting.toSorted((a, b) => notReadySince(a) - notReadySince(b) || (a.metadata.name < b.metadata.name ? -1 : 1))
  const taint = { key: evictingTaint(first!), effect: 'NoExecute', timeAdded: rfc3339(now) }
  const command = patchSeen(Node, first!, { spec: { taints: [...(first!.spec.taints ?? []), taint] } })
  return { commands: [command], wakeAt: waiting.length > 1 ? now + pauseMs : Infinity }
}

function rateOf(counted: readonly Node[], limits: EvictionLimits): number {
  const unready = counted.filter((node) => !isReady(node)).length
  const isPartlyDown = unready < counted.length && unready > 2 && unready / counted.length >= limits.unhealthyShare
  if (!isPartlyDown) return limits.nodesPerSecond
  return counted.length > limits.largeZoneNodes ? limits.reducedNodesPerSecond : 0
}

function withoutEviction(node: Node): Command[] {
  const taints = node.spec.taints ?? []
  const kept = taints.filter((taint) => !isEvicting(taint))
  return kept.length === taints.length ? [] : [patchSeen(Node, node, { spec: { taints: kept.length === 0 ? null : kept } })]
}

/** The latest time of an evicting taint among the zone's nodes. */
export function lastGivenUp(nodes: readonly Node[], zone: string): Instant {
  const taints = nodes.filter((node) => zoneOf(node) === zone).flatMap((node) => (node.spec.taints ?? []).filter(isEvicting))
  return Math.max(-Infinity, ...taints.map(({ timeAdded }) => parseTime(timeAdded) ?? -Infinity))
}

export const isReady = (node: Node): boolean => conditionOf(node.status.conditions, 'Ready')?.status === 'True'
const notReadySince = (node: Node): Instant => parseTime(conditionOf(node.status.conditions, 'Ready')?.lastTransitionTime) ?? 0
export const countsForDisruption = ({ metadata }: Node): boolean => metadata.labels?.['node.kubernetes.io/exclude-disruption'] === undefined

export function zoneOf({ metadata: { labels = {} } }: Node): string {
  const region = labels['topology.kubernetes.io/region'] ?? ''
  const zone = labels['topology.kubernetes.io/zone'] ?? ''
  return `${region}:${zone}`
}
