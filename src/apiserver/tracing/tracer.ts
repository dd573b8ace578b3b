import { AsyncLocalStorage } from 'node:async_hooks'
import type { Clock } from '#lib/clock.ts'
import type { Random } from '#lib/random.ts'
import { isSampled, newSpanId, type Span } from '#lib/tracing/span.ts'
import { createSpanQueue } from '#lib/tracing/span-queue.ts'
import type { TraceExport } from '#lib/tracing/trace-export.ts'
import { parseTraceparent } from '#lib/tracing/traceparent.ts'
import type { RequestRecord } from '../request-record.ts'

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

/** A tracer whose spans wait in a queue of bounded length. */
export function createTracer(options: TracerOptions): Tracer {
  const { send, clock, random, samplingRatePerMillion, onFailure } = options
  const queue = createSpanQueue({ send, clock, onFailure })
  const isChosen = (): boolean => isSampled(random, samplingRatePerMillion)

  return {
    get dropped() {
      return queue.dropped
    },
    async trace(record, run, statusOf) {
      const parent = parseTraceparent(record.request.headers['traceparent'])
      if (parent?.isSampled !== true && !isChosen()) return run()
      const spanId = newSpanId(random, 8)
      // Who asks is known only later: until then spans are held.
      let held: Piece[] | undefined = []
      let traceId: string | undefined
      const note = (piece: Piece): void => {
        if (held !== undefined) held.push(piece)
        else if (traceId !== undefined) queue.keep({ ...piece, traceId })
      }
      const end = (status: number): void => {
        const mayDecide = parent !== undefined && (record.user?.groups ?? []).some((group) => deciders.has(group))
        if (mayDecide ? parent.isSampled : parent?.isSampled !== true || isChosen())
          traceId = mayDecide ? parent.traceId : newSpanId(random, 16)
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
              spanId: newSpanId(random, 8),
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
    close: () => queue.close(),
  }
}

/** A span before it is known which trace it is a part of. */
type Piece = Omit<Span, 'traceId'>

/** `system:masters` and those who watch over the cluster. */
const deciders: ReadonlySet<string> = new Set(['system:masters', 'system:monitoring'])
/** Clients choose how long these are. */
const pathMax = 1_024
const auditIdMax = 64
