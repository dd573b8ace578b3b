import type { Node } from '#api/core/v1/node.ts'
import type { Service } from '#api/core/v1/service.ts'
import type { Endpoint } from '#api/discovery/v1/types.ts'
import { quantityToMilli } from '#lib/quantity.ts'
import { conditionOf } from '../common/conditions.ts'

export const zoneLabel = 'topology.kubernetes.io/zone'

/** Asks for endpoints to be shared out to zones by what their nodes can do (KEP-2433). The older annotation counts more. */
export function wantsTopology({ metadata: { annotations = {} } }: Service): boolean {
  const mode = annotations['service.kubernetes.io/topology-aware-hints'] ?? annotations['service.kubernetes.io/topology-mode']
  return mode === 'Auto' || mode === 'auto'
}

/** Each zone's share of the processors, of all of them 1. */
export type ZoneShares = ReadonlyMap<string, number>

/** Undefined where the nodes do not say enough, or are all in one zone. Nodes of the control plane and those that are not ready do not count. */
export function zoneShares(nodes: readonly Node[]): ZoneShares | undefined {
  const counting = nodes.filter(
    ({ metadata: { labels = {} }, status }) =>
      !controlPlaneLabels.some((label) => Object.hasOwn(labels, label)) && conditionOf(status.conditions, 'Ready')?.status === 'True',
  )
  const milli = new Map<string, number>()
  for (const { metadata, status } of counting) {
    const zone = metadata.labels?.[zoneLabel] ?? ''
    const own = quantityToMilli(status.allocatable?.['cpu'] ?? '0')
    if (zone === '' || own === 0) return undefined
    milli.set(zone, (milli.get(zone) ?? 0) + own)
  }
  const total = [...milli.values()].reduce((sum, one) => sum + one, 0)
  return milli.size < 2 ? undefined : new Map([...milli].map(([zone, own]) => [zone, own / total]))
}

const controlPlaneLabels = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master']

/** What of a node the shares hang on. */
export const topologyFacts = ({ metadata, status }: Node) => ({
  zone: metadata.labels?.[zoneLabel],
  ready: conditionOf(status.conditions, 'Ready')?.status,
  cpu: status.allocatable?.['cpu'],
  isControlPlane: controlPlaneLabels.some((label) => metadata.labels?.[label] !== undefined),
})

/** By how much an endpoint may have more to do than if all had the same. */
const overload = 0.2

/**
 * For which zone each ready endpoint is, by its identity: its own, but for those that a zone with too many gives to one with too few. What is
 * there already stays as long as no zone is overloaded by it, so that a node more or less changes nothing. Otherwise why there can be none.
 */
export function allocateZones(
  ready: ReadonlyMap<string, Endpoint>,
  present: ReadonlyMap<string, string>,
  shares: ZoneShares | undefined,
): ReadonlyMap<string, string> | { readonly problem: string } {
  if (shares === undefined) return { problem: 'Insufficient Node information: allocatable CPU or zone not specified on one or more nodes' }
  const counts = `(${ready.size} endpoints, ${shares.size} zones)`
  if (shares.size > ready.size) return { problem: `Insufficient number of endpoints ${counts}` }
  const wanted = new Map([...shares].map(([zone, share]) => [zone, allocationOf(share * ready.size)]))
  const leastInAll = [...wanted.values()].reduce((sum, { least }) => sum + least, 0)
  if (leastInAll > ready.size)
    return { problem: `Unable to allocate minimum required endpoints to each zone without exceeding overload threshold ${counts}` }
  if ([...ready.values()].some(({ zone }) => !zone)) return { problem: 'One or more endpoints do not have a zone specified' }

  const room = ready.size - leastInAll
  const kept = new Map(
    [...ready.keys()].flatMap((identity) => (present.has(identity) ? [[identity, present.get(identity)!] as const] : [])),
  )
  const fits = [...wanted].every(([zone, { least }]) => countIn(kept, zone) >= least && countIn(kept, zone) <= least + room)
  if (kept.size === ready.size && fits) return kept
  return shareOut(ready, wanted)
}

interface Allocation {
  readonly least: number
  readonly desired: number
}

function allocationOf(exact: number): Allocation {
  const least = Math.ceil(exact / (1 + overload))
  return { least, desired: Math.max(exact, least) }
}

const countIn = (zones: ReadonlyMap<string, string>, zone: string): number => [...zones.values()].filter((one) => one === zone).length

function shareOut(ready: ReadonlyMap<string, Endpoint>, wanted: ReadonlyMap<string, Allocation>): ReadonlyMap<string, string> {
  const zones = new Map([...ready].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([identity, { zone }]) => [identity, zone!]))
  /** Above what it shall have: to give; below: to get. */
  const surplus = new Map([...wanted].map(([zone, { desired }]) => [zone, countIn(zones, zone) - desired]))
  for (;;) {
    const byMost = [...surplus].toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    const [giver, most] = byMost[0]!
    const [taker, least] = byMost.at(-1)!
    const [gives, takes] = [most, -least]
    // Less than half an endpoint is as near as it gets.
    if (gives < 0.5 || takes < 0.5 || (gives < 1 && takes < 1)) return zones
    const given = [...zones].find(([identity, zone]) => zone === giver && ready.get(identity)!.zone === giver)
    if (given === undefined) return zones
    zones.set(given[0], taker)
    surplus.set(giver, most - 1)
    surplus.set(taker, least + 1)
  }
}
