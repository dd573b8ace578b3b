import type { Cause } from '#lib/errors.ts'
import { type ConfigurationForms, readConfiguration, refuseConfiguration } from '#schema/read-configuration.ts'
import { field, int32, message, type Of, string } from '#schema/schema.ts'
import { invalid } from '#schema/validate.ts'

/** `TracingConfiguration` of apiserver.config.k8s.io/v1, as data; no protobuf form exists, the numbers only order the fields. */
const File = message('apiserver.config.v1.TracingConfiguration', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  endpoint: field(1, string(), { pointer: true }),
  samplingRatePerMillion: field(2, int32(), { pointer: true }),
})

const forms: ConfigurationForms['forms'] = [
  'apiserver.config.k8s.io/v1',
  'apiserver.config.k8s.io/v1beta1',
  'apiserver.k8s.io/v1alpha1',
].map((apiVersion) => ({ apiVersion, kind: 'TracingConfiguration' }))

/** What a TracingConfiguration says. */
export interface TracingConfiguration {
  readonly endpoint: TraceEndpoint
  /** Of requests that come without a decision. */
  readonly samplingRatePerMillion: number
}

/** Where the collector is. */
export type TraceEndpoint =
  /** OTLP/gRPC without TLS, as the reference speaks it. */
  | { readonly grpc: string }
  /** OTLP/HTTP with JSON: a whole URL. Ours only. */
  | { readonly url: string }

/** Reads a file. Errors: `Invalid`, naming the field. */
export function parseTracingConfiguration(text: string): TracingConfiguration {
  const { endpoint, samplingRatePerMillion = 0 } = readConfiguration(File, 'TracingConfiguration', text, { forms }) as Of<typeof File>
  const place = endpointOf(endpoint || 'localhost:4317')
  refuseConfiguration([...rateProblems(samplingRatePerMillion), ...('message' in place ? [place] : [])])
  return { endpoint: place as TraceEndpoint, samplingRatePerMillion }
}

function rateProblems(rate: number): Cause[] {
  const why = rate < 0 ? 'must be positive' : rate > 1_000_000 ? 'per million must be less than or equal to one million' : undefined
  return why === undefined ? [] : [invalid('samplingRatePerMillion', rate, `sampling rate ${why}`)]
}

/** `host:port`, `dns://host:port`, `dns:///host:port`, `unix:///path` as in the reference; `http://` and `https://` beside them. */
function endpointOf(endpoint: string): TraceEndpoint | Cause {
  const scheme = /^([a-z-]+):\/\//.exec(endpoint)?.[1]
  const bad = (why: string) => invalid('endpoint', endpoint, why)
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
