import type { Clock } from '#lib/clock.ts'
import type { Cidr } from '#schema/ip.ts'
import { resolveInCluster, type ZoneView } from './cluster-zone.ts'
import { encodeAnswer } from './encode-answer.ts'
import type { Forwarded, Forwarder } from './forwarder.ts'
import { resolveInHosts } from './hosts.ts'
import { addressRecords, type LocalAnswer, own, startOfAuthority } from './local-answer.ts'
import type { Served } from './metrics.ts'
import { labelsOf, nameOf } from './name.ts'
import { anyType, classIn, flags, isMetaType, rcodes, typeName } from './numbers.ts'
import { createOwnAnswers, type OwnAnswers } from './own-answers.ts'
import { keyOf, labelsOfKey, type Query, readQuery } from './query.ts'
import type { DnsRecord } from './record.ts'
import { recordsOf } from './response.ts'
import { resolveOwnRange, resolveReverse } from './reverse-zone.ts'
import { type DnsSettings, rewritten } from './settings.ts'
import { fit, limitOf, refuse, type StoredAnswer } from './stored-answer.ts'
import type { Question } from './upstream.ts'

/** Who asks, and how. */
export interface DnsClient {
  readonly transport: 'udp' | 'tcp'
  readonly address: string
}

/**
 * Answers one DNS message. Undefined: what came is no question, and gets no answer. A promise only where somebody else has to be asked: what the cluster knows
 * is answered at once.
 */
export type DnsHandler = (message: Uint8Array, client: DnsClient) => Uint8Array | undefined | Promise<Uint8Array | undefined>

export interface NameServerOptions {
  readonly view: ZoneView
  readonly forwarder: Forwarder
  readonly settings: () => DnsSettings
  /** Ranges of pods and Services: of their reverse names nobody else knows. */
  readonly ownRanges: readonly Cidr[]
  /** Whose questions are answered. */
  readonly isClient: (address: string) => boolean
  /** Whether everything that `view` shows is known; after a start that takes a moment. */
  readonly isReady: () => boolean
  /** Resolves when it is, or false when that takes too long. */
  readonly ready: () => Promise<boolean>
  /** Whether `settings` are what users wrote, or were waited for long enough; before that, nobody knows who is to be asked for which name. */
  readonly isSettled: () => boolean
  /** Resolves when they are. */
  readonly settled: () => Promise<unknown>
  readonly clock: Pick<Clock, 'monotonicMs'>
  readonly ownAnswers?: OwnAnswers
  readonly served?: (served: Served) => void
}

/** Questions that wait for caches or settings after a start; a flood is answered instead of being kept. */
const waitingMax = 4_096
/** Names that stand for others, one after the other; more is taken for a circle. */
const linksMax = 8

/**
 * The cluster's names from `view`, names that the settings give addresses or other names, and all others from other servers. Answers that are made here are
 * kept as bytes in `ownAnswers`; whoever changes the view forgets them there.
 */
