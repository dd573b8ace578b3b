import type { Instant } from '#lib/clock.ts'
import type { DraDeviceHealth } from './dra-plugin-api.ts'

/** How devices of drivers are, as long as what a driver said of them is fresh. */
export interface DeviceHealth {
  /** Takes a driver's report, and gives the devices (`pool/device`) that are otherwise than before. */
  report(driver: string, devices: readonly DraDeviceHealth[], now: Instant): ReadonlySet<string>
  of(driver: string, pool: string, device: string, now: Instant): Health
  /** Nobody tells of this driver's devices any more. Gives those of which something was known. */
  clear(driver: string): ReadonlySet<string>
  /** When the first thing that is known grows stale; Infinity: nothing is. */
  nextExpiry(now: Instant): Instant
}

export interface Health {
  readonly health: 'Healthy' | 'Unhealthy' | 'Unknown'
  readonly message: string
}

export function createDeviceHealth(): DeviceHealth {
  const drivers = new Map<string, Map<string, Known>>()
  return {
    report(driver, devices, now) {
      const known = drivers.get(driver) ?? new Map<string, Known>()
      drivers.set(driver, known)
      const changed = new Set<string>()
      // Kept, it would be more with every device that a driver thinks up. This report may come before anybody was told that it grew stale.
      for (const [key, { staleAt }] of known) if (staleAt < now && known.delete(key)) changed.add(key)
      for (const one of devices) {
        const key = `${one.device?.poolName ?? ''}/${one.device?.deviceName ?? ''}`
        const seconds = Number(one.healthCheckTimeoutSeconds ?? 0)
        const next: Known = {
          health: one.health === 1 ? 'Healthy' : one.health === 2 ? 'Unhealthy' : 'Unknown',
          message: shortened(one.message ?? ''),
          staleAt: now + (seconds > 0 ? seconds * 1000 : DEFAULT_TIMEOUT_MS),
        }
        const before = known.get(key)
        if (before?.health !== next.health || before.message !== next.message) changed.add(key)
        if (before !== undefined || known.size < DEVICES_MAX) known.set(key, next)
      }
      return changed
    },
    of(driver, pool, device, now) {
      const known = drivers.get(driver)?.get(`${pool}/${device}`)
      return known === undefined || known.staleAt < now ? unknown : { health: known.health, message: known.message }
    },
    clear(driver) {
      const known = new Set(drivers.get(driver)?.keys())
      drivers.delete(driver)
      return known
    },
    nextExpiry(now) {
      let next = Infinity
      for (const known of drivers.values()) for (const { staleAt } of known.values()) if (staleAt >= now) next = Math.min(next, staleAt + 1)
      return next
    },
  }
}

interface Known extends Health {
  readonly staleAt: Instant
}

const unknown: Health = { health: 'Unknown', message: '' }
/** Of a device of which its driver says no time (KEP-4680). */
const DEFAULT_TIMEOUT_MS = 30_000
/** Of one driver: far more than a node's slices have room for. */
const DEVICES_MAX = 10_000
/** v1.ResourceHealthMessageMaxLength. */
const MESSAGE_MAX = 1024
const shortened = (text: string): string => (text.length <= MESSAGE_MAX ? text : `${text.slice(0, MESSAGE_MAX - 3)}...`)
