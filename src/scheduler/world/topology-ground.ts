import type { NodeInfo } from './node-info.ts'
import type { Column32, Columns } from './topology-columns.ts'
import { noDomain, type Topology } from './topology-domains.ts'

/** Which nodes count. `accepts` may look at the node's name, labels and taints. */
export interface NodeRule {
  /** Equal for rules that accept the same nodes. */
  readonly key: string
  readonly looksAtTaints: boolean
  accepts(node: NodeInfo): boolean
}

/** Every node counts. */
export const everyNode: NodeRule = { key: '', looksAtTaints: false, accepts: () => true }

/** The nodes of one topology that count. */
export interface Ground {
  readonly key: string
  readonly topology: Topology
  readonly rule: NodeRule
  /** By row of the node table: 1 where the node counts and has a domain. */
  readonly counts: Column32
  /** How many nodes of each domain count. */
  readonly nodesIn: Column32
  /** How many domains have a node that counts. */
  domains: number
  /** Whoever has to know of domains and nodes that come and go. */
  readonly users: Set<GroundUser>
}

/** Told after `nodesIn` and `domains` were changed, where the domain came or went. */
export interface GroundUser {
  /** What is at the node counts from now on (`sign` 1), or no more (-1). */
  readonly turned: (node: NodeInfo, domain: number, sign: 1 | -1) => void
  readonly domainCame: (domain: number) => void
  readonly domainWent: (domain: number) => void
}

/** A ground without nodes. */
export const createGround = (key: string, topology: Topology, rule: NodeRule, rows: Columns): Ground => ({
  key,
  topology,
  rule,
  counts: rows.take(),
  nodesIn: topology.columns.take(),
  domains: 0,
  users: new Set(),
})

/** Takes the node in, is it not yet, if the rule accepts it; its topology knows it already. */
export function enterGround(ground: Ground, node: NodeInfo): void {
  const { topology, rule, counts, nodesIn, users } = ground
  const domain = topology.domains.values[node.slot]!
  if (domain === noDomain || counts.values[node.slot] === 1 || !rule.accepts(node)) return
  counts.values[node.slot] = 1
  nodesIn.values[domain]! += 1
  if (nodesIn.values[domain] === 1) {
    ground.domains += 1
    for (const user of users) user.domainCame(domain)
  }
  for (const user of users) user.turned(node, domain, 1)
}

/** Takes the node out, is it in; its topology still knows it. */
export function leaveGround(ground: Ground, node: NodeInfo): void {
  const { topology, counts, nodesIn, users } = ground
  if (counts.values[node.slot] !== 1) return
  const domain = topology.domains.values[node.slot]!
  for (const user of users) user.turned(node, domain, -1)
  counts.values[node.slot] = 0
  nodesIn.values[domain]! -= 1
  if (nodesIn.values[domain] !== 0) return
  ground.domains -= 1
  for (const user of users) user.domainWent(domain)
}

/** The node's taints may be others. */
export function reviewGround(ground: Ground, node: NodeInfo): void {
  if (ground.rule.accepts(node)) enterGround(ground, node)
  else leaveGround(ground, node)
}
