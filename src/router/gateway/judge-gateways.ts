import { formatIp, parseIp } from '#schema/ip.ts'
import type { Certificate } from '../model/certificate.ts'
import { canShare, type Protocol } from '../model/listener.ts'
import { no, type Verdict, yes } from './conditions.ts'
import type { GatewayView } from './gateway-view.ts'
import { overlap } from './hostnames.ts'
import { judgeListener, type ListenerDraft } from './judge-listener.ts'
import { compareAge, objectName } from './object-age.ts'
import type { Gateway, GatewayAddress, Listener, RouteKind } from './types.ts'

/** What is to be said of a Gateway of ours, and what of it is served. */
export interface GatewayJudgement {
  readonly gateway: Gateway
  readonly verdicts: readonly Verdict[]
  /** Where it is reached: of `status.addresses`. */
  readonly addresses: readonly GatewayAddress[]
  /** Those of the router's addresses that it keeps to; undefined: all. */
  readonly boundTo: readonly string[] | undefined
  readonly listeners: readonly ListenerJudgement[]
}

export interface ListenerJudgement {
  /** As in the model: `gateway/<namespace>/<gateway>/<listener>`. */
  readonly key: string
  readonly listener: Listener
  readonly protocol: Protocol | undefined
  /** Lower case; '': every host. */
  readonly hostname: string
  readonly supportedKinds: readonly RouteKind[]
  /** Whether it stands in the model: with a port that cannot be had as well, or nobody would find out when it can. */
  readonly isWanted: boolean
  readonly isProgrammed: boolean
  readonly verdicts: readonly Verdict[]
  readonly certificates: readonly Certificate[]
}

/** Types of conditions of a Gateway, and of its listeners, that are ours. */
export const gatewayConditions: ReadonlySet<string> = new Set(['Accepted', 'Programmed'])
export const listenerConditions: ReadonlySet<string> = new Set([
  'Accepted',
  'Programmed',
  'ResolvedRefs',
  'Conflicted',
  'OverlappingTLSConfig',
])

/**
 * Judges Gateways, the oldest first. All share the router's addresses, so a port has the protocol that its first listener gave it. Listeners of several
 * Gateways for the same host of a port are served side by side, as those of Ingresses are: which route takes a request is settled by the routes, the
 * older one first where they are equal. Within one Gateway there is no first: listeners that cannot be told apart are refused both (API docs,
 * "Handling indistinct Listeners").
 */
export function judgeGateways(gateways: readonly Gateway[], view: GatewayView): readonly GatewayJudgement[] {
  const taken = takenBy(view)
  const judged = gateways.toSorted(compareAge).map((gateway) => judgeGateway(gateway, view, taken))
  return judged.map((one) => ({ ...one, listeners: one.listeners.map((listener) => withOverlap(listener, one.listeners)) }))
}

/** Which protocol a port has, and by whom. */
type Taken = Map<number, { readonly protocol: Protocol; readonly by: string }>

const takenBy = ({ taken }: GatewayView): Taken => new Map([...taken].map(([port, protocol]) => [port, { protocol, by: 'Ingresses' }]))

function judgeGateway(gateway: Gateway, view: GatewayView, taken: Taken): GatewayJudgement {
  const refused = refusal(gateway)
  const unusable = refused === undefined ? unusableAddress(gateway, view) : undefined
  const isServed = refused === undefined && unusable === undefined && view.addresses.length > 0
  const drafts = gateway.spec.listeners.map((listener) => judgeListener(gateway, listener, view))
  const conflicts = drafts.map((draft) => conflictWithin(draft, drafts))
  const listeners = drafts.map((draft, i) => {
    const within = conflicts[i]
    const across = within === undefined && draft.accepted.status === 'True' ? conflictAcross(draft, taken) : undefined
    const isWanted = isServed && within === undefined && across === undefined && isServable(draft)
    if (isWanted && !taken.has(draft.listener.port))
      taken.set(draft.listener.port, { protocol: draft.protocol!, by: `Gateway ${objectName(gateway)}, which is older` })
    const problem = view.portProblem(draft.listener.port, boundTo(gateway, view))
    const accepted =
      problem === undefined || draft.accepted.status === 'False' ? draft.accepted : no('Accepted', 'PortUnavailable', problem)
    const isProgrammed = isWanted && problem === undefined
    const verdicts = withRefusals(draft, listenerVerdicts({ ...draft, accepted }, within ?? across, isProgrammed), view)
    return { ...draft, accepted, key: `gateway/${objectName(gateway)}/${draft.listener.name}`, isWanted, isProgrammed, verdicts }
  })
  return {
    gateway,
    listeners,
    addresses: isServed && listeners.some(({ isProgrammed }) => isProgrammed) ? addressesOf(gateway, view) : [],
    boundTo: boundTo(gateway, view),
    verdicts: gatewayVerdicts(listeners, refused, unusable ?? noAddress(view), withoutEffect(gateway)),
  }
}

