import { isIPv6 } from 'node:net'
import type { Pod } from '#api/core/v1/pod.ts'
import { isPodReady } from '#api/core/v1/pod-helpers.ts'
import type { Service } from '#api/core/v1/service.ts'
import type { Endpoint, EndpointHints, EndpointPort } from '#api/discovery/v1/types.ts'
import { canonical } from '../common/equal.ts'
import { addressesOf, hostnameIn, isHeadless, targetPortOf } from '../common/service-pods.ts'
import { wantsTopology } from './topology.ts'

/** What a slice says of one pod. */
export function endpointOf(pod: Pod, service: Service, family: 'IPv4' | 'IPv6', zone: string | undefined): Endpoint {
  const serving = isPodReady(pod)
  const terminating = pod.metadata.deletionTimestamp !== undefined
  const ready = service.spec.publishNotReadyAddresses === true || (serving && !terminating)
  const { nodeName } = pod.spec
  const { name, namespace, uid } = pod.metadata
  const hostname = hostnameIn(pod, service)
  const hints = ready ? hintsFor(service, nodeName, zone) : undefined
  return {
    addresses: addressesOf(pod, family),
    conditions: { ready, serving, terminating },
    targetRef: { kind: 'Pod', namespace, name, uid },
    ...(nodeName ? { nodeName } : {}),
    ...(zone ? { zone } : {}),
    ...(hostname === undefined ? {} : { hostname }),
    ...(hints === undefined ? {} : { hints }),
  }
}

/** `spec.trafficDistribution` (KEP-3015): consumers in the same zone, or on the same node, shall take this one. */
function hintsFor(service: Service, node: string | undefined, zone: string | undefined): EndpointHints | undefined {
  const { spec } = service
  if (wantsTopology(service)) return undefined
  if (!['PreferClose', 'PreferSameZone', 'PreferSameNode'].includes(spec.trafficDistribution ?? '')) return undefined
  const forNodes = spec.trafficDistribution === 'PreferSameNode' && node
  if (!zone && !forNodes) return undefined
  return { ...(zone ? { forZones: [{ name: zone }] } : {}), ...(forNodes ? { forNodes: [{ name: forNodes }] } : {}) }
}

/** What makes two endpoints the same one, whatever its state. */
export const identityOf = ({ addresses, hostname, targetRef }: Endpoint): string =>
  canonical([addresses.toSorted(), hostname ?? '', targetRef?.namespace ?? '', targetRef?.name ?? ''])

export function portsOf(service: Service, pod: Pod): readonly EndpointPort[] {
  return (service.spec.ports ?? []).flatMap((port) => {
    const number = targetPortOf(pod, port)
    if (number === undefined) return []
    const { name = '', protocol, appProtocol } = port
    return [{ name, protocol, port: number, ...(appProtocol === undefined ? {} : { appProtocol }) }]
  })
}

/** By its families; a service written before they existed, by its address. */
export function addressTypesOf(service: Service): readonly ('IPv4' | 'IPv6')[] {
  const { ipFamilies, clusterIP } = service.spec
  const families = (['IPv4', 'IPv6'] as const).filter((family) => (ipFamilies as readonly string[] | undefined)?.includes(family))
  if (families.length > 0) return families
  if (isHeadless(service)) return ['IPv4', 'IPv6']
  return isIPv6(clusterIP!) ? ['IPv6'] : ['IPv4']
}
