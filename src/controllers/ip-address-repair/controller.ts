import { Service } from '#api/core/v1/service.ts'
import { IPAddress } from '#api/networking/v1/ip-address.ts'
import { ServiceCIDR } from '#api/networking/v1/service-cidr.ts'
import type { Controller } from '#loop/controller.ts'
import { formatIp, parseIp } from '#schema/ip.ts'
import { splitKey } from '../common/key.ts'
import { type AddressView, planAddress } from './plan-address.ts'
import { planService, type ServiceView } from './plan-service.ts'

type View = { readonly address: AddressView } | { readonly service: ServiceView }

/** Keeps an IPAddress for each address of a Service, and none that the server made for a Service which does not have it. */
export const ipAddressRepairController: Controller<View> = {
  name: 'ipallocator-repair-controller',
  fieldManager: 'kube-apiserver',
  sources: [
    // A Service that lost an address leaves the IPAddress to be looked at.
    { kind: Service, keys: (service: Service, _cache, previous: Service | undefined) => [keyOf(service), ...addressKeys(previous)] },
    { kind: IPAddress, keys: (address: IPAddress) => [`${addressPrefix}${address.metadata.name}`, ...serviceKeyOf(address)] },
  ],
  view: (key, cache, now) => {
    if (key.startsWith(addressPrefix)) {
      const address = cache.get(IPAddress, key.slice(addressPrefix.length))
      if (address === undefined) return undefined
      const { resource, group, namespace, name } = address.spec.parentRef ?? {}
      const service = resource === 'services' && !group ? cache.get(Service, name ?? '', namespace ?? '') : undefined
      return { address: { now, address, service } }
    }
    const { namespace, name } = splitKey(key)
    const service = cache.get(Service, name, namespace)
    if (service === undefined) return undefined
    return {
      service: {
        service,
        addressOf: (text) => cache.get(IPAddress, text),
        serviceOf: (parent) => cache.get(Service, parent.name ?? '', parent.namespace ?? ''),
        ranges: () => cache.list(ServiceCIDR).flatMap(({ spec }) => spec.cidrs ?? []),
      },
    }
  },
  plan: (view) => ('address' in view ? planAddress(view.address) : planService(view.service)),
}

const addressPrefix = 'address '
const keyOf = ({ metadata: { namespace, name } }: Service): string => `${namespace}/${name}`

const addressKeys = (service: Service | undefined): readonly string[] =>
  (service?.spec.clusterIPs ?? []).flatMap((text) => {
    const bytes = parseIp(text)
    return bytes === undefined ? [] : [`${addressPrefix}${formatIp(bytes)}`]
  })

function serviceKeyOf({ spec: { parentRef } }: IPAddress): readonly string[] {
  const { group, resource, namespace, name } = parentRef ?? {}
  return resource === 'services' && !group ? [`${namespace}/${name}`] : []
}
