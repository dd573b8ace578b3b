import { openGrpc } from '#host/grpc.ts'
import { createHttpsExchange } from '#host/outbound.ts'
import { createNodeTracer, type NodeTracer } from '#kubelet/tracing/node-tracer.ts'
import { exportTo } from '#lib/tracing/trace-export.ts'
import { readTracing } from '#schema/read-tracing.ts'
import type { AgentContext } from './agent-context.ts'

/** What sends this node's traces away; undefined where none are asked for. */
export function makeTracer({ config, configuration, clock, random, log, metrics }: Omit<AgentContext, 'tracer'>): NodeTracer | undefined {
  if (configuration.tracing === undefined) return undefined
  const { endpoint, samplingRatePerMillion } = readTracing(configuration.tracing)
  const exchange = createHttpsExchange()
  // Both names are the reference's.
  const source = { resource: { 'service.name': 'kubelet', 'host.name': config.nodeName }, scope: 'wherry/kubelet' }
  const tracer = createNodeTracer({
    send: exportTo(endpoint, source, {
      grpc: openGrpc,
      post: (url, request, timeoutMs) => exchange({ ...request, url, timeoutMs, bodyMaxBytes }),
    }),
    ...{ samplingRatePerMillion, clock, log, random: random.fork('traces'), registry: metrics.registry },
  })
  return {
    ...tracer,
    async close() {
      await tracer.close()
      exchange.close()
    },
  }
}

/** Of a collector's answer, in which nobody is interested. */
const bodyMaxBytes = 1 << 20
