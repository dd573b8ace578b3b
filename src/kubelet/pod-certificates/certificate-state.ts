import type { PodCertificateRequest } from '#api/certificates/v1beta1/types.ts'
import type { Instant } from '#lib/clock.ts'
import { pemBlocks } from '#lib/pkcs10.ts'
import { quote } from '#schema/go-text.ts'

/** How far one source of a pod's volume is. */
export type CertificateState =
  | { readonly phase: 'initial' }
  | { readonly phase: 'waiting'; readonly pending: Pending }
  | { readonly phase: 'denied' | 'failed'; readonly reason: string; readonly message: string }
  | ({ readonly phase: 'fresh' } & Issued)
  | ({ readonly phase: 'refreshing'; readonly pending: Pending } & Issued)

/** A request that is under way, and the key that it is for. */
export interface Pending {
  /** PEM. */
  readonly key: string
  readonly requestName: string
  /** From then on a request that is not there was deleted, and not only late. */
  readonly abandonAt: Instant
}

/** PEM: a private key (PKCS #8), and its certificate with those that lead to its authority. */
export interface Credential {
  readonly key: string
  readonly chain: string
}

interface Issued {
  readonly credential: Credential
  readonly refreshAt: Instant
  readonly notAfter: Instant
  /** Reasons of the events that were told of it. */
  readonly told: readonly string[]
}

/** What is to be done for one certificate now, and when to look again. */
export interface Step {
  readonly state: CertificateState
  /** Whether a request is to be sent now. */
  readonly asks: boolean
  readonly events: readonly { readonly reason: string; readonly message: string }[]
  /** When waiting alone would change the answer. */
  readonly wakeAt: Instant
}

/** A request that nobody sees for so long is gone, and a certificate that is not renewed for so long is overdue (pkg/kubelet/podcertificate). */
const abandonMs = 10 * 60_000
const overdueMs = 10 * 60_000
/** Spreads what many pods of a node do at the same times: to be drawn below it. */
export const jitterMaxMs = 5 * 60_000

/** The same source with a request under way. `createdAt`: of the request. */
export function withRequest(
  state: CertificateState,
  key: string,
  requestName: string,
  createdAt: Instant,
  jitterMs: number,
): CertificateState {
  const pending = { key, requestName, abandonAt: createdAt + abandonMs + jitterMs }
  return state.phase === 'fresh' || state.phase === 'refreshing'
    ? { ...state, phase: 'refreshing', pending }
    : { phase: 'waiting', pending }
}

/** What follows from the time and from what has become of the request; undefined: there is none. */
export function nextStep(state: CertificateState, request: PodCertificateRequest | undefined, now: Instant, jitterMs: number): Step {
  switch (state.phase) {
    case 'initial':
      return { state, asks: true, events: [], wakeAt: Infinity }
    case 'denied':
    case 'failed':
      return { state, asks: false, events: [], wakeAt: Infinity }
    case 'fresh': {
      if (now < state.refreshAt) return { state, asks: false, events: [], wakeAt: state.refreshAt }
      const late = lateness(state, now)
      return { state: { ...state, told: late.told }, asks: true, events: late.events, wakeAt: late.wakeAt }
    }
    case 'waiting': {
      if (request !== undefined) return ended(state.pending, request, jitterMs) ?? { state, asks: false, events: [], wakeAt: Infinity }
      return now > state.pending.abandonAt
        ? { state: { phase: 'initial' }, asks: true, events: [], wakeAt: Infinity }
        : { state, asks: false, events: [], wakeAt: state.pending.abandonAt + 1 }
    }
    case 'refreshing': {
      const end = request && ended(state.pending, request, jitterMs)
      if (end !== undefined) return end
      const late = lateness(state, now)
      const { pending, ...issued } = { ...state, told: late.told }
      if (request === undefined && now > pending.abandonAt)
        return { state: { ...issued, phase: 'fresh' }, asks: true, events: late.events, wakeAt: late.wakeAt }
      const wakeAt = request === undefined ? Math.min(late.wakeAt, pending.abandonAt + 1) : late.wakeAt
      return { state: { ...issued, phase: 'refreshing', pending }, asks: false, events: late.events, wakeAt }
    }
  }
}

/** How metrics call the state (`kubelet_pod_certificate_states`). */
export function stateName(state: CertificateState, now: Instant): string {
  if (state.phase === 'denied' || state.phase === 'failed') return state.phase
  if (state.phase !== 'fresh' && state.phase !== 'refreshing') return 'not_yet_issued'
  if (now > state.notAfter) return 'expired'
  return now > state.refreshAt + overdueMs ? 'overdue_for_refresh' : 'fresh'
}

/** The first end that the request came to; undefined: it has none yet. */
function ended({ key }: Pending, { metadata, status }: PodCertificateRequest, jitterMs: number): Step | undefined {
  const condition = (status.conditions ?? []).find(({ type }) => ['Denied', 'Failed', 'Issued'].includes(type))
  if (condition === undefined) return undefined
  const { type, reason, message } = condition
  if (type === 'Issued') {
    const refreshAt = Date.parse(status.beginRefreshAt ?? '') + jitterMs
    const notAfter = Date.parse(status.notAfter ?? '')
    const credential = { key, chain: cleanChain(status.certificateChain ?? '') }
    return { state: { phase: 'fresh', credential, refreshAt, notAfter, told: [] }, asks: false, events: [], wakeAt: refreshAt }
  }
  const name = `${metadata?.namespace}/${metadata?.name}`
  const words = type === 'Denied' ? 'was denied' : 'failed'
  return {
    state: { phase: type === 'Denied' ? 'denied' : 'failed', reason, message },
    asks: false,
    events: [{ reason: type, message: `PodCertificateRequest ${name} ${words}, reason=${quote(reason)}, message=${quote(message ?? '')}` }],
    wakeAt: Infinity,
  }
}

/** What is to be told of a certificate that is not renewed in time, each once. */
function lateness({ refreshAt, notAfter, told }: Issued, now: Instant): Pick<Step, 'events' | 'wakeAt'> & Pick<Issued, 'told'> {
  const due = [
    { reason: 'CertificateOverdueForRefresh', message: 'PodCertificate refresh overdue', at: refreshAt + overdueMs },
    { reason: 'CertificateExpired', message: 'PodCertificate expired', at: notAfter },
  ].filter(({ reason }) => !told.includes(reason))
  const events = due.filter(({ at }) => now > at).map(({ reason, message }) => ({ reason, message }))
  return {
    events,
    told: [...told, ...events.map(({ reason }) => reason)],
    wakeAt: Math.min(...due.filter(({ at }) => now <= at).map(({ at }) => at + 1)),
  }
}

/** The blocks alone: neither what stands between them nor headers. */
const cleanChain = (text: string): string =>
  pemBlocks(text)
    .map(({ content }) => pemOf('CERTIFICATE', content))
    .join('')

/** One block as Go writes it (RFC 7468). */
export const pemOf = (type: string, content: Uint8Array): string =>
  `-----BEGIN ${type}-----\n${Buffer.from(content)
    .toString('base64')
    .replace(/.{1,64}/g, '$&\n')}-----END ${type}-----\n`
