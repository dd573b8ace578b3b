import type { Clock } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { OpenGrpc } from '#lib/grpc-exchange.ts'
import type { Random } from '#lib/random.ts'
import type { Outbound } from '../outbound.ts'
import { parseTracingConfiguration, type TraceEndpoint } from './configuration.ts'
import { grpcExport, httpExport } from './trace-export.ts'
import { createTracer, type TraceExport, type Tracer } from './tracer.ts'

/** The ways to a collector, of which the configuration chooses one. */
export interface TracerMeans {
  readonly clock: Clock
  readonly random: Random
  readonly outbound: Outbound | undefined
  readonly grpc: OpenGrpc | undefined
  readonly onFailure: (error: unknown) => void
}

/** A tracer as the text of a TracingConfiguration says. Errors: `Invalid`. */
export function composeTracer(configuration: string, { clock, random, onFailure, ...ways }: TracerMeans): Tracer {
  const { endpoint, samplingRatePerMillion } = parseTracingConfiguration(configuration)
  return createTracer({ clock, random, samplingRatePerMillion, onFailure, send: exportTo(endpoint, ways) })
}

function exportTo(endpoint: TraceEndpoint, { outbound, grpc }: Pick<TracerMeans, 'outbound' | 'grpc'>): TraceExport {
  if ('grpc' in endpoint && grpc !== undefined) return grpcExport(grpc, endpoint.grpc)
  if ('url' in endpoint && outbound !== undefined) return httpExport(outbound, endpoint.url)
  throw new WherryError('Invalid', 'traces need a way out of this server')
}