/** A listener that has nothing to show, or nobody to attach, is not opened. */
const isServable = ({ protocol, accepted, supportedKinds, certificates }: ListenerDraft): boolean =>
  accepted.status === 'True' && supportedKinds.length > 0 && (protocol !== 'HTTPS' || certificates.length > 0)

interface Conflict {
  readonly reason: 'HostnameConflict' | 'ProtocolConflict'
  readonly message: string
}

function conflictWithin(draft: ListenerDraft, drafts: readonly ListenerDraft[]): Conflict | undefined {
  if (draft.protocol === undefined) return undefined
  const others = drafts.filter((one) => one !== draft && one.protocol !== undefined && one.listener.port === draft.listener.port)
  const otherProtocol = others.find(({ protocol }) => !canShare(protocol!, draft.protocol!))
  if (otherProtocol !== undefined)
    return {
      reason: 'ProtocolConflict',
      message: `Listener ${otherProtocol.listener.name} wants port ${draft.listener.port} for ${otherProtocol.protocol}`,
    }
  const sameHost = others.find(({ hostname }) => hostname === draft.hostname)
  return (
    sameHost && {
      reason: 'HostnameConflict',
      message: `Listener ${sameHost.listener.name} wants the same hosts of port ${draft.listener.port}`,
    }
  )
}

function conflictAcross({ listener, protocol }: ListenerDraft, taken: Taken): Conflict | undefined {
  const port = taken.get(listener.port)
  if (port === undefined || canShare(port.protocol, protocol!)) return undefined
  return {
    reason: 'ProtocolConflict',
    message: `Port ${listener.port} is used for ${port.protocol} by ${port.by}, and all share the router's addresses`,
  }
}

function listenerVerdicts(draft: ListenerDraft, conflict: Conflict | undefined, isProgrammed: boolean): readonly Verdict[] {
  const accepted = conflict === undefined ? draft.accepted : no('Accepted', 'PortUnavailable', conflict.message)
  const conflicted: Verdict =
    conflict === undefined
      ? no('Conflicted', 'NoConflicts', '')
      : { type: 'Conflicted', status: 'True', reason: conflict.reason, message: conflict.message }
  const why = [accepted, draft.resolvedRefs].find(({ status }) => status === 'False')?.message ?? 'The Gateway is not served'
  return [accepted, isProgrammed ? yes('Programmed') : no('Programmed', 'Invalid', why), draft.resolvedRefs, conflicted]
}

/**
 * A certificate that the proxy's program does not take is told of as any other that cannot be used. The listener stays as it is, with the certificates
 * that it has beside, so that a Secret that is mended is tried again.
 */
function withRefusals({ certificates }: ListenerDraft, verdicts: readonly Verdict[], { refusals }: GatewayView): readonly Verdict[] {
  const bad = certificates.find(({ name }) => refusals.has(`certificate ${name}`))
  if (bad === undefined) return verdicts
  const message = `Secret ${bad.name}: ${refusals.get(`certificate ${bad.name}`)}`
  return verdicts.map((verdict) => {
    if (verdict.status !== 'True') return verdict
    if (verdict.type === 'ResolvedRefs') return no('ResolvedRefs', 'InvalidCertificateRef', message)
    return verdict.type === 'Programmed' ? no('Programmed', 'Invalid', message) : verdict
  })
}

/** API docs, ListenerConditionOverlappingTLSConfig: it must be told where browsers could reuse a connection for another listener's host. */
function withOverlap(listener: ListenerJudgement, all: readonly ListenerJudgement[]): ListenerJudgement {
  if (!listener.isProgrammed || listener.protocol !== 'HTTPS') return listener
  const others = all.filter(
    (other) =>
      other !== listener &&
      other.isProgrammed &&
      other.listener.port === listener.listener.port &&
      overlap(other.hostname, listener.hostname),
  )
  if (others.length === 0) return listener
  const message = `Hosts overlap with those of ${others.map(({ listener: { name } }) => name).join(', ')}`
  return {
    ...listener,
    verdicts: [...listener.verdicts, { type: 'OverlappingTLSConfig', status: 'True', reason: 'OverlappingHostnames', message }],
  }
}

