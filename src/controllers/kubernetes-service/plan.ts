import { isIPv6 } from 'node:net'
import { Endpoints } from '#api/core/v1/endpoints.ts'
import { Service } from '#api/core/v1/service.ts'
import { validateEndpointIp } from '#api/core/v1/validation/endpoints.ts'
import { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { AnyKind, KubeObject } from '#api/kind.ts'
import { same } from '#api/strategy.ts'
import type { Command, Plan } from '#loop/controller.ts'
import { patchSeen } from '../common/commands.ts'

export interface ApiServerAddress {
  /** Where the API servers listen, as pods reach them. All of one family. */
  readonly addresses: readonly string[]
  readonly port: number
  /** The service's own address: the first of the service range, which certificates name. Absent: any free one. */
  readonly clusterIp?: string
}

export interface KubernetesServiceView {
  readonly config: ApiServerAddress
  readonly service: Service | undefined
  readonly endpoints: Endpoints | undefined
  readonly slice: EndpointSlice | undefined
}

const name = 'kubernetes'
const namespace = 'default'

/**
 * `kubernetes.default`: how pods find the API server. The Service is made, and then left to whoever changes it; where it leads is kept. An API
 * server that only its own machine reaches (a loopback address) is nowhere that an Endpoints may lead: then there is the Service alone.
 */
export function planKubernetesService({ config, service, endpoints, slice }: KubernetesServiceView): Plan {
  const addresses = config.addresses.toSorted()
  const isReachable = addresses.every((ip) => validateEndpointIp(ip, '').length === 0)
  const commands = [
    ...(service === undefined ? [makeService(config)] : []),
    ...(isReachable ? lead(config.port, addresses, endpoints, slice) : []),
  ]
  return { commands, wakeAt: Infinity }
}

function lead(port: number, addresses: readonly string[], endpoints: Endpoints | undefined, slice: EndpointSlice | undefined): Command[] {
  return [
    ...keep(
      Endpoints,
      endpoints,
      { 'endpointslice.kubernetes.io/skip-mirror': 'true' },
      {
        subsets: [{ addresses: addresses.map((ip) => ({ ip })), ports: [{ name: 'https', port, protocol: 'TCP' }] }],
      },
    ),
    ...keepSlice(port, addresses, slice),
  ]
}

function makeService({ port, clusterIp }: ApiServerAddress): Command {
  const ports = [{ name: 'https', port: 443, protocol: 'TCP', targetPort: port }]
  const labels = { component: 'apiserver', provider: 'kubernetes' }
  const address = clusterIp === undefined ? {} : { clusterIP: clusterIp }
  const spec = { type: 'ClusterIP', sessionAffinity: 'None', ipFamilyPolicy: 'SingleStack', ports, ...address }
  const object = { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace, labels }, spec }
  return { do: 'create', kind: Service, namespace, object, ifExists: 'keep' }
}

function keepSlice(port: number, addresses: readonly string[], slice: EndpointSlice | undefined): Command[] {
  const addressType = addresses.every((ip) => isIPv6(ip)) ? 'IPv6' : 'IPv4'
  const content = {
    ports: [{ name: 'https', port, protocol: 'TCP' }],
    endpoints: addresses.map((ip) => ({ addresses: [ip], conditions: { ready: true } })),
  }
  // A slice's family cannot change: another one has to take its place.
  const isOther = slice !== undefined && slice.addressType !== addressType
  const removal: Command[] = isOther ? [{ do: 'delete', kind: EndpointSlice, name, namespace, uid: slice.metadata.uid }] : []
  const labels = { 'kubernetes.io/service-name': name }
  return [...removal, ...keep(EndpointSlice, isOther ? undefined : slice, labels, content, { addressType })]
}

/** Makes the object, or corrects what differs. */
function keep(kind: AnyKind, present: KubeObject | undefined, labels: object, content: object, fixed: object = {}): Command[] {
  if (present === undefined) {
    const apiVersion = kind.group === '' ? kind.version : `${kind.group}/${kind.version}`
    const object = { apiVersion, kind: kind.kind, metadata: { name, namespace, labels }, ...fixed, ...content }
    return [{ do: 'create', kind, namespace, object, ifExists: 'keep' }]
  }
  const shown = Object.fromEntries(Object.keys(content).map((key) => [key, (present as unknown as Record<string, unknown>)[key]]))
  const hasLabels = Object.entries(labels).every(([key, value]) => present.metadata.labels?.[key] === value)
  return same(shown, content) && hasLabels ? [] : [patchSeen(kind, present, { metadata: { labels }, ...content })]
}
