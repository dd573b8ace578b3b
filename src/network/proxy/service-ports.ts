import type { Service } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { addressIn, type Family, familyNames, isAddress, isWithin, rangesIn } from './family.ts'
import { type Endpoint, type NodePlace, type UsableEndpoints, usableEndpoints } from './usable-endpoints.ts'

/** One port of one Service in one address family, as this node forwards it: everything that its rules depend on, and nothing else. */
export interface ServicePort {
  /** `namespace/name/protocol/port`: unique, and the stem of its chains' names. */
  readonly key: string
  readonly protocol: 'tcp' | 'udp' | 'sctp'
  readonly clusterIP: string
  readonly port: number
  /** 0: none. */
  readonly nodePort: number
  /** `spec.externalIPs`: addresses of the users' own that lead to the nodes. */
  readonly externalIPs: readonly string[]
  /** Addresses of a load balancer whose packets come to the nodes as they are (KEP-1860, `ipMode: VIP`). */
  readonly balancerIPs: readonly string[]
  /** Networks whose clients may come through a balancer's address; empty: all. */
  readonly sourceRanges: readonly string[]
  readonly usable: UsableEndpoints
  /** `address:port` of all that serve, whatever policies and hints say: a flow to one of them may go on. */
  readonly serving: readonly string[]
  readonly internalPolicy: 'Cluster' | 'Local'
  readonly externalPolicy: 'Cluster' | 'Local'
  /** Seconds for which a client stays with its endpoint; 0: no affinity. */
  readonly affinitySeconds: number
}

/** What of the node and its settings a Service's ports depend on. */
export interface PortsOptions {
  readonly family: Family
  readonly place: NodePlace
  /** Addresses that the node serves itself (the name server's). */
  readonly ownAddresses: readonly string[]
  /** Whether `spec.externalIPs` count: whoever may write Services could take any address with them (CVE-2020-8554). */
  readonly externalIPs: boolean
  /** Own addresses of the node: a source range that has one of them lets the node come by the balancer's address itself. */
  readonly nodeAddresses: readonly string[]
}

/** The forwarded ports of a Service on one node; none for headless, ExternalName and foreign-proxied Services, nor in a family that it has not. */
export function servicePorts(service: Service, slices: readonly EndpointSlice[], options: PortsOptions): readonly ServicePort[] {
  const { spec, metadata } = service
  const { family } = options
  if (!isForwarded(service)) return []
  const clusterIP = clusterIPsOf(service).find((address) => isAddress(family, address))
  if (clusterIP === undefined || options.ownAddresses.includes(clusterIP)) return []
  const inFamily = (addresses: readonly string[]) => [
    ...new Set(addresses.map((address) => addressIn(family, address)).filter((address) => address !== undefined)),
  ]
  const externalIPs = options.externalIPs ? inFamily(spec.externalIPs ?? []) : []
  const ingress = service.status?.loadBalancer?.ingress ?? []
  const balancerIPs = inFamily(ingress.flatMap(({ ip, ipMode }) => (ip !== undefined && ipMode !== 'Proxy' ? [ip] : [])))
  const internalPolicy = spec.internalTrafficPolicy === 'Local' ? 'Local' : 'Cluster'
  const externalPolicy = spec.externalTrafficPolicy === 'Local' ? 'Local' : 'Cluster'
  return (spec.ports ?? []).map((port) => {
    const nodePort = port.nodePort ?? 0
    const isExternal = nodePort > 0 || externalIPs.length + balancerIPs.length > 0
    const endpoints = endpointsOf(slices, port.name ?? '', port.protocol, options)
    return {
      key: `${metadata.namespace}/${metadata.name}/${port.protocol.toLowerCase()}/${port.port}`,
      protocol: port.protocol.toLowerCase() as ServicePort['protocol'],
      clusterIP,
      port: port.port,
      nodePort,
      externalIPs,
      balancerIPs,
      sourceRanges: sourceRangesOf(service, balancerIPs, options),
      usable: usableEndpoints(
        endpoints,
        // Who comes from inside to an address for outside gets any endpoint, so policy Local outside needs all of them, too.
        {
          cluster: internalPolicy === 'Cluster' || isExternal,
          local: internalPolicy === 'Local' || (externalPolicy === 'Local' && isExternal),
        },
        options.place,
      ),
      serving: endpoints.filter(({ serving }) => serving).map(({ address, port }) => `${address}:${port}`),
      internalPolicy,
      externalPolicy,
      affinitySeconds: spec.sessionAffinity === 'ClientIP' ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800) : 0,
    }
  })
}

