import type { Clock } from '../clock.ts'
import type { Span } from './span.ts'
import type { TraceExport } from './trace-export.ts'

/** Spans on their way out. Whoever hands one over never waits for the collector. */
export interface SpanQueue {
  keep(span: Span): void
  /** Spans that could not be kept or sent. */
  readonly dropped: number
  /** Sends what is left, and ends what the export holds open. */
  close(): Promise<void>
}

export interface SpanQueueOptions {
  readonly send: TraceExport
  readonly clock: Clock
  /** The collector did not take a batch. */
  readonly onFailure: (error: unknown) => void
  /** Hears of each loss: `full` where there was no room, `refused` where the collector did not take them. */
  readonly onDropped?: (spans: number, why: 'full' | 'refused') => void
  /** How long the last spans may take at the end; absent: as long as the export lets them. */
  readonly closeMs?: number
}

/** Sends spans in batches; those that find no room, or that the collector does not take, are counted and dropped. */
export function createSpanQueue({ send, clock, onFailure, onDropped, closeMs = Infinity }: SpanQueueOptions): SpanQueue {
  let waiting: Span[] = []
  let dropped = 0
  let sending: Promise<void> | undefined
  let forget: (() => void) | undefined
  let isClosed = false

  function drop(spans: number, why: 'full' | 'refused'): void {
    dropped += spans
    onDropped?.(spans, why)
  }

  function flush(): void {
    forget?.()
    forget = undefined
    if (sending !== undefined || waiting.length === 0) return
    const batch = waiting
    waiting = []
    sending = send(batch)
      .catch((error: unknown) => {
        drop(batch.length, 'refused')
        onFailure(error)
      })
      .finally(() => {
        sending = undefined
        if (waiting.length >= batchMax) flush()
        else if (waiting.length > 0) forget ??= clock.schedule(clock.now() + batchWaitMs, flush)
      })
  }

  async function sendRest(): Promise<void> {
    flush()
    await sending
    flush()
    await sending
  }

  return {
    get dropped() {
      return dropped
    },
    keep(span) {
      if (isClosed || waiting.length >= waitingMax) return drop(1, 'full')
      waiting.push(span)
      if (waiting.length >= batchMax) flush()
      else forget ??= clock.schedule(clock.now() + batchWaitMs, flush)
    },
    async close() {
      const late = Promise.withResolvers<void>()
      const forgetLate = clock.schedule(clock.now() + closeMs, late.resolve)
      await Promise.race([sendRest(), late.promise])
      isClosed = true
      forgetLate()
      forget?.()
      if (waiting.length > 0) drop(waiting.length, 'refused')
      waiting = []
      send.close?.()
    },
  }
}

const waitingMax = 4_096
const batchMax = 512
const batchWaitMs = 5_000
