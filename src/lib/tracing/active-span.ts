import { AsyncLocalStorage } from 'node:async_hooks'
import type { Clock } from '../clock.ts'
import type { Random } from '../random.ts'
import { type Attributes, newSpanId, type Span, type SpanKind } from './span.ts'
import { type Traceparent, traceparentOf } from './traceparent.ts'

/** A span that is under way. What is begun in it after its end is not traced any more. */
export interface ActiveSpan {
  /** For the header or metadata of what it asks of others, so that their spans join the trace. */
  readonly traceparent: string
  /** A part of it; undefined where it is over, or where its trace has all the spans that one may have. */
  begin(name: string, options?: SpanOptions): ActiveSpan | undefined
  /** Notes what is known only later. */
  note(attributes: Attributes): void
  /** Ends it, once; `error` says that it failed, and why. */
  end(error?: unknown): void
  /** Runs `act` with this as the span that `inSpan` finds. */
  run<T>(act: () => T): T
}

export interface SpanOptions {
  readonly kind?: SpanKind
  readonly attributes?: Attributes
}

/** What the spans of a process are made with, and where they go. */
export interface SpanMeans {
  readonly clock: Pick<Clock, 'now' | 'monotonicMs'>
  readonly random: Random
  readonly keep: (span: Span) => void
}

/** The first span of a trace in this process; of a trace of its own where nobody asked for it. */
export function beginTrace(
  means: SpanMeans,
  name: string,
  options: SpanOptions & { readonly parent?: Pick<Traceparent, 'traceId' | 'spanId'> | undefined } = {},
): ActiveSpan {
  const traceId = options.parent?.traceId ?? newSpanId(means.random, 16)
  // Spans are shown by the wall clock, and measured by the one that never jumps.
  const offsetMs = means.clock.now() - means.clock.monotonicMs()
  const wallMs = (): number => means.clock.monotonicMs() + offsetMs
  let spans = 0

  function begun(name: string, { kind = 'internal', attributes = {} }: SpanOptions, parentSpanId: string | undefined): ActiveSpan {
    spans += 1
    const spanId = newSpanId(means.random, 8)
    const startMs = wallMs()
    let noted = attributes
    let isOver = false
    const span: ActiveSpan = {
      traceparent: traceparentOf({ traceId, spanId }),
      begin: (part, more = {}) => (isOver || spans >= spansMax ? undefined : begun(part, more, spanId)),
      note(more) {
        noted = { ...noted, ...more }
      },
      end(error) {
        if (isOver) return
        isOver = true
        means.keep({
          ...{ traceId, spanId, parentSpanId, name, kind, startMs },
          endMs: wallMs(),
          attributes: bounded(noted),
          ...(error !== undefined && { isError: true, problem: messageOf(error).slice(0, textMax) }),
        })
      },
      run: (act) => present.run(span, act),
    }
    return span
  }

  return begun(name, options, options.parent?.spanId)
}

/**
 * A part of the present span, if there is one: whatever is awaited in `act` belongs to it. `problemOf` finds a failure in a result that is no
 * error. It costs nothing where nothing is traced.
 */
export async function inSpan<T>(
  name: string,
  act: (span: ActiveSpan | undefined) => Promise<T>,
  { problemOf, ...options }: SpanOptions & { readonly problemOf?: (result: T) => string | undefined } = {},
): Promise<T> {
  const span = present.getStore()?.begin(name, options)
  if (span === undefined) return act(undefined)
  return spanOf(span, () => act(span), problemOf)
}

/** Ends the span with what `act` comes to. */
export async function spanOf<T>(span: ActiveSpan, act: () => Promise<T>, problemOf?: (result: T) => string | undefined): Promise<T> {
  try {
    const result = await span.run(act)
    span.end(problemOf?.(result))
    return result
  } catch (error) {
    span.end(error)
    throw error
  }
}

/** What is begun here belongs to no span, whoever calls: work that outlives its caller. */
export const outsideSpans = <T>(act: () => T): T => (present.getStore() === undefined ? act() : present.run(undefined, act))

/** Reached from wherever traced work leads. */
const present = new AsyncLocalStorage<ActiveSpan | undefined>()

const bounded = (attributes: Attributes): Attributes =>
  Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, value.slice(0, textMax)]))

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** A pod of twenty containers has some two hundred. */
const spansMax = 1_000
/** Others choose how long paths, names and messages are. */
const textMax = 1_024
