import type { Clock } from '#lib/clock.ts'
import type { Log } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'
import { createForwardCache } from './forward-cache.ts'
import { isWithin } from './name.ts'
import { rcodes } from './numbers.ts'
import type { Response } from './response.ts'
import type { DnsSettings } from './settings.ts'
import { createUpstream, type DnsExchange, type Question, type Upstream } from './upstream.ts'

/** An answer of another server, and how old it is. */
export interface Forwarded {
  readonly response: Response
  readonly ageSeconds: number
}

/** Finds out what other servers say. */
export interface Forwarder {
  /** `client`: who waits for it. Undefined: nobody could be asked, or too much is asked already. */
  resolve(name: string, question: Question, client: string): Forwarded | Promise<Forwarded | undefined>
  /** Whether the settings name servers for this name. */
  isStub(name: string): boolean
  isOwnProbe(key: string): boolean
  /** Which servers to ask from now on. What others said before is forgotten. */
  use(settings: Pick<DnsSettings, 'stubDomains' | 'upstreamNameservers'>): void
  readonly cached: { readonly size: number; readonly sizeBytes: number }
  close(): void
}

export interface ForwarderOptions {
  readonly exchange: DnsExchange
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly cacheBytes?: number
  readonly metrics?: ForwarderMetrics
}

/** What is counted. */
export interface ForwarderMetrics {
  cacheHit(type: 'success' | 'denial'): void
  cacheMiss(): void
  servedStale(): void
  answered(server: string, rcode: number, seconds: number): void
  failed(server: string): void
  rejected(): void
}

/** Clients that wait, all together and of one address: a pod that asks without end does not take the way from the others. */
const waitingMax = 4_096
const waitingOfOneMax = 512
/** Questions on their way. */
const pendingMax = 1_024
/** The longest for which an answer is kept, and one that says that there is nothing: what is made outside is to be found soon. */
const [keptSecondsMax, deniedSecondsMax] = [3_600, 30]
/** A failure is not asked for again at once (RFC 9520). */
const failedSeconds = 1
/** How long after its time an answer still helps when no server answers, and for how long clients may then keep it (RFC 8767, 4 and 5). */
const staleMs = 3_600_000
const staleTtlSeconds = 30

/**
 * Asks the servers of the longest stub domain that fits, else the upstream servers. Keeps answers for as long as they allow; the same question asked by
 * many goes out once. When no server answers, what one said within the last hour counts: a node often has a single server to ask, and what
 * runs should outlive its outage. Nothing is asked for before somebody wants it: idle costs nothing.
 */
export function createForwarder(options: ForwarderOptions): Forwarder {
  const { clock, metrics } = options
  const cache = createForwardCache(options.cacheBytes)
  const pending = new Map<string, Promise<Forwarded | undefined>>()
  const waiting = new Map<string, number>()
  let waitingAll = 0
  let stubs: readonly { readonly domain: string; readonly upstream: Upstream }[] = []
  let upstream = upstreamOf([])
  /** Each `use` begins an age of its own: an answer to a question of the age before is not kept. */
  let age = 0

  function upstreamOf(servers: readonly string[]): Upstream {
    const { exchange, random, log } = options
    return createUpstream({
      servers,
      exchange,
      clock,
      random,
      log,
      ...(metrics && { answered: metrics.answered, failed: metrics.failed }),
    })
  }

  function resolve(name: string, question: Question, client: string): Forwarded | Promise<Forwarded | undefined> {
    const key = cacheKeyOf(question)
    // What has passed counts, whatever became of the time of day: by a clock that was set back, answers would be kept for hours.
    const nowMs = clock.monotonicMs()
    const kept = cache.get(key)
    if (kept !== undefined && nowMs < kept.untilMs) {
      metrics?.cacheHit(kept.response.isDenial ? 'denial' : 'success')
      return { response: kept.response, ageSeconds: Math.max(0, Math.floor((nowMs - kept.keptAtMs) / 1000)) }
    }
    metrics?.cacheMiss()
    const ofClient = waiting.get(client) ?? 0
    if (ofClient >= waitingOfOneMax || waitingAll >= waitingMax || (pending.size >= pendingMax && !pending.has(key))) {
      metrics?.rejected()
      return Promise.resolve(undefined)
    }
    waitingAll += 1
    waiting.set(client, ofClient + 1)
    let running = pending.get(key)
    if (running === undefined) {
      running = ask(name, question, key).finally(() => pending.delete(key))
      pending.set(key, running)
    }
    return running.finally(() => {
      waitingAll -= 1
      const left = waiting.get(client)! - 1
      if (left === 0) waiting.delete(client)
      else waiting.set(client, left)
    })
  }

  async function ask(name: string, question: Question, key: string): Promise<Forwarded | undefined> {
    const asked = age
    const to = stubs.find(({ domain }) => isWithin(name, domain))?.upstream ?? upstream
    const response = await to.ask(question)
    const isWord = response !== undefined && (response.rcode === rcodes.NOERROR || response.rcode === rcodes.NXDOMAIN)
    if (!isWord) {
      const stale = staleAnswer(key)
      if (stale !== undefined) return stale
    }
    if (response === undefined) return undefined
    const ttlSeconds = isWord ? Math.min(response.ttlSeconds, response.isDenial ? deniedSecondsMax : keptSecondsMax) : failedSeconds
    // A part of an answer is for who asked, and for nobody else.
    if (ttlSeconds > 0 && !response.isTruncated && asked === age) cache.put(key, response, clock.monotonicMs(), ttlSeconds)
    return { response, ageSeconds: 0 }
  }

  function staleAnswer(key: string): Forwarded | undefined {
    const kept = cache.get(key)
    if (kept === undefined || kept.response.rcode !== rcodes.NOERROR || kept.response.isDenial) return undefined
    if (clock.monotonicMs() >= kept.untilMs + staleMs) return undefined
    metrics?.servedStale()
    return { response: withTtl(kept.response, staleTtlSeconds), ageSeconds: 0 }
  }

  return {
    resolve,
    isStub: (name) => stubs.some(({ domain }) => isWithin(name, domain)),
    isOwnProbe: (key) => upstream.isOwnProbe(key) || stubs.some((stub) => stub.upstream.isOwnProbe(key)),
    use({ stubDomains, upstreamNameservers }) {
      // What is on its way may still arrive: who waits for it gets it.
      age += 1
      upstream = upstreamOf(upstreamNameservers)
      stubs = stubDomains.map(({ domain, servers }) => ({ domain, upstream: upstreamOf(servers) }))
      cache.clear()
    },
    cached: cache,
    close() {
      for (const old of [upstream, ...stubs.map((stub) => stub.upstream)]) old.close()
    },
  }
}

/** DO and CD change what a server answers (RFC 4035, 3.2). */
const cacheKeyOf = ({ key, isDnssecOk, isCheckingDisabled }: Question): string =>
  isDnssecOk || isCheckingDisabled ? `${key}${isDnssecOk ? 'D' : ''}${isCheckingDisabled ? 'C' : ''}` : key

function withTtl(response: Response, ttlSeconds: number): Response {
  const bytes = Buffer.from(response.bytes)
  for (const at of response.ttls) bytes.writeUInt32BE(ttlSeconds, at)
  return { ...response, bytes }
}
