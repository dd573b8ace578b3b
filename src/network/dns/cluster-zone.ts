import type { Service } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'

/** What the cluster's zone is made of; names in lower case. */
export interface ZoneView {
  readonly domain: string
  service(name: string, namespace: string): Service | undefined
  slicesOf(name: string, namespace: string): readonly EndpointSlice[]
  hasNamespace(name: string): boolean
  serviceByAddress(address: string): Service | undefined
  /** Slices with an endpoint at this address. */
  slicesByAddress(address: string): readonly EndpointSlice[]
}

export type ZoneRecord =
  | { readonly type: 'A' | 'AAAA' | 'CNAME' | 'PTR' | 'TXT'; readonly name: string; readonly data: string }
  | {
      readonly type: 'SRV'
      readonly name: string
      readonly data: { readonly priority: number; readonly weight: number; readonly port: number; readonly target: string }
    }

export interface ZoneAnswer {
  /** False: there is no such name (NXDOMAIN). True without records: no data of this type. */
  readonly exists: boolean
  readonly answers: readonly ZoneRecord[]
  /** Addresses of the targets of SRV records. */
  readonly additionals: readonly ZoneRecord[]
}

const none: ZoneAnswer = { exists: false, answers: [], additionals: [] }
const noData: ZoneAnswer = { ...none, exists: true }

/**
 * Answers from the cluster's own zone, and for the reverse names of its addresses: "Kubernetes DNS-Based Service Discovery", 1.1.0.
 * Undefined: the name is none of ours, ask somebody else.
 */
export function resolveInCluster(name: string, type: string, view: ZoneView): ZoneAnswer | undefined {
  if (name.endsWith('.in-addr.arpa')) return reverse(name, type, view)
  if (name !== view.domain && !name.endsWith(`.${view.domain}`)) return undefined
  const labels = name === view.domain ? [] : name.slice(0, -view.domain.length - 1).split('.')
  if (labels.length === 0) return noData
  if (labels.length === 1 && labels[0] === 'dns-version')
    return { ...noData, answers: type === 'TXT' ? [{ type, name, data: '1.1.0' }] : [] }
  switch (labels.at(-1)) {
    case 'svc':
      return services(name, type, labels.slice(0, -1), view)
    case 'pod':
      return pods(name, type, labels.slice(0, -1), view)
    default:
      return none
  }
}

function services(name: string, type: string, labels: readonly string[], view: ZoneView): ZoneAnswer {
  const namespace = labels.at(-1)
  const serviceName = labels.at(-2)
  if (namespace === undefined) return noData
  if (serviceName === undefined) return view.hasNamespace(namespace) ? noData : none
  const service = view.service(serviceName, namespace)
  if (!service) return none
  if (service.spec.type === 'ExternalName')
    return labels.length === 2 ? { ...noData, answers: [{ type: 'CNAME', name, data: service.spec.externalName ?? '' }] } : none
  const before = labels.slice(0, -2)
  if (before.length === 0)
    return type === 'SRV' ? serviceRecords(name, service, undefined, undefined, view) : addresses(name, type, addressesOf(service, view))
  if (before.length === 2 && before[0]!.startsWith('_') && before[1]!.startsWith('_'))
    return serviceRecords(name, service, before[0]!.slice(1), before[1]!.slice(1), view, type)
  if (before.length === 1 && isHeadless(service)) {
    const found = endpointsOf(service, view).filter((endpoint) => endpoint.label === before[0])
    return found.length === 0
      ? none
      : addresses(
          name,
          type,
          found.map(({ address }) => address),
        )
  }
  return none
}

/** `1-2-3-4.namespace.pod`: the name itself says the address. */
function pods(name: string, type: string, labels: readonly string[], view: ZoneView): ZoneAnswer {
  const [dashed, namespace, ...more] = labels
  if (dashed === undefined) return noData
  if (namespace === undefined) return view.hasNamespace(dashed) ? noData : none
  if (more.length > 0 || !view.hasNamespace(namespace)) return none
  const address = /^\d{1,3}(-\d{1,3}){3}$/.test(dashed) ? dashed.replaceAll('-', '.') : undefined
  return address?.split('.').every((part) => Number(part) <= 255) ? addresses(name, type, [address]) : none
}