/** What is asked for, does no harm where it is not there, and still should not be missed without a word. */
const withoutEffect = ({ spec }: Gateway): string =>
  [
    ...(spec.tls?.backend?.clientCertificateRef === undefined ? [] : ['spec.tls.backend has no effect: backends are reached without TLS']),
    ...((spec.allowedListeners?.namespaces?.from ?? 'None') === 'None'
      ? []
      : ['spec.allowedListeners has no effect: ListenerSets are not read']),
  ].join('. ')

/** Why nothing of a Gateway can be served. */
function refusal({ spec }: Gateway): Verdict | undefined {
  if (spec.infrastructure?.parametersRef !== undefined)
    return no('Accepted', 'InvalidParameters', 'This router takes no parameters: leave spec.infrastructure.parametersRef out')
  const strange = (spec.addresses ?? []).find(({ type = 'IPAddress' }) => type !== 'IPAddress')
  return strange && no('Accepted', 'UnsupportedAddress', `Addresses of type ${strange.type} cannot be given; IPAddress can`)
}

function unusableAddress({ spec }: Gateway, { addresses }: GatewayView): Verdict | undefined {
  const foreign = (spec.addresses ?? []).find(
    ({ value }) => value !== undefined && value !== '' && !addresses.some((own) => isSameAddress(own, value)),
  )
  return foreign && no('Programmed', 'AddressNotUsable', `${foreign.value} is no address of the router; it has ${addresses.join(', ')}`)
}

const noAddress = ({ addresses }: GatewayView): Verdict | undefined =>
  addresses.length > 0 ? undefined : no('Programmed', 'AddressNotAssigned', 'The router has no address yet')

/** Those that were asked for, and all where none was or one without a value. */
function addressesOf({ spec }: Gateway, { addresses }: GatewayView): readonly GatewayAddress[] {
  const wanted = (spec.addresses ?? []).map(({ value = '' }) => value)
  const values = wanted.length === 0 || wanted.includes('') ? addresses : wanted
  return values.map((value) => ({ type: 'IPAddress', value }))
}

/** One without a value leaves the choice to the router. */
function boundTo({ spec }: Gateway, { addresses }: GatewayView): readonly string[] | undefined {
  const wanted = (spec.addresses ?? []).map(({ value = '' }) => value)
  if (wanted.length === 0 || wanted.includes('')) return undefined
  const own = addresses.filter((address) => wanted.some((value) => isSameAddress(address, value)))
  return own.length === addresses.length ? undefined : own
}

/** An IPv6 address may be written in several ways. */
const isSameAddress = (own: string, other: string): boolean => own === other || canonical(own) === canonical(other)

function canonical(address: string): string {
  const bytes = parseIp(address)
  return bytes?.length === 16 ? formatIp(bytes) : address
}

function gatewayVerdicts(
  listeners: readonly Pick<ListenerJudgement, 'listener' | 'isProgrammed' | 'verdicts'>[],
  refused: Verdict | undefined,
  unusable: Verdict | undefined,
  note: string,
): readonly Verdict[] {
  if (refused !== undefined) return [refused, no('Programmed', 'Invalid', refused.message)]
  const bad = listeners.filter(({ verdicts }) => verdicts.some(({ type, status }) => type === 'Accepted' && status === 'False'))
  const accepted: Verdict =
    bad.length === 0
      ? yes('Accepted', 'Accepted', note)
      : {
          type: 'Accepted',
          status: bad.length < listeners.length ? 'True' : 'False',
          reason: 'ListenersNotValid',
          message: [`Not accepted: ${bad.map(({ listener }) => listener.name).join(', ')}`, note].filter((text) => text !== '').join('. '),
        }
  if (unusable !== undefined) return [accepted, unusable]
  const programmed = listeners.some(({ isProgrammed }) => isProgrammed)
    ? yes('Programmed')
    : no('Programmed', 'Invalid', 'None of the listeners can be served: see their conditions')
  return [accepted, programmed]
}
