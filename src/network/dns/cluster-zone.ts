import type { Service } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { formatIp, parseIp } from '#schema/ip.ts'
import { type ServiceEndpoint, serviceEndpoints } from './endpoints.ts'
import { addressRecords, type LocalAnswer, nameServerName, own, startOfAuthority } from './local-answer.ts'
import { lowerAscii } from './name.ts'
import type { DnsRecord } from './record.ts'

/** What the cluster's zone is made of; names in lower case. */
export interface ZoneView {
  readonly domain: string
  /** Where the name server itself listens. */
  readonly serverAddresses: readonly string[]
  service(name: string, namespace: string): Service | undefined
  slicesOf(name: string, namespace: string): readonly EndpointSlice[]
  hasNamespace(name: string): boolean
  serviceByAddress(address: string): Service | undefined
  /** Slices with an endpoint at this address. */
  slicesByAddress(address: string): readonly EndpointSlice[]
}

/**
 * Answers from the cluster's own zone: "Kubernetes DNS-Based Service Discovery", 1.1.0. `labels` are those before the domain. A name that has no record
 * but names beneath it is there (RFC 8020); no name stands for others: `*` is a letter like any.
 */
export function resolveInCluster(labels: readonly string[], type: string, view: ZoneView): LocalAnswer {
  switch (labels.at(-1)) {
    case undefined:
      return apex(type, view)
    case 'svc':
      return services(labels.slice(0, -1), type, view)
    case 'pod':
      return pods(labels.slice(0, -1), type, view)
    case 'dns':
      return nameServer(labels.slice(0, -1), type, view)
    case 'dns-version':
      return labels.length === 1
        ? found(view, '', type === 'TXT' ? [own(`dns-version.${view.domain}`, { type, text: '1.1.0' })] : [])
        : absent(view, '')
    default:
      return absent(view, '')
  }
}

function apex(type: string, view: ZoneView): LocalAnswer {
  const { domain } = view
  if (type === 'SOA') return found(view, '', [startOfAuthority(domain, domain)])
  if (type !== 'NS') return found(view, '', [])
  const target = nameServerName(domain)
  return { ...found(view, '', [own(domain, { type, target })]), additionals: bothFamilies(target, view.serverAddresses) }
}

/** `ns.dns`: this server. */
function nameServer(labels: readonly string[], type: string, view: ZoneView): LocalAnswer {
  if (labels.length === 0) return found(view, '', [])
  if (labels.length > 1 || labels[0] !== 'ns') return absent(view, '')
  return found(view, '', addressRecords(nameServerName(view.domain), type, view.serverAddresses))
}

function services(labels: readonly string[], type: string, view: ZoneView): LocalAnswer {
  const namespace = labels.at(-1)
  const name = labels.at(-2)
  if (namespace === undefined) return found(view, '', [])
  if (name === undefined) return view.hasNamespace(namespace) ? found(view, namespace, []) : absent(view, namespace)
  const owner = `${namespace}/${name}`
  const service = view.service(name, namespace)
  if (service === undefined) return absent(view, owner)
  const before = labels.slice(0, -2)
  const serviceName = serviceDomainName(service, view.domain)
  if (service.spec.type === 'ExternalName') {
    const target = lowerAscii(service.spec.externalName ?? '').replace(/\.$/, '')
    // An address is no name: the reference's server has no such name either.
    if (before.length > 0 || target === '' || parseIp(target) !== undefined) return absent(view, owner)
    return found(view, owner, [own(serviceName, { type: 'CNAME', target })])
  }
  const isHeadless = service.spec.clusterIP === 'None'
  const endpoints = (): readonly ServiceEndpoint[] => serviceEndpoints(service, view.slicesOf(name, namespace))
  const ports = (): readonly Port[] => (isHeadless ? headlessPorts(serviceName, endpoints()) : clusterPorts(serviceName, service))
  switch (before.length) {
    case 0: {
      if (isHeadless && endpoints().length === 0) return absent(view, owner)
      if (type === 'SRV') return serviceRecords(serviceName, ports(), owner, view)
      const addresses = isHeadless ? endpoints().map(({ address }) => address) : clusterAddresses(service)
      return found(view, owner, addressRecords(serviceName, type, new Set(addresses)))
    }
    case 1: {
      const [label] = before as [string]
      // `_tcp` alone has no records, and names of ports beneath it.
      if (label.startsWith('_')) return ports().some(isNamed(undefined, label)) ? found(view, owner, []) : absent(view, owner)
      // The specification gives endpoints of headless Services names; the reference's server those of all.
      const at = endpoints().filter((endpoint) => endpoint.label === label)
      if (at.length === 0) return absent(view, owner)
      const addresses = at.map(({ address }) => address)
      return found(view, owner, addressRecords(`${label}.${serviceName}`, type, new Set(addresses)))
    }
    case 2: {
      const [portLabel, protocolLabel] = before as [string, string]
      const wanted = ports().filter(isNamed(portLabel, protocolLabel))
      if (wanted.length === 0) return absent(view, owner)
      if (type !== 'SRV') return found(view, owner, [])
      return serviceRecords(`${portLabel}.${protocolLabel}.${serviceName}`, wanted, owner, view)
    }
    default:
      return absent(view, owner)
  }
}

