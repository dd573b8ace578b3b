import { Service } from '#api/core/v1/service.ts'
import { serviceAddress } from '#api/core/v1/service-address.ts'
import { familyOf } from '#api/core/v1/validation/service-families.ts'
import { IPAddress } from '#api/networking/v1/ip-address.ts'
import type { ParentReference } from '#api/networking/v1/types.ts'
import { same } from '#api/strategy.ts'
import type { Command, Plan } from '#loop/controller.ts'
import { formatIp, maskCidr, parseCidr, parseIp } from '#schema/ip.ts'
import { targetOf } from '../common/commands.ts'

export interface ServiceView {
  readonly service: Service
  /** By its name, an address in canonical text. */
  readonly addressOf: (name: string) => IPAddress | undefined
  readonly serviceOf: (parent: ParentReference) => Service | undefined
  /** Of all ServiceCIDRs. */
  readonly ranges: () => readonly string[]
}

/** Gives each address of a Service, within any range, its IPAddress (KEP 1880). Two Services with one address are for people to part. */
export function planService(view: ServiceView): Plan {
  const { service } = view
  if (service.spec.type === 'ExternalName') return { commands: [], wakeAt: Infinity }
  const commands = (service.spec.clusterIPs ?? []).flatMap((text) => {
    const bytes = parseIp(text)
    return bytes === undefined || !isInRange(bytes, view.ranges()) ? [] : repair(view, formatIp(bytes))
  })
  // The two kinds come by two watches: only the server knows whether the Service still is as it was seen.
  return {
    commands: commands.length === 0 ? [] : [{ do: 'confirmUnchanged', kind: Service, object: service }, ...commands],
    wakeAt: Infinity,
  }
}

function repair({ service, addressOf, serviceOf }: ServiceView, name: string): readonly Command[] {
  const { namespace, name: serviceName } = service.metadata
  const family = familyOf(name)
  const address = addressOf(name)
  const made = serviceAddress.make(service, name, '') as { readonly metadata: { readonly labels: object }; readonly spec: object }
  const create: Command = { do: 'create', kind: IPAddress, object: { metadata: { name, labels: made.metadata.labels }, spec: made.spec } }
  const event = (message: string): Command => ({
    do: 'event',
    regarding: service,
    type: 'Warning',
    reason: 'ClusterIPNotAllocated',
    message,
    action: 'ClusterIPAllocation',
  })
  if (address === undefined) return [create, event(`Cluster IP [${family}]: ${name} is not allocated; repairing`)]
  const anew: readonly Command[] = [{ do: 'delete', ...targetOf(IPAddress, address) }, create]
  const parent = address.spec.parentRef
  const isOwn = parent?.resource === 'services' && !parent.group && parent.namespace === namespace && parent.name === serviceName
  if (!isOwn) {
    // What another Service has as well cannot be repaired: it would be taken from one and then from the other.
    const other = parent?.resource === 'services' && !parent.group ? serviceOf(parent) : undefined
    if (other !== undefined) return []
    const message = `the ClusterIP [${family}]: ${name} for Service ${namespace}/${serviceName} has a wrong reference; repairing`
    return [...anew, event(message)]
  }
  const { labels = {} } = address.metadata
  const isLabelled = Object.entries(made.metadata.labels).every(([key, value]) => same(labels[key], value))
  return isLabelled ? [] : anew
}

/** Whether an address lies in any of the ranges. */
const isInRange = (address: Uint8Array, ranges: readonly string[]): boolean =>
  ranges.some((text) => {
    const cidr = parseCidr(text)
    if (cidr?.address.length !== address.length) return false
    return Buffer.compare(maskCidr(cidr), maskCidr({ address, prefix: cidr.prefix })) === 0
  })
