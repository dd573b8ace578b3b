import type { Clock } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { Random } from '#lib/random.ts'
import type { Outbound, OutboundOptions } from '../outbound.ts'
import type { AuditBackend } from './audit.ts'
import { createEventBuffer } from './event-buffer.ts'

/** Where events are sent, in batches of which size, and how late at the most. */
export interface WebhookBackendOptions {
  readonly url: string
  readonly outbound: Outbound
  /** Certificates and token of the connection. */
  readonly connection?: Pick<OutboundOptions, 'caBundle' | 'certificate' | 'key' | 'bearerToken' | 'serverName'>
  readonly clock: Clock
  readonly random: Random
  /** A batch goes out when it is so large, or when its first event has waited so long. The reference's defaults. */
  readonly batchMax?: number
  readonly batchWaitMs?: number
  readonly bufferMax?: number
  readonly onFailure: (error: unknown) => void
}

/**
 * Sends events in batches, as an EventList. One batch is under way at a time; one that fails is tried again with back-off and then dropped,
 * and what finds the buffer full is dropped: audit must not hold up requests.
 */
export function createWebhookBackend(options: WebhookBackendOptions): AuditBackend {
  const { url, outbound, connection, clock, random, onFailure } = options
  const { batchMax = 400, batchWaitMs = 30_000, bufferMax } = options
  const buffer = createEventBuffer(bufferMax)
  let sending: Promise<void> | undefined
  let forget: (() => void) | undefined
  let endPause = (): void => {}
  let closing = false

  async function post(events: readonly string[]): Promise<void> {
    const body = Buffer.from(`{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[${events.join(',')}]}`)
    for (let attempt = 1; ; attempt += 1) {
      try {
        const answer = await outbound(
          { url },
          { ...connection, timeoutMs: 30_000 },
          { method: 'POST', headers: { 'content-type': 'application/json', accept: 'application/json' }, body },
        )
        if (answer.status < 300) return
        throw new WherryError('ServiceUnavailable', `the audit webhook answered ${answer.status}`)
      } catch (error) {
        if (attempt >= attemptsMax || closing) {
          buffer.lose(events.length)
          onFailure(error)
          return
        }
        await pause(attempt)
      }
    }
  }

  const pause = (attempt: number): Promise<void> =>
    new Promise((resolve) => {
      const pauseMs = firstRetryMs * 2 ** (attempt - 1) * (1 + retryJitter * random.next())
      const forgetPause = clock.schedule(clock.now() + pauseMs, resolve)
      endPause = () => {
        forgetPause()
        resolve()
      }
    })

  function flush(): void {
    forget?.()
    forget = undefined
    if (sending !== undefined || buffer.length === 0) return
    sending = post(buffer.take(batchMax)).then(() => {
      sending = undefined
      if (buffer.length >= batchMax || closing) flush()
      else wait()
    })
  }

  function wait(): void {
    if (buffer.length > 0) forget ??= clock.schedule(clock.now() + batchWaitMs, flush)
  }

  return {
    name: 'webhook',
    get dropped() {
      return buffer.dropped
    },
    send(event) {
      if (!buffer.offer(event)) return
      if (buffer.length >= batchMax) flush()
      else wait()
    },
    async close() {
      closing = true
      // Its last try is made now: nobody waits for the end of a server that long.
      endPause()
      flush()
      while (sending !== undefined) await sending
    },
  }
}

const attemptsMax = 5
const firstRetryMs = 10_000
/** Servers that lost the same webhook together must not come back together. The reference's. */
const retryJitter = 0.2
