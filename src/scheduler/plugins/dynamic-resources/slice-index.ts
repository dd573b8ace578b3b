import { ResourceSlice } from '#api/resource/v1/resource-slice.ts'
import type { World } from '../../world/world.ts'
import { type DeviceSlice, readSlice } from './device-slice.ts'

/** A set of slices; `version` is another number after every change of it. */
export interface SliceSet {
  readonly version: number
  readonly slices: ReadonlySet<DeviceSlice>
}

/** Slices by where they are to be looked for. */
export interface SliceIndex {
  /** Those of devices on this node alone. */
  ofNode(name: string): SliceSet
  /** Those that more than one node may use, and those of counters. */
  readonly shared: SliceSet
  /** All of a pool, of whatever generation and node. */
  ofPool(key: string): SliceSet
}

/** Keeps the slices of the world's lookup sorted: `world.kept(createSliceIndex)`. */
export function createSliceIndex(world: World): SliceIndex {
  const read = new Map<string, DeviceSlice>()
  const nodes = new Map<string, Changing>()
  const pools = new Map<string, Changing>()
  const shared: Changing = { version: 0, slices: new Set() }
  let changes = 0

  function change(map: Map<string, Changing>, key: string, slice: DeviceSlice, isThere: boolean): void {
    let set = map.get(key)
    if (set === undefined) map.set(key, (set = { version: 0, slices: new Set() }))
    changeIn(set, slice, isThere)
    if (set.slices.size === 0) map.delete(key)
  }

  function changeIn(set: Changing, slice: DeviceSlice, isThere: boolean): void {
    if (isThere) set.slices.add(slice)
    else set.slices.delete(slice)
    // One count for all: a set that went and came again never shows a version that it had.
    set.version = changes += 1
  }

  function place(slice: DeviceSlice, isThere: boolean): void {
    const { nodeName } = slice.slice.spec
    if (!nodeName || slice.counterSets.length > 0) changeIn(shared, slice, isThere)
    else change(nodes, nodeName, slice, isThere)
    change(pools, slice.pool, slice, isThere)
  }

  world.lookups.of(ResourceSlice).onChange((object, _previous, kind) => {
    const { name } = object.metadata
    const before = read.get(name)
    if (before !== undefined) place(before, false)
    read.delete(name)
    if (kind === 'deleted') return
    const slice = readSlice(object)
    read.set(name, slice)
    place(slice, true)
  })
  return { ofNode: (name) => nodes.get(name) ?? none, shared, ofPool: (key) => pools.get(key) ?? none }
}

interface Changing {
  version: number
  readonly slices: Set<DeviceSlice>
}

const none: SliceSet = { version: 0, slices: new Set() }
