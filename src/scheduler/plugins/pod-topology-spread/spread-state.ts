import { matches } from '#api/meta/v1/selector.ts'
import type { NodeInfo } from '../../world/node-info.ts'
import type { PodInfo } from '../../world/pod-info.ts'
import { topologyIndex } from '../../world/topology.ts'
import { domainOf, noDomain } from '../../world/topology-domains.ts'
import { leastWith, type Tally } from '../../world/topology-tally.ts'
import type { World } from '../../world/world.ts'
import type { Constraint } from './constraints.ts'

/** What the hard constraints mean for one pod, constraint by constraint. */
export type SpreadState = readonly SpreadCount[]

interface SpreadCount {
  readonly constraint: Constraint
  readonly tally: Tally
  /** By domain; undefined where nothing is changed. */
  readonly changes: Map<number, number> | undefined
  /** A domain with more pods than this takes no further one. */
  limit: number
}

/** A view on the index; it holds until the world changes. */
export function spreadState(constraints: readonly Constraint[], world: World): SpreadState {
  if (constraints.length === 0) return []
  const index = topologyIndex(world)
  return constraints.map((constraint) => {
    const { scopes, selectionKey, topologyKey, rule } = constraint
    const tally = index.tally(
      index.selection(selectionKey, () => ({ scopes, countsTerminating: false })),
      topologyKey,
      rule,
    )
    return { constraint, tally, changes: undefined, limit: limitOf(constraint, tally, tally.least) }
  })
}

/** With fewer domains than are wanted the emptiest counts as 0, so that somebody makes more (KEP-3022). */
const limitOf = ({ maxSkew, minDomains, self }: Constraint, { ground }: Tally, least: number): number =>
  maxSkew + (ground.domains < minDomains ? 0 : least) - self

/** A state of its own for a trial. */
export const copySpread = (state: SpreadState): SpreadState => state.map(({ changes, ...rest }) => ({ ...rest, changes: new Map(changes) }))

/**
 * As if `other` came to the node or went. As in the reference it is matched by its labels only: also a pod that is about to go, and everybody
 * where the selector selects everybody, although neither is counted before.
 */
export function changeSpread(state: SpreadState, { pod }: PodInfo, other: PodInfo, node: NodeInfo, sign: 1 | -1): void {
  const { namespace, labels } = other.pod.metadata
  if (namespace !== pod.metadata.namespace) return
  for (const count of state) {
    const { constraint, tally } = count
    if (!matches(constraint.selector, labels) || !constraint.rule.accepts(node)) continue
    const domain = domainOf(tally.ground.topology, node)
    if (domain === noDomain) continue
    const changes = count.changes!
    changes.set(domain, (changes.get(domain) ?? 0) + sign)
    count.limit = limitOf(constraint, tally, leastWith(tally, changes))
  }
}
