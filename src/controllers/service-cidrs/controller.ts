import { IPAddress } from '#api/networking/v1/ip-address.ts'
import { ServiceCIDR } from '#api/networking/v1/service-cidr.ts'
import type { Cache, Controller } from '#loop/controller.ts'
import { planServiceCidrs, type ServiceCidrsView } from './plan.ts'

/** Says of each range of service addresses whether it may be used, and keeps it while addresses hang on it alone. */
export const serviceCidrsController: Controller<ServiceCidrsView> = {
  name: 'service-cidrs-controller',
  fieldManager: 'service-cidr-controller',
  sources: [
    // Ranges lie in each other: what comes or goes may free another one.
    { kind: ServiceCIDR, keys: () => ['all'] },
    { kind: IPAddress, keys: (_address: IPAddress, cache: Cache) => (cache.list(ServiceCIDR).some(isEnding) ? ['all'] : []) },
  ],
  view: (_key, cache, now) => {
    const ranges = cache.list(ServiceCIDR)
    return { now, ranges, addresses: ranges.some(isEnding) ? cache.list(IPAddress) : [] }
  },
  plan: planServiceCidrs,
}

const isEnding = ({ metadata }: ServiceCIDR): boolean => metadata.deletionTimestamp !== undefined
