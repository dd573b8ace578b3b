import type { Service } from '#api/core/v1/service.ts'
import { formatIp, parseIp } from '#schema/ip.ts'

/** Which Service has a TCP port of an address: see `balancedPorts`. */
export type BalancedPorts = (port: number, addresses: readonly string[]) => string | undefined

/**
 * Ports that lead to Services of type LoadBalancer at addresses of the router's machine: packets for them are turned to pods before any program of the
 * machine sees them, so whoever listens there hears nobody. Where the balancer rewrites what it sends (`ipMode: Proxy`), or another proxy has the Service, no
 * packet is turned.
 */
export function balancedPorts(services: Iterable<Service>): BalancedPorts {
  const holders = new Map<string, string>()
  for (const { metadata, spec, status } of services) {
    if (spec.type !== 'LoadBalancer' || metadata.labels?.['service.kubernetes.io/service-proxy-name'] !== undefined) continue
    for (const { ip, ipMode } of status?.loadBalancer?.ingress ?? [])
      for (const { port, protocol } of spec.ports ?? [])
        if (ip !== undefined && ipMode !== 'Proxy' && (protocol ?? 'TCP') === 'TCP')
          holders.set(placeOf(ip, port), `${metadata.namespace}/${metadata.name}`)
  }
  return (port, addresses) => {
    if (holders.size === 0) return undefined
    const address = addresses.find((one) => holders.has(placeOf(one, port)))
    return address && `port ${port} of ${address} leads to Service ${holders.get(placeOf(address, port))} of type LoadBalancer`
  }
}

function placeOf(address: string, port: number): string {
  const bytes = parseIp(address)
  return `${bytes === undefined ? address : formatIp(bytes)} ${port}`
}
