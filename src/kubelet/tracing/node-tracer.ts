import type { Clock } from '#lib/clock.ts'
import { formatDurationMs } from '#lib/duration.ts'
import type { Log } from '#lib/log.ts'
import type { Registry } from '#lib/metrics/registry.ts'
import type { Random } from '#lib/random.ts'
import { type ActiveSpan, beginTrace, type SpanOptions, spanOf } from '#lib/tracing/active-span.ts'
import { isSampled } from '#lib/tracing/span.ts'
import { createSpanQueue } from '#lib/tracing/span-queue.ts'
import type { TraceExport } from '#lib/tracing/trace-export.ts'
import { parseTraceparent } from '#lib/tracing/traceparent.ts'

/** Traces of what this node does. Where none are configured there is no tracer, and nothing is asked of chance. */
export interface NodeTracer {
  /** A trace of its own, if chance chooses it. */
  begin(name: string, options?: SpanOptions): ActiveSpan | undefined
  /** For a caller: who brings a decision (W3C traceparent) has decided, for others chance does. */
  beginFor(traceparent: string | undefined, name: string, options?: SpanOptions): ActiveSpan | undefined
  /** `act` as a trace of its own, if chance chooses it. */
  trace<T>(name: string, act: () => Promise<T>): Promise<T>
  /** Sends what is left, for as long as an agent that ends can wait. */
  close(): Promise<void>
}

export interface NodeTracerOptions {
  readonly send: TraceExport
  readonly samplingRatePerMillion: number
  readonly clock: Clock
  readonly random: Random
  readonly registry: Registry
  readonly log: Log
}

export function createNodeTracer({ send, samplingRatePerMillion, clock, random, registry, log }: NodeTracerOptions): NodeTracer {
  const lost = registry.counter({
    name: 'wherry_dropped_spans_total',
    help: 'Cumulative number of spans that did not reach the collector of traces: no room for them, or it did not take them.',
    stability: 'ALPHA',
    labels: ['reason'],
  })
  /** Since when the collector takes nothing. Told when it begins and when it is over, not for each batch. */
  let failingSinceMs: number | undefined
  const heard: TraceExport = Object.assign(
    async (spans: Parameters<TraceExport>[0]) => {
      await send(spans)
      if (failingSinceMs === undefined) return
      log.info('traces reach their collector again', {
        dropped: queue.dropped,
        after: formatDurationMs(clock.monotonicMs() - failingSinceMs),
      })
      failingSinceMs = undefined
    },
    { close: () => send.close?.() },
  )
  const queue = createSpanQueue({
    send: heard,
    clock,
    closeMs,
    onDropped: (spans, why) => lost.of(why).inc(spans),
    onFailure(error) {
      if (failingSinceMs === undefined) log.warn('traces are lost, since their collector does not take them', { error })
      failingSinceMs ??= clock.monotonicMs()
    },
  })
  const means = { clock, random, keep: queue.keep }
  const isChosen = (): boolean => isSampled(random, samplingRatePerMillion)
  const begin: NodeTracer['begin'] = (name, options) => (isChosen() ? beginTrace(means, name, options) : undefined)

  return {
    begin,
    beginFor(traceparent, name, options) {
      const parent = parseTraceparent(traceparent)
      if (parent === undefined) return begin(name, options)
      return parent.isSampled ? beginTrace(means, name, { ...options, parent }) : undefined
    },
    trace(name, act) {
      const span = begin(name)
      return span === undefined ? act() : spanOf(span, act)
    },
    close: () => queue.close(),
  }
}

/** Whoever stops an agent waits for it. */
const closeMs = 2_000
