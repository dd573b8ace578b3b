import { silentLog } from '#lib/log.ts'
import { createRegistry } from '#lib/metrics/registry.ts'
import { seededRandom } from '#lib/random.ts'
import { inSpan } from '#lib/tracing/active-span.ts'
import type { Span } from '#lib/tracing/span.ts'
import type { VirtualClock } from '#sim/clock.ts'
import type { Runtime } from '../runtime.ts'
import { createNodeTracer, type NodeTracer } from './node-tracer.ts'

/** For tests: a tracer whose spans are kept, once its batch went out. */
export function testTracer(clock: VirtualClock, samplingRatePerMillion = 1_000_000) {
  const spans: Span[] = []
  const tracer: NodeTracer = createNodeTracer({
    ...{ clock, samplingRatePerMillion, random: seededRandom(1), registry: createRegistry(), log: silentLog },
    send: async (batch) => void spans.push(...batch),
  })
  return { tracer, spans }
}

/** Each trace as lines, in order of their begin: what is a part of another stands below it, further in. A failure has its problem behind it. */
export function shownTraces(spans: readonly Span[]): string[] {
  const byStart = spans.toSorted((a, b) => a.startMs - b.startMs)
  const below = (parent: Span | undefined, indent: string): string[] =>
    byStart
      .filter(({ parentSpanId, traceId }) => parentSpanId === parent?.spanId && (parent === undefined || traceId === parent.traceId))
      .flatMap((span) => [`${indent}${span.name}${span.isError ? `: ${span.problem}` : ''}`, ...below(span, `${indent}  `)])
  return below(undefined, '')
}

/** The same runtime, with what it is asked as spans by its own names: as `host/cri` has it by CRI's. */
export const spanned = <R extends Runtime>(runtime: R): R => ({
  ...runtime,
  ...Object.fromEntries(
    Object.entries(runtime)
      .filter(([name, call]) => typeof call === 'function' && name !== 'events')
      .map(([name, call]) => [name, (...rest: unknown[]) => inSpan(name, async () => (call as (...all: unknown[]) => unknown)(...rest))]),
  ),
})
