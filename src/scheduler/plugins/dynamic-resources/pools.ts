import type { Node } from '#api/core/v1/node.ts'
import { matchesNodeSelector } from '#api/core/v1/node-affinity.ts'
import type { NodeSelector } from '#api/core/v1/types.ts'
import type { NodeInfo } from '../../world/node-info.ts'
import type { World } from '../../world/world.ts'
import type { DeviceSlice, SliceDevice } from './device-slice.ts'
import { createSliceIndex, type SliceSet } from './slice-index.ts'

/** What one node can reach of a pool. */
export interface Pool {
  /** `driver/pool`. */
  readonly key: string
  readonly driver: string
  /** Some of its devices have to be made ready first. */
  readonly isLast: boolean
  /** `incomplete`: the driver is about to publish it; `invalid`: its slices contradict each other. Nothing is taken from such a pool. */
  readonly state: 'ready' | 'incomplete' | 'invalid'
  /** Devices that the node can use, slices by name: the first that fits is taken, and drivers name their slices by that. */
  readonly devices: readonly SliceDevice[]
  /** All slices of devices of the pool, as far as they draw on counters that the node's devices draw on too. */
  readonly slices: readonly DeviceSlice[]
  /** Set → counter → billionths. */
  readonly counterSets: ReadonlyMap<string, ReadonlyMap<string, bigint>>
}

/**
 * The pools that a node can reach, in the order in which devices are taken from them: by name, those that have to be made ready first at the
 * end. Kept until a slice or the node's labels change: `world.kept(createPools)`.
 */
export function createPools(world: World): (node: NodeInfo) => readonly Pool[] {
  const index = world.kept(createSliceIndex)
  const known = new Map<string, Known>()
  world.observe({ nodeRemoved: ({ name }) => known.delete(name) })

  const isCurrent = ({ node, own, shared, ofPools }: Known, { node: now, name }: NodeInfo): boolean =>
    shared === index.shared.version &&
    own === index.ofNode(name).version &&
    (node === now || sameLabels(node, now)) &&
    ofPools.every(({ key, version }) => index.ofPool(key).version === version)

  return (info) => {
    const { name, node } = info
    const before = known.get(name)
    if (before !== undefined && isCurrent(before, info)) return before.pools
    const own = index.ofNode(name)
    const { pools, keys } = gatherPools(node, own, index.shared, index.ofPool)
    const ofPools = keys.map((key) => ({ key, version: index.ofPool(key).version }))
    known.set(name, { node, own: own.version, shared: index.shared.version, ofPools, pools })
    return pools
  }
}

interface Known {
  readonly node: Node
  readonly own: number
  readonly shared: number
  readonly ofPools: readonly { readonly key: string; readonly version: number }[]
  readonly pools: readonly Pool[]
}

function sameLabels({ metadata: { labels: a = {} } }: Node, { metadata: { labels: b = {} } }: Node): boolean {
  const keys = Object.keys(a)
  return a === b || (keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]))
}

function gatherPools(
  node: Node,
  own: SliceSet,
  shared: SliceSet,
  ofPool: (key: string) => SliceSet,
): { readonly pools: readonly Pool[]; readonly keys: readonly string[] } {
  const found = new Map<string, DeviceSlice[]>()
  for (const { slices } of [own, shared])
    for (const slice of slices) {
      if (!isRelevant(slice, node)) continue
      const there = found.get(slice.pool)
      if (there === undefined || slice.generation > there[0]!.generation) found.set(slice.pool, [slice])
      else if (slice.generation === there[0]!.generation) there.push(slice)
    }
  const pools: Pool[] = []
  for (const [key, slices] of found) {
    const pool = poolOf(key, slices, ofPool(key), node)
    if (pool !== undefined) pools.push(pool)
  }
  pools.sort((a, b) => Number(a.isLast) - Number(b.isLast) || compare(a.driver, b.driver) || compare(a.key, b.key))
  return { pools, keys: [...found.keys()] }
}