export function createNameServer(options: NameServerOptions): DnsHandler {
  const { view, forwarder, isClient, isReady, clock, served } = options
  const ownAnswers = options.ownAnswers ?? createOwnAnswers()
  const domain = labelsOf(view.domain)
  let turn = 0
  let waiting = 0

  function handle(message: Uint8Array, client: DnsClient): Uint8Array | undefined | Promise<Uint8Array | undefined> {
    const startedMs = served === undefined ? 0 : clock.monotonicMs()
    const query = readQuery(message)
    if (query === undefined) return undefined
    if (!isClient(client.address)) return refuse(query, rcodes.REFUSED)
    if ('rcode' in query) return refuse(query, query.rcode)
    const finish = (made: Made): Uint8Array => {
      turn = (turn + 1) & 0xffff
      const out =
        'refusal' in made ? refuse(query, made.refusal) : fit(made.answer, query, limitOf(query, client.transport), made.ageSeconds, turn)
      served?.({
        isCluster: 'answer' in made && made.isOwn,
        transport: client.transport,
        isV6: client.address.includes(':'),
        type: query.type,
        isDnssecOk: query.edns?.isDnssecOk === true,
        requestBytes: query.sizeBytes,
        responseBytes: out.length,
        rcode: 'refusal' in made ? made.refusal : made.answer.rcode,
        seconds: (clock.monotonicMs() - startedMs) / 1000,
      })
      return out
    }
    if (query.edns !== undefined && query.edns.version > 0) return finish({ refusal: rcodes.BADVERS })
    const kept = ownAnswers.get(query.key)
    if (kept !== undefined) return finish({ answer: kept, ageSeconds: 0, isOwn: true })
    const made = make(query, client)
    return made instanceof Promise ? made.then(finish) : finish(made)
  }

  function make(query: Query, client: DnsClient): Made | Promise<Made> {
    if (query.class !== classIn || (isMetaType(query.type) && query.type !== anyType)) return { refusal: rcodes.REFUSED }
    const labels = labelsOfKey(query.key)
    if (query.type === anyType) return { answer: minimal(query, nameOf(labels)), ageSeconds: 0, isOwn: true }
    if (options.isSettled()) return makeBySettings(query, labels, client)
    return waited(() => options.settled().then(() => true)).then((isKnown) =>
      isKnown ? makeBySettings(query, labels, client) : { refusal: rcodes.SERVFAIL },
    )
  }

  function makeBySettings(query: Query, labels: readonly string[], client: DnsClient): Made | Promise<Made> {
    if (!isReady() && isOfCaches(labels))
      return waited(options.ready).then((isFull) => (isFull ? resolve(query, labels, client) : { refusal: rcodes.SERVFAIL }))
    return resolve(query, labels, client)
  }

  /** False: it did not come about in time, or too many wait already. */
  async function waited(until: () => Promise<boolean>): Promise<boolean> {
    if (waiting >= waitingMax) return false
    waiting += 1
    try {
      return await until()
    } finally {
      waiting -= 1
    }
  }

  function resolve(query: Query, labels: readonly string[], client: DnsClient): Made | Promise<Made> {
    const name = nameOf(labels)
    const type = typeName(query.type)
    const local = locally(name, labels, type)
    if (local === undefined) {
      if (forwarder.isOwnProbe(query.key)) return { refusal: rcodes.REFUSED }
      const forwarded = forwarder.resolve(name, questionOf(query, query.key), client.address)
      return forwarded instanceof Promise ? forwarded.then(madeOf) : madeOf(forwarded)
    }
    if (targetOf(local, type) !== undefined) return follow(query, local, name, type, client)
    const answer = encode(query, local, [])
    if (local.owner !== undefined) ownAnswers.put(query.key, local.owner, answer)
    return { answer, ageSeconds: 0, isOwn: true }
  }

  /** An alias is answered with what it leads to, so that a simple client need not ask again (RFC 1034, 4.3.2). */
  async function follow(query: Query, first: LocalAnswer, name: string, type: string, client: DnsClient): Promise<Made> {
    const answers: DnsRecord[] = []
    const seen = new Set([name])
    let local = first
    for (;;) {
      const target = targetOf(local, type)
      if (target === undefined) return { answer: encode(query, local, answers), ageSeconds: 0, isOwn: true }
      answers.push(...local.answers)
      if (seen.has(target) || seen.size > linksMax) return failed(query, answers)
      seen.add(target)
      const labels = labelsOf(target)
      if (!isReady() && isOfCaches(labels) && !(await waited(options.ready))) return failed(query, answers)
      const next = locally(target, labels, type)
      if (next === undefined) {
        const forwarded = await forwarder.resolve(target, questionOf(query, keyOf(labels, query.type)), client.address)
        return forwarded === undefined ? failed(query, answers) : joined(query, answers, forwarded)
      }
      local = next
    }
  }

  function locally(name: string, labels: readonly string[], type: string): LocalAnswer | undefined {
    const { rewrites, hosts } = options.settings()
    const hosted = resolveInHosts(name, type, hosts)
    if (hosted !== undefined) return hosted
    const target = rewritten(name, rewrites)
    if (target !== undefined)
      return { exists: true, answers: [own(name, { type: 'CNAME', target })], additionals: [], zone: undefined, owner: undefined }
    if (endsWith(labels, domain))
      return forwarder.isStub(name) ? undefined : resolveInCluster(labels.slice(0, labels.length - domain.length), type, view)
    switch (labels.at(-1)) {
      case 'arpa': {
        const reverse = resolveReverse(labels, type, view)
        return reverse ?? (forwarder.isStub(name) ? undefined : resolveOwnRange(labels, options.ownRanges))
      }
      // Nobody is to be asked for these (RFC 6761, 6.3 and 6.4).
      case 'localhost':
        return { exists: true, answers: addressRecords(name, type, ['127.0.0.1', '::1']), additionals: [], zone: undefined, owner: '' }
      case 'invalid':
        return { exists: false, answers: [], additionals: [], zone: undefined, owner: undefined }
      default:
        return undefined
    }
  }

  const isOfCaches = (labels: readonly string[]): boolean => labels.at(-1) === 'arpa' || endsWith(labels, domain)

  function encode(query: Query, local: LocalAnswer, before: readonly DnsRecord[]): StoredAnswer {
    return encodeAnswer(query.key, {
      // The code is that of the last name (RFC 6604, 3).
      rcode: local.exists ? rcodes.NOERROR : rcodes.NXDOMAIN,
      isAuthoritative: true,
      answers: [...before, ...local.answers],
      authorities: local.answers.length === 0 && local.zone !== undefined ? [startOfAuthority(local.zone, view.domain)] : [],
      additionals: local.additionals,
    })
  }

  return handle
}

