import type { Pod } from '#api/core/v1/pod.ts'
import type { ResourceHealth, ResourceStatus } from '#api/core/v1/types.ts'
import type { AnyContainer } from '../pod/containers.ts'
import type { ClaimRecord, PreparedDevice } from './claim-records.ts'
import type { Health } from './device-health.ts'
import { type PodClaim, podClaims } from './pod-claims.ts'

export interface ClaimStatusView {
  readonly claim: (claimName: string) => ClaimRecord | undefined
  readonly health: (driver: string, pool: string, device: string) => Health
}

/** How the devices are that a container got by claims: an entry for each of its claims and requests, `claim:<name>[/<request>]` (KEP-4680). */
export function claimStatus(pod: Pod, container: AnyContainer, view: ClaimStatusView): readonly ResourceStatus[] {
  const wanted = container.resources?.claims ?? []
  if (wanted.length === 0) return []
  const names = new Map(known(pod).map(({ name, claimName }) => [name, claimName]))
  return wanted.flatMap(({ name, request = '' }): ResourceStatus[] => {
    const record = view.claim(names.get(name) ?? '')
    // A part of a request counts as the request: that is how devices are noted.
    const [base = ''] = request.split('/')
    const resources = new Map<string, ResourceHealth>()
    for (const [driver, devices] of record?.drivers ?? [])
      for (const device of devices) {
        const { requestNames, poolName, deviceName } = device
        if (request !== '' && requestNames.length > 0 && !requestNames.includes(base)) continue
        const resourceID = idOf(driver, device)
        if (resources.has(resourceID)) continue
        const { health, message } = view.health(driver, poolName, deviceName)
        resources.set(resourceID, { resourceID, health, ...(message !== '' && { message }) })
      }
    return resources.size === 0 ? [] : [{ name: `claim:${name}${request === '' ? '' : `/${request}`}`, resources: [...resources.values()] }]
  })
}

const idOf = (driver: string, { cdiDeviceIds, poolName, deviceName }: PreparedDevice): string =>
  cdiDeviceIds[0] ?? `${driver}/${poolName}/${deviceName}`

/** A pod whose claims are still to be made has nothing to show. */
function known(pod: Pod): readonly PodClaim[] {
  try {
    return podClaims(pod)
  } catch {
    // What is missing is told where it matters: the pod does not start without it.
    return []
  }
}
