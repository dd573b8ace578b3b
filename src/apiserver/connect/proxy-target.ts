import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { Service } from '#api/core/v1/service.ts'
import { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { WherryError } from '#lib/errors.ts'
import type { Random } from '#lib/random.ts'
import { quote } from '#schema/go-text.ts'
import type { Objects } from '../contract.ts'
import { badRequest, notFoundError } from '../http/status.ts'
import { checkProxyable, kubeletAddress } from './address.ts'
import type { DialTarget } from './dialer.ts'

/** `name`, `name:port` or `scheme:name:port`: how a proxy path names its target. */
interface ProxyName {
  readonly scheme: string
  readonly name: string
  readonly port: string
}

/** The pod's own address, at the named port or at the first one that it declares. */
export function podTarget(id: string, namespace: string, objects: Objects): DialTarget {
  const { scheme, name, port } = parseName(id, 'pod')
  const pod = objects.get(Pod, name, namespace) as Pod | undefined
  if (pod === undefined) throw notFoundError(Pod, name)
  const declared = pod.spec.containers.flatMap((container) => container.ports ?? [])[0]?.containerPort
  const host = pod.status?.podIP || (pod.status?.podIPs?.[0]?.ip ?? '')
  checkProxyable(host)
  return { host, port: portOf(port, scheme, declared), security: securityOf(scheme) }
}

/** Any ready endpoint of the service that is truly a pod of its namespace: an endpoint can be written by hand, to anywhere. */
export function serviceTarget(id: string, namespace: string, objects: Objects, random: Random): DialTarget {
  const { scheme, name, port } = parseName(id, 'service')
  const portName = /^\d+$/.test(port) ? namedPort(name, Number(port), namespace, objects) : port
  const slices = (objects.list(EndpointSlice, namespace) as readonly EndpointSlice[]).filter(
    (slice) => slice.metadata.labels?.['kubernetes.io/service-name'] === name,
  )
  if (slices.length === 0) throw notFoundError(Service, name)
  const candidates = slices.flatMap((slice) =>
    (slice.ports ?? [])
      .filter((candidate) => (candidate.name ?? '') === portName && candidate.port !== undefined)
      .flatMap((candidate) =>
        (slice.endpoints ?? [])
          .filter(({ conditions }) => conditions?.ready !== false)
          .flatMap(({ addresses, targetRef }) => addresses.map((host) => ({ host, targetRef, port: candidate.port! }))),
      ),
  )
  const start = candidates.length === 0 ? 0 : random.below(candidates.length)
  for (let step = 0; step < candidates.length; step += 1) {
    const { host, targetRef, port } = candidates[(start + step) % candidates.length]!
    if (targetRef?.kind !== 'Pod' || targetRef.namespace !== namespace) continue
    const pod = objects.get(Pod, targetRef.name ?? '', namespace) as Pod | undefined
    if (!(pod?.status?.podIPs ?? []).some(({ ip }) => ip === host)) continue
    checkProxyable(host)
    return { host, port, security: securityOf(scheme) }
  }
  throw new WherryError('ServiceUnavailable', `no endpoints available for service ${quote(id)}`)
}

/** The node's kubelet, or another port of the node. */
export function nodeTarget(id: string, objects: Objects): DialTarget {
  const { scheme, name, port } = parseName(id, 'node')
  const node = objects.get(Node, name) as Node | undefined
  if (node === undefined) throw notFoundError(Node, name)
  const kubelet = kubeletAddress(node)
  checkProxyable(kubelet.host)
  if (port === '' || port === String(kubelet.port)) return { ...kubelet, security: 'kubelet' }
  return { host: kubelet.host, port: portOf(port, scheme, undefined), security: securityOf(scheme) }
}

function parseName(id: string, what: string): ProxyName {
  const parts = id.split(':')
  const [scheme, name, port] = parts.length === 3 ? parts : ['', ...parts]
  if (parts.length > 3 || !name || (scheme !== '' && scheme !== 'http' && scheme !== 'https'))
    throw badRequest(`invalid ${what} request ${quote(id)}`)
  return { scheme, name, port: port ?? '' }
}

function namedPort(name: string, port: number, namespace: string, objects: Objects): string {
  const service = objects.get(Service, name, namespace) as Service | undefined
  if (service === undefined) throw notFoundError(Service, name)
  const found = (service.spec.ports ?? []).find((candidate) => candidate.port === port)
  if (found === undefined) throw new WherryError('ServiceUnavailable', `no service port ${port} found for service ${quote(name)}`)
  return found.name ?? ''
}

function portOf(text: string, scheme: string, declared: number | undefined): number {
  const port = text === '' ? (declared ?? (scheme === 'https' ? 443 : 80)) : /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (port < 1 || port > 65535) throw badRequest(`invalid port ${quote(text)}`)
  return port
}

const securityOf = (scheme: string): DialTarget['security'] => (scheme === 'https' ? 'unverified' : 'plain')
