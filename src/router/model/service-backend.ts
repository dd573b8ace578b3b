import type { Service } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { formatIp, parseIp } from '#schema/ip.ts'
import type { Backend, Endpoint } from './backend.ts'

/** A port of a Service. */
export type ServicePort = NonNullable<Service['spec']['ports']>[number]

/** A backend without its endpoints, which change far more often than what leads to it. */
export interface BackendSource {
  /** Of the backend. */
  readonly name: string
  readonly protocol: Backend['protocol']
  readonly service: string
  readonly namespace: string
  /** The port's; '' where it has none. */
  readonly portName: string
}

/**
 * The backend of one TCP port of a Service, straight to its pods: a proxy that shares out requests needs no virtual address between. Works for headless
 * Services and for those with slices of the users' own as well. `protocol` absent: what the port's appProtocol says.
 */
export function backendSource(
  { metadata: { namespace = '', name } }: Service,
  port: ServicePort,
  protocol: Backend['protocol'] = port.appProtocol === 'kubernetes.io/h2c' ? 'h2c' : 'http',
): BackendSource {
  const suffix = protocol === 'http' ? '' : `/${protocol}`
  return { name: `${namespace}/${name}:${port.port}${suffix}`, protocol, service: name, namespace, portName: port.name ?? '' }
}

export const backendOf = ({ name, protocol, portName }: BackendSource, slices: readonly EndpointSlice[]): Backend => ({
  name,
  protocol,
  endpoints: endpointsOf(slices, portName),
})

/**
 * Ready endpoints serve and those that end are drained. Where none is ready, those that still serve while they end take requests (KEP-1669), as with
 * the service proxy.
 */
function endpointsOf(slices: readonly EndpointSlice[], portName: string): readonly Endpoint[] {
  const found = new Map<string, Endpoint & { readonly isServing: boolean }>()
  for (const { addressType, ports, endpoints } of slices) {
    if (addressType === 'FQDN') continue
    for (const port of ports ?? []) {
      if ((port.name ?? '') !== portName || (port.protocol ?? 'TCP') !== 'TCP' || port.port === undefined) continue
      for (const { addresses, conditions } of endpoints ?? []) {
        // Absent means ready (API: EndpointConditions).
        const isReady = conditions?.ready ?? true
        const isServing = isReady || (conditions?.serving === true && conditions.terminating === true)
        if (!isReady && conditions?.terminating !== true) continue
        // All addresses of an endpoint are the same pod; clients use the first.
        const address = addresses[0]
        if (address === undefined || !isForwardable(address)) continue
        const key = `${address} ${port.port}`
        // While a slice is split, an endpoint may stand in two of them.
        if (found.get(key)?.state !== 'ready')
          found.set(key, { address, port: port.port, state: isReady ? 'ready' : 'draining', isServing })
      }
    }
  }
  const all = [...found.values()].sort(byAddress)
  const anyReady = all.some(({ state }) => state === 'ready')
  return all.map(({ address, port, state, isServing }) => ({ address, port, state: !anyReady && isServing ? 'ready' : state }))
}

/** One canonical form, and nothing that would reach the router's own machine (CVE-2021-25737): the API refuses these, older objects may have them. */
function isForwardable(address: string): boolean {
  const bytes = parseIp(address)
  if (bytes === undefined || formatIp(bytes) !== address) return false
  return !/^(127\.|169\.254\.|0\.0\.0\.0$|::1$|::$|fe[89ab])/.test(address)
}

const byAddress = (left: Endpoint, right: Endpoint): number =>
  left.address === right.address ? left.port - right.port : left.address < right.address ? -1 : 1
