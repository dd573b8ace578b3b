import type { Service } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { formatIp, parseIp } from '#schema/ip.ts'

/** One port of one Service, as this node forwards it: everything that its rules depend on, and nothing else. */
export interface ServicePort {
  /** `namespace/name/protocol/port`: unique, and the stem of its chains' names. */
  readonly key: string
  readonly protocol: 'tcp' | 'udp' | 'sctp'
  readonly clusterIPs: readonly string[]
  readonly port: number
  /** 0: none. */
  readonly nodePort: number
  /** `spec.externalIPs`: addresses of the users' own that lead to the nodes. */
  readonly externalIPs: readonly string[]
  /** Addresses of a load balancer whose packets come to the nodes as they are (KEP-1860, `ipMode: VIP`). */
  readonly balancerIPs: readonly string[]
  /** Networks whose clients may come through a balancer's address; undefined: all. */
  readonly sourceRanges: readonly string[] | undefined
  readonly endpoints: readonly Endpoint[]
  readonly internalPolicy: 'Cluster' | 'Local'
  readonly externalPolicy: 'Cluster' | 'Local'
  /** Seconds for which a client stays with its endpoint; 0: no affinity. */
  readonly affinitySeconds: number
}

export interface Endpoint {
  readonly address: string
  readonly port: number
  /** On this node. */
  readonly local: boolean
}

/**
 * The forwarded ports of a Service on one node; addresses that the node serves itself (the name server's) are left out; none for headless, ExternalName and foreign-proxied Services. Ready endpoints serve; where
 * there is none, those that still serve while they end (KEP-1669). IPv4 only.
 */
export function servicePorts(
  service: Service,
  slices: readonly EndpointSlice[],
  nodeName: string,
  ownAddresses: readonly string[] = [],
): ServicePort[] {
  const { spec, metadata } = service
  const clusterIPs = (spec.clusterIPs ?? []).filter((address) => isIPv4(address) && !ownAddresses.includes(address))
  if (spec.type === 'ExternalName' || clusterIPs.length === 0) return []
  if (metadata.labels?.['service.kubernetes.io/service-proxy-name'] !== undefined) return []
  const affinitySeconds = spec.sessionAffinity === 'ClientIP' ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800) : 0
  const externalIPs = (spec.externalIPs ?? []).filter(isIPv4)
  const ingress = service.status?.loadBalancer?.ingress ?? []
  const balancerIPs = ingress.flatMap(({ ip, ipMode }) => (ip !== undefined && ipMode !== 'Proxy' && isIPv4(ip) ? [ip] : []))
  const sourceRanges = rangesOf(service)
  return (spec.ports ?? []).map((port) => ({
    key: `${metadata.namespace}/${metadata.name}/${port.protocol.toLowerCase()}/${port.port}`,
    protocol: port.protocol.toLowerCase() as ServicePort['protocol'],
    clusterIPs,
    port: port.port,
    nodePort: port.nodePort ?? 0,
    externalIPs,
    balancerIPs,
    sourceRanges,
    endpoints: endpointsOf(slices, port.name ?? '', port.protocol, nodeName),
    internalPolicy: spec.internalTrafficPolicy === 'Local' ? 'Local' : 'Cluster',
    externalPolicy: spec.externalTrafficPolicy === 'Local' ? 'Local' : 'Cluster',
    affinitySeconds,
  }))
}

function endpointsOf(slices: readonly EndpointSlice[], portName: string, protocol: string, nodeName: string): Endpoint[] {
  const ready = new Map<string, Endpoint>()
  const ending = new Map<string, Endpoint>()
  for (const slice of slices) {
    if (slice.addressType !== 'IPv4') continue
    for (const port of slice.ports ?? []) {
      if ((port.name ?? '') !== portName || (port.protocol ?? 'TCP') !== protocol || port.port === undefined) continue
      for (const { addresses, conditions, nodeName: on } of slice.endpoints ?? []) {
        // Absent means ready (API: EndpointConditions). Loopback and link-local addresses would reach the node itself (CVE-2021-25737).
        const into = (conditions?.ready ?? true) ? ready : conditions?.serving && conditions.terminating ? ending : undefined
        for (const address of addresses)
          if (into && isForwardable(address)) into.set(`${address}/${port.port}`, { address, port: port.port, local: on === nodeName })
      }
    }
  }
  return [...(ready.size > 0 ? ready : ending).values()].toSorted((a, b) =>
    a.address === b.address ? a.port - b.port : a.address < b.address ? -1 : 1,
  )
}

/** IPv4 networks in their canonical form; an IPv6 network lets nobody in here. Undefined where nothing is limited. */
function rangesOf({ spec }: Service): readonly string[] | undefined {
  const given = (spec.loadBalancerSourceRanges ?? []).map((range) => range.trim())
  if (given.length === 0 || given.includes('0.0.0.0/0')) return undefined
  return given.filter((range) => {
    const [address = '', bits = ''] = range.split('/')
    return isIPv4(address) && /^\d{1,2}$/.test(bits) && Number(bits) <= 32
  })
}

/** Dotted decimal in its one canonical form: what nft would read otherwise, or not at all, would cost the node every rule. */
export function isIPv4(address: string): boolean {
  const bytes = parseIp(address)
  return bytes?.length === 4 && formatIp(bytes) === address
}
const isForwardable = (address: string): boolean => isIPv4(address) && !address.startsWith('127.') && !address.startsWith('169.254.')
