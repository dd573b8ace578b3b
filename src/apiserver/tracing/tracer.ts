import { AsyncLocalStorage } from 'node:async_hooks'
import type { Clock } from '#lib/clock.ts'
import type { Random } from '#lib/random.ts'
import type { RequestRecord } from '../request-record.ts'
import type { Span } from './otlp.ts'
import { parseTraceparent } from './traceparent.ts'

/** Takes spans away. Rejects when the collector did not take them. */
export type TraceExport = ((spans: readonly Span[]) => Promise<void>) & {
  /** Ends what it holds open. */
  readonly close?: () => void
}

/** How many requests are traced, and where their spans go. */
export interface TracerOptions {
  readonly send: TraceExport
  readonly clock: Clock
  readonly random: Random
  /** Of requests that come without a decision, so many of a million are traced. */
  readonly samplingRatePerMillion: number
  readonly onFailure: (error: unknown) => void
}

/** Traces of requests. Where none is configured there is no tracer, and nothing asks. */
export interface Tracer {
  /**
   * Runs the request, traced when it was sampled: by its sender (W3C traceparent) where that may decide, else by chance. As in the reference only
   * members of `system:masters` and `system:monitoring` may: others could have everything traced, and write into traces that are not theirs.
   */
  trace<T>(record: RequestRecord, run: () => Promise<T>, statusOf: (result: T) => number): Promise<T>
  /** Spans that could not be kept or sent. */
  readonly dropped: number
  close(): Promise<void>
}

/** One traced request. */
export interface RequestTrace {
  /** Begins a stage; returns how to end it. */
  span(name: string, attributes?: Readonly<Record<string, string>>): () => void
}

/** Reached from wherever a request leads. It costs nothing as long as no request is traced. */
const present = new AsyncLocalStorage<RequestTrace>()

/** A stage of the present request, when it is traced: a store's commit, a plug-in. */
export async function inSpan<T>(name: string, run: () => Promise<T>): Promise<T> {
  const end = present.getStore()?.span(name)
  if (end === undefined) return run()
  try {
    return await run()
  } finally {
    end()
  }
}

/** Sends spans in batches; those that find no room, or that the collector does not take, are counted and dropped. */
export function createTracer(options: TracerOptions): Tracer {
  const { send, clock, random, samplingRatePerMillion, onFailure } = options
  let waiting: Span[] = []
  let dropped = 0
  let sending: Promise<void> | undefined
  let forget: (() => void) | undefined

  const id = (bytes: number): string => Buffer.from(random.bytes(bytes)).toString('hex')

  const isChosen = (): boolean => random.below(1_000_000) < samplingRatePerMillion

  function keep(span: Span): void {
    if (waiting.length >= waitingMax) {
      dropped += 1
      return
    }
    waiting.push(span)
    if (waiting.length >= batchMax) flush()
    else forget ??= clock.schedule(clock.now() + batchWaitMs, flush)
  }

  function flush(): void {
    forget?.()
    forget = undefined
    if (sending !== undefined || waiting.length === 0) return
    const batch = waiting
    waiting = []
    sending = send(batch)
      .catch((error: unknown) => {
        dropped += batch.length
        onFailure(error)
      })
      .finally(() => {
        sending = undefined
        if (waiting.length >= batchMax) flush()
        else if (waiting.length > 0) forget ??= clock.schedule(clock.now() + batchWaitMs, flush)
      })
  }

  return {
    get dropped() {
      return dropped
    },
    async trace(record, run, statusOf) {
      const parent = parseTraceparent(record.request.headers['traceparent'])
      const isSampled = parent?.isSampled === true || isChosen()
      if (!isSampled) return run()
      const spanId = id(8)
      // Who asks is known only later: until then spans are held.
      let held: Piece[] | undefined = []
      let traceId: string | undefined
      const note = (piece: Piece): void => {
        if (held !== undefined) held.push(piece)
        else if (traceId !== undefined) keep({ ...piece, traceId })
      }
      const end = (status: number): void => {
        const mayDecide = parent !== undefined && (record.user?.groups ?? []).some((group) => deciders.has(group))
        if (mayDecide ? parent.isSampled : parent?.isSampled !== true || isChosen()) traceId = mayDecide ? parent.traceId : id(16)
        const pieces = [...(held ?? []), root(status, mayDecide ? parent.spanId : undefined)]
        held = undefined
        for (const piece of pieces) note(piece)
      }
      // Spans are shown by the wall clock, and measured by the one that never jumps.
      const offsetMs = record.receivedMs - record.startedMs
      const trace: RequestTrace = {
        span(name, attributes = {}) {
          const startMs = clock.monotonicMs()
          return () =>
            note({
              spanId: id(8),
              parentSpanId: spanId,
              name,
              kind: 'internal',
              startMs: startMs + offsetMs,
              endMs: clock.monotonicMs() + offsetMs,
              attributes,
            })
        },
      }
      record.trace = trace
      const root = (status: number, parentSpanId: string | undefined): Piece => ({
        spanId,
        parentSpanId,
        name: 'KubernetesAPI',
        kind: 'server',
        startMs: record.receivedMs,
        endMs: clock.monotonicMs() + offsetMs,
        attributes: {
          'http.request.method': record.request.method,
          'url.path': record.info.path.slice(0, pathMax),
          'http.response.status_code': `${status}`,
          'audit-id': record.id.slice(0, auditIdMax),
        },
        isError: status >= 500,
      })
      try {
        const result = await present.run(trace, run)
        end(statusOf(result))
        return result
      } catch (error) {
        end(500)
        throw error
      }
    },
    async close() {
      flush()
      await sending
      flush()
      await sending
      send.close?.()
    },
  }
}

/** A span before it is known which trace it is a part of. */
type Piece = Omit<Span, 'traceId'>

/** `system:masters` and those who watch over the cluster. */
const deciders: ReadonlySet<string> = new Set(['system:masters', 'system:monitoring'])
/** Clients choose how long these are. */
const pathMax = 1_024
const auditIdMax = 64
const waitingMax = 4_096
const batchMax = 512
const batchWaitMs = 5_000
