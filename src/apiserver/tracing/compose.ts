import type { Clock } from '#lib/clock.ts'
import type { OpenGrpc } from '#lib/grpc-exchange.ts'
import type { Random } from '#lib/random.ts'
import type { SpanSource } from '#lib/tracing/span.ts'
import { exportTo } from '#lib/tracing/trace-export.ts'
import type { Outbound } from '../outbound.ts'
import { parseTracingConfiguration } from './configuration.ts'
import { createTracer, type Tracer } from './tracer.ts'

/** The ways to a collector, of which the configuration chooses one. */
export interface TracerMeans {
  readonly clock: Clock
  readonly random: Random
  readonly outbound: Outbound | undefined
  readonly grpc: OpenGrpc | undefined
  readonly onFailure: (error: unknown) => void
}

/** A tracer as the text of a TracingConfiguration says. Errors: `Invalid`. */
export function composeTracer(configuration: string, { clock, random, onFailure, outbound, grpc }: TracerMeans): Tracer {
  const { endpoint, samplingRatePerMillion } = parseTracingConfiguration(configuration)
  const post = outbound && ((url: string, request: Parameters<Outbound>[2], timeoutMs: number) => outbound({ url }, { timeoutMs }, request))
  return createTracer({ clock, random, samplingRatePerMillion, onFailure, send: exportTo(endpoint, source, { grpc, post }) })
}

/** The first is the reference's name. */
const source: SpanSource = { resource: { 'service.name': 'apiserver' }, scope: 'wherry/apiserver' }
