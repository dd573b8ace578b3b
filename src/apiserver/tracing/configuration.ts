import { WherryError } from '#lib/errors.ts'
import { parseYaml } from '#schema/yaml.ts'
import type { Outbound } from '../outbound.ts'
import type { TraceExport } from './tracer.ts'

/** What a TracingConfiguration (apiserver.config.k8s.io/v1) says. */
export interface TracingConfiguration {
  /** Of the collector: a URL, or `host:port`, which is taken as HTTPS. */
  readonly endpoint: string
  readonly samplingRatePerMillion: number
}

/** Reads a file. Errors: `Invalid`, naming the field. */
export function parseTracingConfiguration(text: string): TracingConfiguration {
  const value = parseYaml(text).value as Readonly<Record<string, unknown>> | null
  const bad = (why: string): WherryError => new WherryError('Invalid', `the tracing configuration is invalid: ${why}`)
  if (value === null || typeof value !== 'object') throw bad('it is no object')
  const { apiVersion, kind, endpoint = 'localhost:4318', samplingRatePerMillion = 0 } = value
  if (kind !== 'TracingConfiguration') throw bad('kind has to be TracingConfiguration')
  if (!['apiserver.config.k8s.io/v1', 'apiserver.config.k8s.io/v1beta1'].includes(apiVersion as string))
    throw bad('apiVersion has to be apiserver.config.k8s.io/v1')
  if (typeof endpoint !== 'string' || endpoint === '') throw bad('endpoint has to be a text such as collector:4318')
  if (typeof samplingRatePerMillion !== 'number' || samplingRatePerMillion < 0 || samplingRatePerMillion > 1_000_000)
    throw bad('samplingRatePerMillion has to be between 0 and 1000000')
  return { endpoint, samplingRatePerMillion }
}

/** Sends to a collector's OTLP/HTTP endpoint. */
export function outboundExport(outbound: Outbound, endpoint: string): TraceExport {
  const base = /^https?:\/\//.test(endpoint) ? endpoint : `https://${endpoint}`
  const url = /^https?:\/\/[^/]+\/?$/.test(base) ? `${base.replace(/\/$/, '')}/v1/traces` : base
  return async (body) => {
    const answer = await outbound({ url }, { timeoutMs: 10_000 }, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    if (answer.status >= 300) throw new WherryError('ServiceUnavailable', `the trace collector at ${url} answered ${answer.status}`)
  }
}
