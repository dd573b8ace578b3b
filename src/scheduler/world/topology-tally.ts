import type { Column32 } from './topology-columns.ts'
import type { Ground, GroundUser } from './topology-ground.ts'
import type { Scope } from './topology-scope.ts'

/** Pods that are there, found by scopes that must all select them, and how many of them are on each node. */
export interface Selection {
  readonly key: string
  readonly scopes: readonly Scope[]
  /** Whether pods that are about to go count. */
  readonly countsTerminating: boolean
  /** By row of the node table. */
  readonly byNode: Column32
  /** On all nodes. */
  total: number
  /** By the ground's key. */
  readonly tallies: Map<string, Tally>
}

/** How many pods of a selection are in each domain of a ground. */
export interface Tally {
  readonly ground: Ground
  readonly counts: Column32
  /** All of them together. */
  total: number
  /** The least count of the domains that have nodes that count; 2³¹ - 1 where there is none. */
  least: number
  /** How many domains have each count. */
  readonly domainsWith: number[]
  readonly user: GroundUser
}

const noLeast = 0x7fff_ffff

/** Counts what the selection has now; from then on it is told of each change. */
export function createTally(selection: Selection, ground: Ground): Tally {
  const { counts } = ground
  const { domains } = ground.topology
  const tally: Tally = {
    ground,
    counts: ground.topology.columns.take(),
    total: 0,
    least: noLeast,
    domainsWith: [],
    user: {
      turned: (node, domain, sign) => shift(tally, domain, sign * selection.byNode.values[node.slot]!),
      domainCame() {
        tally.domainsWith[0] = (tally.domainsWith[0] ?? 0) + 1
        tally.least = 0
      },
      domainWent() {
        tally.domainsWith[0]! -= 1
        advance(tally)
      },
    },
  }
  if (ground.domains > 0) {
    tally.domainsWith.push(ground.domains)
    tally.least = 0
  }
  const byNode = selection.byNode.values
  if (selection.total > 0)
    for (let slot = 0; slot < byNode.length; slot += 1)
      if (byNode[slot] !== 0 && counts.values[slot] === 1) shift(tally, domains.values[slot]!, byNode[slot]!)
  ground.users.add(tally.user)
  return tally
}

/** So many more pods of the selection are on the node in this row. */
export function countAt(selection: Selection, slot: number, by: number): void {
  selection.byNode.values[slot]! += by
  selection.total += by
  for (const tally of selection.tallies.values()) {
    const { counts, topology } = tally.ground
    if (counts.values[slot] === 1) shift(tally, topology.domains.values[slot]!, by)
  }
}

/** The least count if some domains had so many more. */
export function leastWith({ counts, least, domainsWith, ground }: Tally, changes: ReadonlyMap<number, number>): number {
  let lowest = noLeast
  const moved = new Map<number, number>()
  for (const [domain, by] of changes) {
    if ((ground.nodesIn.values[domain] ?? 0) === 0) continue
    const count = counts.values[domain]!
    moved.set(count, (moved.get(count) ?? 0) + 1)
    lowest = Math.min(lowest, count + by)
  }
  for (let count = least; count < Math.min(lowest, domainsWith.length); count += 1)
    if ((domainsWith[count] ?? 0) > (moved.get(count) ?? 0)) return count
  return lowest
}

function shift(tally: Tally, domain: number, by: number): void {
  if (by === 0) return
  const { counts, domainsWith } = tally
  const before = counts.values[domain]!
  const count = before + by
  counts.values[domain] = count
  tally.total += by
  while (domainsWith.length <= count) domainsWith.push(0)
  domainsWith[before]! -= 1
  domainsWith[count]! += 1
  if (count < tally.least) tally.least = count
  else if (before === tally.least) advance(tally)
}

/** To the next count that a domain has. */
function advance(tally: Tally): void {
  const { domainsWith, ground } = tally
  if (ground.domains === 0) tally.least = noLeast
  else while (domainsWith[tally.least] === 0) tally.least += 1
}
