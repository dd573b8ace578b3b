import type { TraceEndpoint } from '#lib/tracing/trace-export.ts'

/**
 * The environment by which containerd (2.0 and later) is told to send its own spans to the collector at `endpoint`: those of calls that are traced
 * already, and no others. Undefined for a unix socket, which it cannot be told of.
 */
export function traceEnvironment(endpoint: TraceEndpoint): Readonly<Record<string, string>> | undefined {
  const common = { OTEL_SERVICE_NAME: 'containerd', OTEL_TRACES_SAMPLER: 'parentbased_always_off' }
  if ('url' in endpoint)
    return { ...common, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf', OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: endpoint.url }
  const target = endpoint.grpc.replace(/^dns:\/\/\//, '')
  if (target.includes('//')) return undefined
  // What is no https goes in plain text, as the node's own spans do.
  return { ...common, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `http://${target}` }
}