/** What a question comes to. */
type Made = { readonly answer: StoredAnswer; readonly ageSeconds: number; readonly isOwn: boolean } | { readonly refusal: number }

const madeOf = (forwarded: Forwarded | undefined): Made =>
  forwarded === undefined ? { refusal: rcodes.SERVFAIL } : { answer: forwarded.response, ageSeconds: forwarded.ageSeconds, isOwn: false }

const questionOf = (query: Query, key: string): Question => ({
  key,
  isDnssecOk: query.edns?.isDnssecOk === true,
  isCheckingDisabled: (query.flags & flags.CD) !== 0,
})

/** Where an answer leads on; undefined: it is the last, or the alias itself is asked for. */
const targetOf = ({ answers: [first] }: LocalAnswer, type: string): string | undefined =>
  first?.type === 'CNAME' && type !== 'CNAME' ? first.target : undefined

function joined(query: Query, answers: readonly DnsRecord[], { response, ageSeconds }: Forwarded): Made {
  const answer = encodeAnswer(query.key, {
    rcode: response.rcode,
    isAuthoritative: true,
    answers: [...answers, ...recordsOf(response, 'answers', ageSeconds)],
    authorities: recordsOf(response, 'authorities', ageSeconds),
  })
  return { answer, ageSeconds: 0, isOwn: true }
}

/** It leads nowhere: in a circle, too far, or to where nobody answers. */
const failed = (query: Query, answers: readonly DnsRecord[]): Made => ({
  answer: encodeAnswer(query.key, { rcode: rcodes.SERVFAIL, isAuthoritative: false, answers }),
  ageSeconds: 0,
  isOwn: true,
})

/** Questions for every type there is are for amplification or out of curiosity: one small record says that they are no longer answered (RFC 8482, 4.2). */
const minimal = (query: Query, name: string): StoredAnswer =>
  encodeAnswer(query.key, {
    rcode: rcodes.NOERROR,
    isAuthoritative: true,
    answers: [{ name, ttlSeconds: anyTtlSeconds, type: 'HINFO', cpu: 'RFC8482', os: '' }],
  })

/** It is never another (RFC 8482, 4.2 suggests that it be long). */
const anyTtlSeconds = 3_600

const endsWith = (labels: readonly string[], domain: readonly string[]): boolean =>
  labels.length >= domain.length && domain.every((label, i) => label === labels[labels.length - domain.length + i])