/** Undefined: a newer generation is being published, of which the node sees nothing yet. */
function poolOf(key: string, seen: readonly DeviceSlice[], all: SliceSet, node: Node): Pool | undefined {
  const [{ generation, slice: first }] = seen as [DeviceSlice]
  const { driver } = first.spec
  const total = first.spec.pool.resourceSliceCount
  let unseen: readonly DeviceSlice[] = []
  if (seen.length !== total) {
    const ofPool = [...all.slices]
    if (ofPool.some((slice) => slice.generation > generation)) return undefined
    const current = ofPool.filter((slice) => slice.generation === generation)
    if (current.length !== total) return { ...nothing, key, driver, state: 'incomplete' }
    unseen = current.filter((slice) => !seen.includes(slice))
  }
  const sorted = seen.toSorted((a, b) => compare(a.slice.metadata.name, b.slice.metadata.name))
  const ofDevices = sorted.filter(({ counterSets }) => counterSets.length === 0)
  const counterSets = countersOf(sorted)
  const isValid =
    counterSets !== undefined && haveOwnNames(ofDevices) && drawOnKnown(sorted, counterSets) && drawOnKnown(unseen, counterSets)
  if (!isValid) return { ...nothing, key, driver, state: 'invalid' }
  return {
    key,
    driver,
    state: 'ready',
    isLast: ofDevices.some(({ devices }) => devices.some(({ device }) => device.bindingConditions !== undefined)),
    devices: ofDevices.flatMap((slice) => devicesFor(slice, node)),
    slices: [...ofDevices, ...unseen],
    counterSets,
  }
}

const nothing = { isLast: false, devices: [], slices: [], counterSets: new Map() } as const
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Whether the node may have to do with the slice; counters are needed wherever the pool is. */
function isRelevant({ slice: { spec }, counterSets }: DeviceSlice, node: Node): boolean {
  if (counterSets.length > 0) return true
  if (spec.nodeName || spec.allNodes || spec.nodeSelector !== undefined) return reaches(spec, node)
  return spec.perDeviceNodeSelection === true && (spec.devices ?? []).some((device) => reaches(device, node))
}

interface Placed {
  readonly nodeName?: string | undefined
  readonly allNodes?: boolean | undefined
  readonly nodeSelector?: NodeSelector | undefined
}

function reaches({ nodeName, allNodes, nodeSelector }: Placed, node: Node): boolean {
  if (nodeName) return nodeName === node.metadata.name
  return allNodes === true || (nodeSelector !== undefined && matchesNodeSelector(nodeSelector, node))
}

const devicesFor = ({ slice, devices }: DeviceSlice, node: Node): readonly SliceDevice[] =>
  slice.spec.perDeviceNodeSelection === true ? devices.filter(({ device }) => reaches(device, node)) : devices

function haveOwnNames(slices: readonly DeviceSlice[]): boolean {
  const names = new Set<string>()
  for (const { devices } of slices)
    for (const { id } of devices) {
      if (names.has(id)) return false
      names.add(id)
    }
  return true
}

/** Undefined: two sets have one name. */
function countersOf(slices: readonly DeviceSlice[]): ReadonlyMap<string, ReadonlyMap<string, bigint>> | undefined {
  const sets = new Map<string, ReadonlyMap<string, bigint>>()
  for (const { counterSets } of slices)
    for (const { name, counters } of counterSets) {
      if (sets.has(name)) return undefined
      sets.set(name, counters)
    }
  return sets
}

const drawOnKnown = (slices: readonly DeviceSlice[], sets: ReadonlyMap<string, ReadonlyMap<string, bigint>>): boolean =>
  slices.every(({ devices, slice }) =>
    devices.every(
      ({ counters }, index) =>
        counters.every(({ set, counter }) => sets.get(set)?.has(counter)) &&
        (slice.spec.devices?.[index]?.consumesCounters ?? []).every(({ counterSet }) => sets.has(counterSet)),
    ),
  )