/** Whether this proxy has anything to do with the Service: it has addresses of its own, and no label leaves it to another proxy. */
export const isForwarded = (service: Service): boolean =>
  service.spec.type !== 'ExternalName' &&
  clusterIPsOf(service).length > 0 &&
  service.metadata.labels?.['service.kubernetes.io/service-proxy-name'] === undefined

/**
 * Whether a slice has endpoints to forward to. With the label they are for names alone; the controller sets it for headless Services, and whoever writes
 * slices may.
 */
export const isForwardedSlice = ({ metadata }: EndpointSlice): boolean => metadata.labels?.['service.kubernetes.io/headless'] === undefined

/** How many ready endpoints of a family this node has, each address once: what a balancer asks for at the health check port. */
export function localReadyCount(slices: readonly EndpointSlice[], { family, place }: Pick<PortsOptions, 'family' | 'place'>): number {
  const addresses = slices
    .filter(({ addressType }) => addressType === familyNames[family])
    .flatMap(({ endpoints }) => endpoints ?? [])
    .filter(({ conditions, nodeName }) => (conditions?.ready ?? true) && nodeName === place.nodeName)
    .flatMap(({ addresses: [first] }) => (first === undefined ? [] : [first]))
  return new Set(addresses).size
}

/** The port that a Service's balancer asks at for its health; 0: none. */
export const healthCheckPortOf = (service: Service): number =>
  service.spec.type === 'LoadBalancer' && service.spec.externalTrafficPolicy === 'Local' && isForwarded(service)
    ? (service.spec.healthCheckNodePort ?? 0)
    : 0

/** Services written before there were two families have only the one field. */
function clusterIPsOf({ spec }: Service): readonly string[] {
  const all = spec.clusterIPs?.length ? spec.clusterIPs : spec.clusterIP ? [spec.clusterIP] : []
  return all.filter((address) => address !== 'None' && address !== '')
}

function endpointsOf(slices: readonly EndpointSlice[], portName: string, protocol: string, { family, place }: PortsOptions): Endpoint[] {
  const found = new Map<string, Endpoint>()
  for (const slice of slices) {
    if (slice.addressType !== familyNames[family]) continue
    for (const port of slice.ports ?? []) {
      if ((port.name ?? '') !== portName || (port.protocol ?? 'TCP') !== protocol || !port.port) continue
      for (const { addresses, conditions, nodeName, hints } of slice.endpoints ?? []) {
        // Only the first address counts (API: Endpoint), and absent conditions mean ready and serving.
        const address = addresses[0] === undefined ? undefined : addressIn(family, addresses[0])
        if (address === undefined || !isForwardable(address)) continue
        const terminating = conditions?.terminating ?? false
        const key = `${address}:${port.port}`
        // A new pod may have the address of one that is still ending: the running one counts.
        if (terminating && found.has(key)) continue
        found.set(key, {
          address,
          port: port.port,
          local: nodeName !== undefined && nodeName === place.nodeName,
          ready: conditions?.ready ?? true,
          serving: conditions?.serving ?? true,
          terminating,
          zones: (hints?.forZones ?? []).map(({ name }) => name),
          nodes: (hints?.forNodes ?? []).map(({ name }) => name),
        })
      }
    }
  }
  return [...found.values()].sort((a, b) => (a.address === b.address ? a.port - b.port : a.address < b.address ? -1 : 1))
}

/** Empty where nothing is limited: without a range of the family, or with one of all addresses. */
function sourceRangesOf({ spec }: Service, balancerIPs: readonly string[], { family, nodeAddresses }: PortsOptions): readonly string[] {
  const ranges = rangesIn(family, spec.loadBalancerSourceRanges ?? [])
  if (ranges.length === 0 || balancerIPs.length === 0 || ranges.some((range) => range.endsWith('/0'))) return []
  // A balancer's address is often the node's own, too: what the node sends there comes from that address.
  const fromNode = nodeAddresses.some((address) => isWithin(address, ranges))
  return fromNode ? rangesIn(family, [...ranges, ...balancerIPs.map((address) => `${address}/${family === 'ip' ? 32 : 128}`)]) : ranges
}

/** Loopback and link-local addresses would reach the node itself (CVE-2021-25737). */
const isForwardable = (address: string): boolean =>
  !address.startsWith('127.') && !address.startsWith('169.254.') && address !== '::1' && !/^fe[89ab]/.test(address)
