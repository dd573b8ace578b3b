import type { Clock } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { Random } from '#lib/random.ts'
import type { Outbound } from '../outbound.ts'
import { outboundExport, parseTracingConfiguration } from './configuration.ts'
import { createTracer, type Tracer } from './tracer.ts'

export interface TracerMeans {
  readonly clock: Clock
  readonly random: Random
  readonly outbound: Outbound | undefined
  readonly onFailure: (error: unknown) => void
}

/** A tracer as the text of a TracingConfiguration says. Errors: `Invalid`. */
export function composeTracer(configuration: string, { clock, random, outbound, onFailure }: TracerMeans): Tracer {
  if (outbound === undefined) throw new WherryError('Invalid', 'traces need a way out of this server')
  const { endpoint, samplingRatePerMillion } = parseTracingConfiguration(configuration)
  return createTracer({ clock, random, samplingRatePerMillion, onFailure, send: outboundExport(outbound, endpoint) })
}