function addresses(name: string, type: string, all: readonly string[]): ZoneAnswer {
  const answers = all
    .filter((address) => (address.includes(':') ? 'AAAA' : 'A') === type)
    .map((data) => ({ type: type as 'A' | 'AAAA', name, data }))
  return { ...noData, answers }
}

function serviceRecords(
  name: string,
  service: Service,
  portName: string | undefined,
  protocol: string | undefined,
  view: ZoneView,
  type = 'SRV',
): ZoneAnswer {
  const own = `${service.metadata.name}.${service.metadata.namespace}.svc.${view.domain}`
  const isWanted = (port: { name?: string | undefined; protocol?: string | undefined }): boolean =>
    portName === undefined || ((port.name ?? '').toLowerCase() === portName && (port.protocol ?? 'TCP').toLowerCase() === protocol)
  const targets = isHeadless(service)
    ? endpointsOf(service, view).flatMap(({ label, address, ports }) =>
        ports.filter(isWanted).map((port) => ({ target: `${label}.${own}`, port: port.port ?? 0, addresses: [address] })),
      )
    : (service.spec.ports ?? []).filter(isWanted).map(({ port }) => ({ target: own, port, addresses: addressesOf(service, view) }))
  if (targets.length === 0) return none
  if (type !== 'SRV') return noData
  const weight = Math.max(1, Math.floor(100 / targets.length))
  const additionals = new Map(
    targets.flatMap(({ target, addresses: all }) =>
      all.map((data) => [`${target}/${data}`, { type: data.includes(':') ? 'AAAA' : 'A', name: target, data } as const] as const),
    ),
  )
  return {
    exists: true,
    answers: targets.map(({ target, port }) => ({ type: 'SRV', name, data: { priority: 0, weight, port, target } })),
    additionals: [...additionals.values()],
  }
}

function reverse(name: string, type: string, view: ZoneView): ZoneAnswer | undefined {
  const address = name.slice(0, -'.in-addr.arpa'.length).split('.').reverse().join('.')
  const service = view.serviceByAddress(address)
  const names = service
    ? [`${service.metadata.name}.${service.metadata.namespace}.svc.${view.domain}`]
    : view.slicesByAddress(address).flatMap((slice) => {
        const of = slice.metadata.labels?.['kubernetes.io/service-name']
        const endpoint = slice.endpoints?.find(({ addresses: all }) => all.includes(address))
        return of && endpoint ? [`${endpoint.hostname ?? dashes(address)}.${of}.${slice.metadata.namespace}.svc.${view.domain}`] : []
      })
  if (names.length === 0) return undefined
  return { ...noData, answers: type === 'PTR' ? [...new Set(names)].map((data) => ({ type, name, data })) : [] }
}

const isHeadless = (service: Service): boolean => service.spec.clusterIP === 'None'

const addressesOf = (service: Service, view: ZoneView): string[] =>
  isHeadless(service)
    ? [...new Set(endpointsOf(service, view).map(({ address }) => address))]
    : (service.spec.clusterIPs ?? []).filter((address) => address !== '')

function endpointsOf(service: Service, view: ZoneView) {
  return view
    .slicesOf(service.metadata.name, service.metadata.namespace)
    .flatMap((slice) =>
      (slice.endpoints ?? [])
        .filter(({ conditions }) => conditions?.ready ?? true)
        .flatMap(({ addresses: all, hostname }) =>
          all.map((address) => ({ address, label: (hostname ?? dashes(address)).toLowerCase(), ports: slice.ports ?? [] })),
        ),
    )
}

const dashes = (address: string): string => address.replaceAll(/[.:]/g, '-')
