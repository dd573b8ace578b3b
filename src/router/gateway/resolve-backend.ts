import type { Backend } from '../model/backend.ts'
import { type BackendSource, backendSource } from '../model/service-backend.ts'
import { no, type Verdict } from './conditions.ts'
import type { RouteSources } from './gateway-view.ts'
import { isPermitted } from './grants.ts'
import type { BackendRef } from './types.ts'

/** Whose rule refers. */
export interface Referrer {
  readonly kind: 'HTTPRoute' | 'GRPCRoute' | 'TLSRoute'
  readonly namespace: string
}

/** What a reference leads to, or why it cannot be followed: condition ResolvedRefs with the reason that the API has for it. */
export function resolveBackend(ref: BackendRef, referrer: Referrer, view: RouteSources): BackendSource | Verdict {
  const refuse = (reason: string, message: string): Verdict => no('ResolvedRefs', reason, message)
  const { group = '', kind = 'Service', name, port, namespace = referrer.namespace } = ref
  if (group !== '' || kind !== 'Service')
    return refuse('InvalidKind', `Backends are Services; ${name} is a ${kind}${group === '' ? '' : ` of ${group}`}`)
  if (!isPermitted(view, { from: referrer, to: { group, kind, namespace, name } }))
    return refuse(
      'RefNotPermitted',
      `No ReferenceGrant in namespace ${namespace} lets a ${referrer.kind} of ${referrer.namespace} use Service ${name}`,
    )
  const service = view.service(name, namespace)
  if (service === undefined) return refuse('BackendNotFound', `There is no Service ${namespace}/${name}`)
  if (service.spec.type === 'ExternalName')
    return refuse('BackendNotFound', `Service ${namespace}/${name} is of type ExternalName, which has no endpoints`)
  const found = (service.spec.ports ?? []).filter((one) => one.port === port)
  const tcp = found.find(({ protocol }) => protocol === 'TCP')
  if (found.length === 0) return refuse('BackendNotFound', `Service ${namespace}/${name} has no port ${port ?? '(none is named)'}`)
  const protocol = tcp && backendProtocol(tcp.appProtocol, referrer.kind)
  if (tcp === undefined || protocol === undefined)
    return refuse(
      'UnsupportedProtocol',
      `Port ${port} of Service ${namespace}/${name} speaks ${tcp?.appProtocol ?? found[0]!.protocol}, which a ${referrer.kind} cannot be passed on by`,
    )
  return backendSource(service, tcp, protocol)
}

/**
 * How to speak to a port. Nothing is said: as its routes do, HTTP/1.1 for HTTP and HTTP/2 for gRPC (GEP-1911). TLS towards backends is not served.
 * A WebSocket is HTTP/1.1 that is upgraded.
 */
function backendProtocol(appProtocol: string | undefined, kind: Referrer['kind']): Backend['protocol'] | undefined {
  // What stands within TLS is for the backend alone to know.
  if (kind === 'TLSRoute') return 'tcp'
  const name = (appProtocol ?? '').toLowerCase()
  if (overTls.has(name)) return undefined
  if (h2c.has(name)) return 'h2c'
  if (kind === 'GRPCRoute') return name === 'kubernetes.io/ws' ? undefined : 'h2c'
  return 'http'
}

const h2c: ReadonlySet<string> = new Set(['kubernetes.io/h2c', 'grpc', 'http2'])
const overTls: ReadonlySet<string> = new Set(['https', 'tls', 'ssl', 'kubernetes.io/wss'])
