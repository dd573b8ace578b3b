import type { Device } from './device-plugin-api.ts'
import type { HeldDevice } from './device-records.ts'
import type { PluginSession } from './plugin-session.ts'

/** One extended resource, as its plug-in told of it last. */
export interface DeviceResource {
  readonly name: string
  devices: ReadonlyMap<string, KnownDevice>
  /** The plug-in that serves it now; undefined after it went, or before it came back. */
  session: PluginSession | undefined
  /** Forgets the deadline after which a resource without a plug-in is none any more. */
  forgetExpiry: () => void
}

export interface KnownDevice extends HeldDevice {
  readonly isHealthy: boolean
}

export const knownDevices = (devices: readonly Device[]): ReadonlyMap<string, KnownDevice> =>
  new Map(
    devices.map(({ ID = '', health, topology }) => [
      ID,
      { id: ID, isHealthy: health === 'Healthy', nodes: (topology?.nodes ?? []).map((node) => Number(node.ID ?? 0)) },
    ]),
  )

/** What can be given out: of a plug-in that is away, nothing. */
export const healthyDevices = ({ session, devices }: DeviceResource): readonly KnownDevice[] =>
  session === undefined ? [] : [...devices.values()].filter(({ isHealthy }) => isHealthy)

export const hasTopology = ({ devices }: DeviceResource): boolean => [...devices.values()].some(({ nodes }) => nodes.length > 0)

/** Devices whose health is another than before, or that were not there before: pods may hold them from former times. */
export function changedHealth(before: ReadonlyMap<string, KnownDevice>, after: ReadonlyMap<string, KnownDevice>): ReadonlySet<string> {
  return new Set([...after.values()].filter(({ id, isHealthy }) => before.get(id)?.isHealthy !== isHealthy).map(({ id }) => id))
}
