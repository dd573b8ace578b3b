import { WherryError } from '#lib/errors.ts'
import type { OpenGrpc } from '#lib/grpc-exchange.ts'
import type { Outbound } from '../outbound.ts'
import { exportRequest } from './otlp.ts'
import { exportRequestProtobuf } from './otlp-protobuf.ts'
import type { TraceExport } from './tracer.ts'

/** OpenTelemetry's own default for one export. */
const timeoutMs = 10_000

/** Sends to a collector's OTLP/HTTP endpoint. */
export function httpExport(outbound: Outbound, url: string): TraceExport {
  return async (spans) => {
    const body = exportRequest(spans)
    const answer = await outbound({ url }, { timeoutMs }, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    if (answer.status >= 300) throw new WherryError('ServiceUnavailable', `the trace collector at ${url} answered ${answer.status}`)
  }
}

/** Sends to a collector's OTLP/gRPC endpoint. */
export function grpcExport(open: OpenGrpc, target: string): TraceExport {
  const channel = open(target)
  const send = async (spans: Parameters<TraceExport>[0]): Promise<void> => {
    await channel.call('/opentelemetry.proto.collector.trace.v1.TraceService/Export', exportRequestProtobuf(spans), timeoutMs)
  }
  return Object.assign(send, { close: () => channel.close() })
}
