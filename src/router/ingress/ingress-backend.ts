import type { Ingress } from '#api/networking/v1/ingress.ts'
import type { IngressBackend } from '#api/networking/v1/types.ts'
import type { Action } from '../model/action.ts'
import { type BackendSource, backendSource } from '../model/service-backend.ts'
import type { RouterView } from '../router-part.ts'
import type { IngressSettings } from './ingress-annotations.ts'

/** Where requests of a path go, and what stands against it. */
export interface ResolvedBackend {
  readonly action: Action
  readonly backend?: BackendSource
  readonly problem?: { readonly reason: string; readonly message: string }
}

/**
 * Follows a backend to its Service's endpoints. What cannot be followed is answered with 503, so that the same path of a less specific rule does not
 * take requests that were not meant for it.
 */
export function resolveBackend(
  ref: IngressBackend,
  ingress: Ingress,
  settings: IngressSettings,
  view: Pick<RouterView, 'service'>,
): ResolvedBackend {
  const namespace = ingress.metadata.namespace ?? ''
  const refuse = (reason: string, message: string): ResolvedBackend => ({
    action: { do: 'answer', status: 503 },
    problem: { reason, message },
  })
  if (ref.service === undefined)
    return refuse(
      'UnsupportedBackend',
      `backend is a resource (${ref.resource?.kind ?? 'none'} ${ref.resource?.name ?? ''}), and only Services can be backends; its requests are answered with 503`,
    )
  const { name, port } = ref.service
  const service = view.service(name, namespace)
  if (service === undefined)
    return refuse('ServiceNotFound', `there is no Service ${namespace}/${name}; its requests are answered with 503`)
  if (service.spec.type === 'ExternalName')
    return refuse(
      'UnsupportedBackend',
      // Whoever may write a Service could else reach whatever the router's machine reaches (CVE-2021-25740).
      `Service ${namespace}/${name} is of type ExternalName, which the router does not follow; give it endpoints of its own instead; its requests are answered with 503`,
    )
  const ports = (service.spec.ports ?? []).filter(({ protocol }) => (protocol ?? 'TCP') === 'TCP')
  const found = port.name ? ports.find((one) => one.name === port.name) : ports.find((one) => one.port === port.number)
  if (found === undefined)
    return refuse(
      'ServicePortNotFound',
      `Service ${namespace}/${name} has no TCP port ${port.name || port.number}; its requests are answered with 503`,
    )
  if (overTls.has((found.appProtocol ?? '').toLowerCase()))
    return refuse(
      'UnsupportedBackend',
      `port ${found.port} of Service ${namespace}/${name} has appProtocol ${found.appProtocol}, and the router speaks no TLS to backends; its requests are answered with 503`,
    )
  const backend = backendSource(service, found)
  const { rewrite, backendRequestMs, connectTimeoutMs } = settings
  return {
    backend,
    action: {
      do: 'forward',
      backends: [{ to: backend.name, weight: 1 }],
      ...(rewrite !== undefined && { rewrite: { path: rewrite } }),
      ...(backendRequestMs !== undefined && { timeouts: { backendRequestMs } }),
      ...(connectTimeoutMs !== undefined && { connectTimeoutMs }),
    },
  }
}

const overTls: ReadonlySet<string> = new Set(['https', 'tls', 'ssl', 'kubernetes.io/wss'])
