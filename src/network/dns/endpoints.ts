import type { Service } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { formatIp, parseIp } from '#schema/ip.ts'
import { lowerAscii } from './name.ts'

/** One address behind a Service that has a name of its own. */
export interface ServiceEndpoint {
  /** Its host name, or what its address makes. */
  readonly label: string
  readonly address: string
  readonly ports: readonly { readonly name: string; readonly protocol: string; readonly port: number }[]
}

/** The ready endpoints of a Service, each once: while slices are rewritten one may stand in two of them. All of them where it wants that. */
export function serviceEndpoints(service: Service, slices: readonly EndpointSlice[]): ServiceEndpoint[] {
  const all = new Map<string, ServiceEndpoint>()
  for (const slice of slices) {
    if (slice.addressType === 'FQDN') continue
    const ports = (slice.ports ?? []).flatMap(({ name, protocol, port }) =>
      // Without a number it stands for all ports, which no record can say.
      port === undefined ? [] : [{ name: lowerAscii(name ?? ''), protocol: lowerAscii(protocol ?? 'TCP'), port }],
    )
    for (const endpoint of slice.endpoints ?? []) {
      if (!isNamed(endpoint, service)) continue
      for (const address of endpoint.addresses) {
        const label = endpointLabel(endpoint, address)
        const key = `${label} ${address}`
        const known = all.get(key)
        all.set(key, { label, address, ports: known === undefined ? ports : [...known.ports, ...ports] })
      }
    }
  }
  return [...all.values()]
}

type Endpoint = NonNullable<EndpointSlice['endpoints']>[number]

/** Whether an endpoint has a name: no word of its readiness counts as ready (API documentation of EndpointConditions). */
export const isNamed = ({ conditions }: Endpoint, service: Service | undefined): boolean =>
  (conditions?.ready ?? true) || service?.spec.publishNotReadyAddresses === true

/** `hostname` of the endpoint, else its address with dashes, as the reference's server calls it. */
export const endpointLabel = ({ hostname }: Endpoint, address: string): string =>
  hostname ? lowerAscii(hostname) : address.replaceAll(/[.:]/g, '-')

/** One way to write each address, so that indexes find it. */
export function canonicalAddress(text: string): string {
  const bytes = parseIp(text)
  return bytes === undefined ? text : formatIp(bytes)
}
