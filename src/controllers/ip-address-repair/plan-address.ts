import { Service } from '#api/core/v1/service.ts'
import { IPAddress } from '#api/networking/v1/ip-address.ts'
import type { Instant } from '#lib/clock.ts'
import { type Command, type Plan, settled } from '#loop/controller.ts'
import { formatIp, parseIp } from '#schema/ip.ts'
import { targetOf } from '../common/commands.ts'

export interface AddressView {
  readonly now: Instant
  readonly address: IPAddress
  /** The one that it stands for; undefined: it is not there, or the address stands for something else. */
  readonly service: Service | undefined
}

/** Takes away what the server made for a Service that does not have it. What others made is theirs. */
export function planAddress({ now, address, service }: AddressView): Plan {
  const { name, labels = {}, creationTimestamp } = address.metadata
  if (labels['ipaddress.kubernetes.io/managed-by'] !== 'ipallocator.k8s.io') return settled
  const { group = '', resource = '', namespace = '', name: serviceName = '' } = address.spec.parentRef ?? {}
  const remove = (reason: string, message: string): readonly Command[] => [
    { do: 'delete', ...targetOf(IPAddress, address) },
    { do: 'event', regarding: address, type: 'Warning', reason, message, action: 'IPAddressAllocation' },
  ]
  if (group !== '' || resource !== 'services') {
    const parent = `&ParentReference{Group:${group},Resource:${resource},Namespace:${namespace},Name:${serviceName},}`
    const message = `IPAddress ${name} appears to have been modified, not referencing a Service ${parent}: cleaning up`
    return { commands: remove('IPAddressNotAllocated', message), wakeAt: Infinity }
  }
  // Whoever makes a Service by hand may have made its address first.
  const graceMs = service === undefined || service.spec.type === 'ExternalName' ? requestMs : settlingMs
  if (service?.spec.clusterIPs?.some((text) => canonical(text) === name)) return settled
  const endsAt = Date.parse(creationTimestamp) + graceMs
  if (now < endsAt) return { commands: [], wakeAt: endsAt }
  const what = `IPAddress: ${name} for Service ${namespace}/${serviceName}`
  if (service === undefined)
    return { commands: remove('IPAddressNotAllocated', `${what} appears to have leaked: cleaning up`), wakeAt: Infinity }
  return {
    // The two kinds come by two watches: only the server knows whether the Service still is as it was seen.
    commands: [
      { do: 'confirmUnchanged', kind: Service, object: service },
      ...remove('IPAddressWrongReference', `${what} has a wrong reference; cleaning up`),
    ],
    wakeAt: Infinity,
  }
}

/** The longest that a request may take. */
const requestMs = 60_000
/** The reference's, for writes on their way. */
const settlingMs = 5_000

function canonical(text: string): string {
  const bytes = parseIp(text)
  return bytes === undefined ? text : formatIp(bytes)
}
