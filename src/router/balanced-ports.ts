import type { Service } from '#api/core/v1/service.ts'
import { formatIp, parseIp } from '#schema/ip.ts'

/** Which Service has a TCP port of an address: see `balancedPorts`. */
export type BalancedPorts = (port: number, addresses: readonly string[]) => string | undefined

/**
 * Ports that lead to Services of type LoadBalancer at addresses of the router's machine, and node ports, which answer at these addresses of it: packets for
 * them are turned to pods before any program of the machine sees them, so whoever listens there hears nobody. Where the balancer rewrites what it sends
 * (`ipMode: Proxy`), or another proxy has the Service, no packet is turned.
 */
export function balancedPorts(services: Iterable<Service>, nodePortAddresses: readonly string[]): BalancedPorts {
  const holders = new Map<string, string>()
  for (const { metadata, spec, status } of services) {
    if (metadata.labels?.['service.kubernetes.io/service-proxy-name'] !== undefined) continue
    if (spec.type !== 'LoadBalancer' && spec.type !== 'NodePort') continue
    const name = `${metadata.namespace}/${metadata.name}`
    for (const { port, nodePort = 0, protocol = 'TCP' } of spec.ports ?? []) {
      if (protocol !== 'TCP') continue
      if (nodePort > 0) for (const ip of nodePortAddresses) holders.set(placeOf(ip, nodePort), `${name}, whose node port it is`)
      if (spec.type === 'LoadBalancer')
        for (const { ip, ipMode } of status?.loadBalancer?.ingress ?? [])
          if (ip !== undefined && ipMode !== 'Proxy') holders.set(placeOf(ip, port), `${name} of type LoadBalancer`)
    }
  }
  return (port, addresses) => {
    if (holders.size === 0) return undefined
    const address = addresses.find((one) => holders.has(placeOf(one, port)))
    return address && `port ${port} of ${address} leads to Service ${holders.get(placeOf(address, port))}`
  }
}

function placeOf(address: string, port: number): string {
  const bytes = parseIp(address)
  return `${bytes === undefined ? address : formatIp(bytes)} ${port}`
}
