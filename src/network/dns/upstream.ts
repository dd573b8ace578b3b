import type { Clock, Instant } from '#lib/clock.ts'

/** One exchange with one name server; rejects when it gives no answer in time. */
export type DnsExchange = (server: string, message: Uint8Array, transport: 'udp' | 'tcp') => Promise<Uint8Array>

export interface UpstreamOptions {
  readonly servers: readonly string[]
  readonly exchange: DnsExchange
  readonly clock: Clock
  /** Answers kept; the oldest go first. */
  readonly cacheEntries?: number
  /** Questions on their way at a time; more are refused. */
  readonly pendingLimit?: number
}

/** Reads what the cache has to know of an answer: for how long it may be kept; 0: not at all. */
export type TtlOf = (message: Uint8Array) => number

interface Kept {
  readonly message: Uint8Array
  readonly until: Instant
}

/**
 * Asks the name servers of the machine, one after another, and keeps what they say for as long as they allow. The same question asked by many
 * at once goes out once. Returns undefined when nobody answered.
 */
export function createUpstream(
  { servers, exchange, clock, cacheEntries = 4_096, pendingLimit = 512 }: UpstreamOptions,
  ttlSecondsOf: TtlOf,
) {
  const kept = new Map<string, Kept>()
  const pending = new Map<string, Promise<Uint8Array | undefined>>()

  async function ask(message: Uint8Array): Promise<Uint8Array | undefined> {
    for (const server of servers) {
      try {
        const answer = await exchange(server, message, 'udp')
        // TC: the answer did not fit (RFC 1035, 4.2.1).
        return (answer[2]! & 0x02) !== 0 ? await exchange(server, message, 'tcp') : answer
      } catch {
        // The next server may know; that none did is what the caller tells its client.
      }
    }
    return undefined
  }

  return async (question: string, message: Uint8Array): Promise<Uint8Array | undefined> => {
    const known = kept.get(question)
    if (known && known.until > clock.now()) return withId(known.message, message)
    const running = pending.get(question)
    if (running) return running.then((answer) => answer && withId(answer, message))
    if (pending.size >= pendingLimit) return undefined
    const asked = ask(message).finally(() => pending.delete(question))
    pending.set(question, asked)
    const answer = await asked
    const ttlSeconds = answer ? ttlSecondsOf(answer) : 0
    kept.delete(question)
    if (answer && ttlSeconds > 0) kept.set(question, { message: answer, until: clock.now() + ttlSeconds * 1000 })
    if (kept.size > cacheEntries) kept.delete(kept.keys().next().value!)
    return answer && withId(answer, message)
  }
}

/** Everybody gets the answer under the number of their own question. */
function withId(answer: Uint8Array, question: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(answer)
  copy.set(question.subarray(0, 2), 0)
  return copy
}
