import type { Condition } from '#api/meta/v1/types.ts'
import type { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import type { DeviceRequestAllocationResult } from '#api/resource/v1/types.ts'
import type { Instant } from '#lib/clock.ts'

/** How far a claim's devices are made ready (KEP-5007); a text says which of them failed, in the reference's words. */
export type Readiness = 'ready' | 'waiting' | { readonly failure: string }

/** Whether some device has to be made ready before the pod is bound. */
export const hasBindingConditions = ({ status }: ResourceClaim): boolean =>
  (status.allocation?.devices.results ?? []).some(({ bindingConditions = [] }) => bindingConditions.length > 0)

/** Whether the devices of a claim are ready to be bound, by the conditions that their drivers set (KEP-5007). */
export function readinessOf(claim: ResourceClaim): Readiness {
  const { allocation, devices = [] } = claim.status
  if (allocation === undefined) return 'waiting'
  for (const result of allocation.devices.results ?? []) {
    const { bindingConditions = [], bindingFailureConditions = [] } = result
    if (bindingConditions.length === 0) continue
    const conditions = devices.find((device) => isOf(device, result))?.conditions
    if (conditions === undefined) return 'waiting'
    for (const type of bindingFailureConditions) {
      const failed = conditions.find((condition) => condition.type === type)
      if (failed?.status === 'True')
        return {
          failure: `device binding failed: claim=${claim.metadata.name}, reason=${failed.reason}, message=${JSON.stringify(failed.message)}`,
        }
    }
    if (!bindingConditions.every((type) => isTrue(conditions, type))) return 'waiting'
  }
  return 'ready'
}

/** Until when the claim's devices may take; `Infinity` where there is nothing to wait for. */
export function readyUntil({ status: { allocation } }: ResourceClaim, bindingTimeoutMs: number): Instant {
  if (allocation?.allocationTimestamp === undefined) return Infinity
  if (!(allocation.devices.results ?? []).some(({ bindingConditions }) => bindingConditions !== undefined)) return Infinity
  return Date.parse(allocation.allocationTimestamp) + bindingTimeoutMs
}

interface DeviceName {
  readonly driver: string
  readonly pool: string
  readonly device: string
}
const isOf = (a: DeviceName, b: DeviceRequestAllocationResult): boolean =>
  a.driver === b.driver && a.pool === b.pool && a.device === b.device

const isTrue = (conditions: readonly Condition[], type: string): boolean =>
  conditions.some((condition) => condition.type === type && condition.status === 'True')