/** `1-2-3-4.namespace.pod`, `fd00--7.namespace.pod`: the name itself says the address. */
function pods(labels: readonly string[], type: string, view: ZoneView): LocalAnswer {
  const namespace = labels.at(-1)
  if (namespace === undefined) return found(view, '', [])
  if (labels.length > 2 || !view.hasNamespace(namespace)) return absent(view, namespace)
  const dashed = labels.at(-2)
  if (dashed === undefined) return found(view, namespace, [])
  const address = addressOfDashes(dashed)
  if (address === undefined) return absent(view, namespace)
  return found(view, namespace, addressRecords(`${dashed}.${namespace}.pod.${view.domain}`, type, [address]))
}

interface Port {
  readonly name: string
  readonly protocol: string
  readonly port: number
  readonly target: string
  readonly addresses: readonly string[]
}

/** Of a Service with an address of its own. Unnamed ports come with the Service's name alone. */
function clusterPorts(target: string, service: Service): Port[] {
  const addresses = clusterAddresses(service)
  return (service.spec.ports ?? []).map(({ name, protocol, port }) => ({
    name: lowerAscii(name ?? ''),
    protocol: lowerAscii(protocol ?? 'TCP'),
    port,
    target,
    addresses,
  }))
}

function headlessPorts(serviceName: string, endpoints: readonly ServiceEndpoint[]): Port[] {
  return endpoints.flatMap(({ label, address, ports }) =>
    ports.map(({ name, protocol, port }) => ({ name, protocol, port, target: `${label}.${serviceName}`, addresses: [address] })),
  )
}

const isNamed =
  (portLabel: string | undefined, protocolLabel: string) =>
  ({ name, protocol }: Port): boolean =>
    name !== '' && `_${protocol}` === protocolLabel && (portLabel === undefined || `_${name}` === portLabel)

function serviceRecords(name: string, ports: readonly Port[], owner: string, view: ZoneView): LocalAnswer {
  // An endpoint with an address of each family stands in two slices, and is one target.
  const targets = [...new Map(ports.map((port) => [`${port.target} ${port.port}`, port])).values()]
  const weight = Math.max(1, Math.floor(100 / Math.max(1, targets.length)))
  const answers = targets.map(({ port, target }) => own(name, { type: 'SRV', priority: 0, weight, port, target }))
  const addresses = new Map(
    ports.flatMap(({ target, addresses: all }) => all.map((address) => [`${target} ${address}`, [target, address] as const] as const)),
  )
  return {
    ...found(view, owner, answers),
    additionals: [...addresses.values()].flatMap(([target, address]) => bothFamilies(target, [address])),
  }
}

const bothFamilies = (name: string, addresses: readonly string[]): DnsRecord[] => [
  ...addressRecords(name, 'A', addresses),
  ...addressRecords(name, 'AAAA', addresses),
]

/** The name of a Service. */
export const serviceDomainName = ({ metadata }: Service, domain: string): string => `${metadata.name}.${metadata.namespace}.svc.${domain}`

const clusterAddresses = ({ spec }: Service): string[] =>
  (spec.clusterIPs ?? (spec.clusterIP ? [spec.clusterIP] : [])).filter((address) => address !== '' && address !== 'None')

/** As the reference's server reads them: three single dashes are dots, all others colons. */
function addressOfDashes(label: string): string | undefined {
  const isV4 = /^\d{1,3}(-\d{1,3}){3}$/.test(label)
  const bytes = parseIp(label.replaceAll('-', isV4 ? '.' : ':'))
  return bytes && (isV4 || bytes.length === 16) ? (isV4 ? bytes.join('.') : formatV6(bytes)) : undefined
}

/** Also of an address that stands for one of IPv4: the record is of the type that the name is written in. */
const formatV6 = (bytes: Uint8Array): string => {
  const text = formatIp(bytes)
  return text.includes(':') ? text : `::ffff:${text}`
}

const found = ({ domain }: ZoneView, owner: string, answers: readonly DnsRecord[]): LocalAnswer => ({
  exists: true,
  answers,
  additionals: [],
  zone: domain,
  owner,
})
const absent = ({ domain }: ZoneView, owner: string): LocalAnswer => ({ exists: false, answers: [], additionals: [], zone: domain, owner })
