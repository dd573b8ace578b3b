import type { Certificate } from '../model/certificate.ts'
import type { Protocol } from '../model/listener.ts'
import { hostnameProblem } from '../model/route-problem.ts'
import { secretCertificate } from '../model/secret-certificate.ts'
import { no, type Verdict, yes } from './conditions.ts'
import type { GatewayView } from './gateway-view.ts'
import { isPermitted } from './grants.ts'
import { gatewayGroup } from './names.ts'
import type { Gateway, Listener, ObjectRef, RouteKind } from './types.ts'

/** A listener looked at by itself, before others are. */
export interface ListenerDraft {
  readonly listener: Listener
  readonly protocol: Protocol | undefined
  /** Lower case; '': every host. */
  readonly hostname: string
  /** Kinds of routes that may attach. */
  readonly supportedKinds: readonly RouteKind[]
  readonly accepted: Verdict
  readonly resolvedRefs: Verdict
  /** Those that can be used. */
  readonly certificates: readonly Certificate[]
}

const kindsOf = (...kinds: readonly string[]): readonly RouteKind[] => kinds.map((kind) => ({ group: gatewayGroup, kind }))
const routeKindsOf = {
  HTTP: kindsOf('HTTPRoute', 'GRPCRoute'),
  HTTPS: kindsOf('HTTPRoute', 'GRPCRoute'),
  TLS: kindsOf('TLSRoute'),
} as const

/** What one listener asks for, and what of it can be done. */
export function judgeListener(gateway: Gateway, listener: Listener, view: GatewayView): ListenerDraft {
  const protocol = protocolOf(listener)
  const hostname = (listener.hostname ?? '').toLowerCase()
  if (protocol === undefined)
    return {
      listener,
      protocol,
      hostname,
      supportedKinds: [],
      accepted:
        listener.protocol === 'TLS'
          ? no('Accepted', 'UnsupportedValue', 'A listener of protocol TLS passes connections on: tls.mode has to be Passthrough')
          : no('Accepted', 'UnsupportedProtocol', `Protocol ${listener.protocol} is not served; HTTP, HTTPS and TLS are`),
      resolvedRefs: yes('ResolvedRefs'),
      certificates: [],
    }
  const wanted = listener.allowedRoutes?.kinds ?? []
  const routeKinds = routeKindsOf[protocol]
  const supportedKinds =
    wanted.length === 0
      ? routeKinds
      : routeKinds.filter(({ group, kind }) => wanted.some((one) => (one.group ?? gatewayGroup) === group && one.kind === kind))
  const unknown = wanted.filter((one) => !routeKinds.some(({ group, kind }) => (one.group ?? gatewayGroup) === group && one.kind === kind))
  const { certificates, verdict } = protocol === 'HTTPS' ? certificatesOf(gateway, listener, view) : plain
  return {
    listener,
    protocol,
    hostname,
    supportedKinds,
    accepted: acceptedOf(gateway, listener, hostname),
    resolvedRefs:
      verdict.status === 'True' && unknown.length > 0
        ? no(
            'ResolvedRefs',
            'InvalidRouteKinds',
            `No routes of kind ${unknown.map(({ kind }) => kind).join(', ')} can attach; ${routeKinds.map(({ kind }) => kind).join(' and ')} can`,
          )
        : verdict,
    certificates,
  }
}

/** The one that a listener is served with; undefined: it cannot be. */
const protocolOf = ({ protocol, tls }: Listener): Protocol | undefined =>
  protocol === 'HTTP' || protocol === 'HTTPS' || (protocol === 'TLS' && tls?.mode === 'Passthrough') ? protocol : undefined

const plain = { certificates: [], verdict: yes('ResolvedRefs') }

/** What is asked for and not served is refused: a listener that leaves out a check of clients or a limit of TLS would be open without a word. */
function acceptedOf({ spec }: Gateway, { port, protocol, tls }: Listener, hostname: string): Verdict {
  const unsupported = (message: string): Verdict => no('Accepted', 'UnsupportedValue', message)
  if (hostnameProblem(hostname) !== undefined) return unsupported(hostnameProblem(hostname)!)
  if (protocol !== 'HTTPS') return yes('Accepted')
  if (tls?.mode === 'Passthrough')
    return unsupported('A listener of protocol HTTPS ends TLS: tls.mode Passthrough is for listeners of protocol TLS')
  const options = Object.keys(tls?.options ?? {})
  if (options.length > 0) return unsupported(`This router knows no tls.options, and is given ${options.join(', ')}`)
  const frontend = spec.tls?.frontend
  const own = frontend?.perPort?.find((one) => one.port === port)
  const validation = own === undefined ? frontend?.default?.validation : own.tls?.validation
  return validation === undefined
    ? yes('Accepted')
    : unsupported('Certificates of clients are not checked: spec.tls.frontend is not served')
}

function certificatesOf(
  gateway: Gateway,
  { tls }: Listener,
  view: GatewayView,
): { readonly certificates: readonly Certificate[]; readonly verdict: Verdict } {
  const refs = tls?.certificateRefs ?? []
  const found = refs.map((ref) => certificateOf(gateway, ref, view))
  const problem =
    refs.length === 0
      ? no(
          'ResolvedRefs',
          'InvalidCertificateRef',
          'An HTTPS listener needs tls.certificateRefs, with the name of a Secret of type kubernetes.io/tls',
        )
      : found.find((one): one is Verdict => 'status' in one)
  return { certificates: found.filter((one): one is Certificate => !('status' in one)), verdict: problem ?? yes('ResolvedRefs') }
}

function certificateOf({ metadata }: Gateway, ref: ObjectRef, view: GatewayView): Certificate | Verdict {
  const invalid = (message: string): Verdict => no('ResolvedRefs', 'InvalidCertificateRef', message)
  const { group = '', kind = 'Secret', name, namespace = metadata.namespace } = ref
  if (group !== '' || kind !== 'Secret')
    return invalid(`A certificate cannot be taken from a ${kind}${group === '' ? '' : ` of ${group}`}, only from a Secret`)
  const reference = { from: { kind: 'Gateway', namespace: metadata.namespace }, to: { group, kind, namespace, name } }
  if (!isPermitted({ grants: () => view.grants }, reference))
    return no(
      'ResolvedRefs',
      'RefNotPermitted',
      `No ReferenceGrant in namespace ${namespace} lets Gateways of ${metadata.namespace} use Secret ${name}`,
    )
  const secret = view.secret(name, namespace)
  if (secret === undefined) return invalid(`There is no Secret ${namespace}/${name} of type kubernetes.io/tls`)
  const certificate = secretCertificate(secret)
  return 'problem' in certificate ? invalid(`Secret ${namespace}/${name}: ${certificate.problem}`) : certificate
}
