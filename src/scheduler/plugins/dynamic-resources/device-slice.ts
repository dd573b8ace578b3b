import type { ResourceSlice } from '#api/resource/v1/resource-slice.ts'
import type { Device, DeviceTaint } from '#api/resource/v1/types.ts'
import { parseQuantity } from '#lib/quantity.ts'

/** A slice as the allocator reads it, worked out once for each version of the slice. */
export interface DeviceSlice {
  readonly slice: ResourceSlice
  /** See `poolKey`. */
  readonly pool: string
  readonly generation: number
  readonly devices: readonly SliceDevice[]
  /** Counters that devices of the pool share: set → counter → billionths. Empty in a slice of devices. */
  readonly counterSets: readonly { readonly name: string; readonly counters: ReadonlyMap<string, bigint> }[]
}

/** One device of a slice. The same object as long as the slice is the same, so that others may keep what they found out about it. */
export interface SliceDevice {
  /** `driver/pool/device`: neither a driver's name nor a device's has a slash, so that it stands for one device only. */
  readonly id: string
  readonly device: Device
  readonly slice: DeviceSlice
  /** Its place in the slice. */
  readonly index: number
  /** Several requests may use it, each a part of it. */
  readonly isShared: boolean
  /** What it takes out of the pool's counters while it is in use; amounts are billionths. */
  readonly counters: readonly { readonly set: string; readonly counter: string; readonly amount: bigint }[]
  /** Taints that keep claims off. */
  readonly taints: readonly DeviceTaint[]
}

/** A driver gives each of its pools a name of its own. */
export const poolKey = (driver: string, pool: string): string => `${driver}/${pool}`

/** How a device is told from all others. */
export const deviceId = (driver: string, pool: string, device: string): string => `${driver}/${pool}/${device}`

/** Reads a slice. */
export function readSlice(slice: ResourceSlice): DeviceSlice {
  const { driver, pool, devices = [], sharedCounters = [] } = slice.spec
  const own: SliceDevice[] = []
  const read: DeviceSlice = {
    slice,
    pool: poolKey(driver, pool.name),
    generation: pool.generation,
    devices: own,
    counterSets: sharedCounters.map(({ name, counters = {} }) => ({ name, counters: amountsOf(counters) })),
  }
  for (const [index, device] of devices.entries())
    own.push({
      id: deviceId(driver, pool.name, device.name),
      device,
      slice: read,
      index,
      isShared: device.allowMultipleAllocations === true,
      counters: (device.consumesCounters ?? []).flatMap(({ counterSet, counters = {} }) =>
        [...amountsOf(counters)].map(([counter, amount]) => ({ set: counterSet, counter, amount })),
      ),
      // An effect that is not known, and None, keep nobody off.
      taints: (device.taints ?? []).filter(({ effect }) => effect === 'NoSchedule' || effect === 'NoExecute'),
    })
  return read
}

const amountsOf = (counters: Readonly<Record<string, { readonly value: string }>>): Map<string, bigint> =>
  new Map(Object.entries(counters).map(([name, { value }]) => [name, parseQuantity(value).nano]))
