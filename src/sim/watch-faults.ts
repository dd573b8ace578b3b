import type { Clock } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'

/** Asked anew for each event. */
export interface WatchFaults {
  delayMs(): number
  isRepeated(): boolean
}

export interface OpenWatch {
  /** Loses what is on its way. */
  breakOff(how: 'closed' | 'expired'): void
}

/**
 * The body of a watch, event by event, as a bad network brings it: late, but in order; some events again; broken off at any time. Events wait
 * on the way, not at the server: a late watch holds back nothing else.
 */
export function watchWithFaults(
  source: AsyncIterable<Uint8Array>,
  clock: Clock,
  faults: WatchFaults,
): OpenWatch & { body(onEnd: () => void): AsyncGenerator<Uint8Array> } {
  const onWay: { readonly line: Uint8Array; readonly at: number }[] = []
  let broken: 'closed' | 'expired' | undefined
  let ended = false
  let failure: { readonly error: unknown } | undefined
  let wake = () => {}
  let lastAt = 0

  async function pump(iterator: AsyncIterator<Uint8Array>): Promise<void> {
    let rest: Uint8Array = new Uint8Array()
    const seen: Uint8Array[] = []
    try {
      for (;;) {
        const { done, value } = await iterator.next()
        if (done) break
        const bytes: Uint8Array = rest.length === 0 ? value : Buffer.concat([rest, value])
        let start = 0
        for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, start)) {
          const line = bytes.subarray(start, end + 1)
          start = end + 1
          lastAt = Math.max(lastAt, clock.now() + faults.delayMs())
          onWay.push({ line, at: lastAt })
          if (faults.isRepeated()) onWay.push({ line: seen[0] ?? line, at: lastAt })
          if (faults.isRepeated()) onWay.push({ line, at: lastAt })
          seen.push(line)
          if (seen.length > 3) seen.shift()
        }
        rest = bytes.subarray(start)
        wake()
      }
    } catch (error) {
      failure = { error }
    }
    ended = true
    wake()
  }

  async function* body(onEnd: () => void): AsyncGenerator<Uint8Array> {
    const iterator = source[Symbol.asyncIterator]()
    void pump(iterator)
    try {
      for (;;) {
        if (broken === 'expired') {
          yield expired
          return
        }
        if (broken === 'closed') throw new WherryError('ServiceUnavailable', 'simulated: the connection was closed')
        const next = onWay[0]
        if (next !== undefined && next.at <= clock.now()) {
          onWay.shift()
          yield next.line
          continue
        }
        if (next === undefined && failure !== undefined) throw failure.error
        if (next === undefined && ended) return
        const woken = Promise.withResolvers<void>()
        const forget = next === undefined ? () => {} : clock.schedule(next.at, woken.resolve)
        wake = woken.resolve
        await woken.promise
        forget()
      }
    } finally {
      onEnd()
      if (!ended) void iterator.return?.()?.catch(() => undefined)
    }
  }

  return {
    body,
    breakOff(how) {
      broken = how
      wake()
    },
  }
}

const newline = 0x0a

const expired = new TextEncoder().encode(
  `${JSON.stringify({
    type: 'ERROR',
    object: {
      kind: 'Status',
      apiVersion: 'v1',
      status: 'Failure',
      reason: 'Expired',
      code: 410,
      message: 'simulated: too old resource version',
    },
  })}\n`,
)
