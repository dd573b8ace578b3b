import type { Cause } from '#lib/errors.ts'
import type { TraceEndpoint } from '#lib/tracing/trace-export.ts'
import { refuseConfiguration } from './read-configuration.ts'
import { invalid } from './validate.ts'

/** Where a part of the cluster sends its traces, and how many: TracingConfiguration, which each of them has in a configuration of its own. */
export interface TracingConfiguration {
  readonly endpoint: TraceEndpoint
  /** Of what comes without a decision. */
  readonly samplingRatePerMillion: number
}

/** Checks and reads the fields as they were given. Errors: `Invalid` with all that is wrong; `prefix` goes before the names of the fields. */
export function readTracing(
  {
    endpoint,
    samplingRatePerMillion = 0,
  }: { readonly endpoint?: string | undefined; readonly samplingRatePerMillion?: number | undefined },
  prefix = '',
): TracingConfiguration {
  const place = endpointOf(endpoint || 'localhost:4317', `${prefix}endpoint`)
  const rates = rateProblems(samplingRatePerMillion, `${prefix}samplingRatePerMillion`)
  refuseConfiguration([...rates, ...('message' in place ? [place] : [])])
  return { endpoint: place as TraceEndpoint, samplingRatePerMillion }
}

function rateProblems(rate: number, field: string): Cause[] {
  const why = rate < 0 ? 'must be positive' : rate > 1_000_000 ? 'per million must be less than or equal to one million' : undefined
  return why === undefined ? [] : [invalid(field, rate, `sampling rate ${why}`)]
}

/** `host:port`, `dns://host:port`, `dns:///host:port`, `unix:///path` as in the reference; `http://` and `https://` beside them. */
function endpointOf(endpoint: string, field: string): TraceEndpoint | Cause {
  const scheme = /^([a-z-]+):\/\//.exec(endpoint)?.[1]
  const bad = (why: string) => invalid(field, endpoint, why)
  if (scheme === undefined) return endpoint.includes('//') ? bad('it takes a text such as localhost:4317') : { grpc: endpoint }
  if (scheme === 'dns' && URL.canParse(endpoint)) return { grpc: endpoint.replace(/^dns:\/\/(?=[^/]+$)/, '') }
  if (scheme === 'unix') return { grpc: endpoint }
  if (scheme !== 'http' && scheme !== 'https')
    return bad(
      `unsupported scheme: ${scheme}.  Options are none, dns, unix, http or https.  See https://github.com/grpc/grpc/blob/master/doc/naming.md`,
    )
  if (!URL.canParse(endpoint)) return bad('it takes a URL such as https://collector.example:4318')
  // What names a machine only means the path of the protocol.
  return { url: /^[a-z]+:\/\/[^/]+\/?$/.test(endpoint) ? `${endpoint.replace(/\/$/, '')}/v1/traces` : endpoint }
}
