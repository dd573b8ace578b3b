import { WherryError } from '../errors.ts'
import type { OpenGrpc } from '../grpc-exchange.ts'
import { exportRequest } from './otlp.ts'
import { exportRequestProtobuf } from './otlp-protobuf.ts'
import type { Span, SpanSource } from './span.ts'

/** Takes spans away. Rejects when the collector did not take them. */
export type TraceExport = ((spans: readonly Span[]) => Promise<void>) & {
  /** Ends what it holds open. */
  readonly close?: () => void
}

/** Where the collector is. */
export type TraceEndpoint =
  /** OTLP/gRPC without TLS, as the reference speaks it. */
  | { readonly grpc: string }
  /** OTLP/HTTP with JSON: a whole URL. Ours only. */
  | { readonly url: string }

/** The ways out of this process to a collector; one that is not there is undefined. */
export interface TraceWays {
  readonly grpc: OpenGrpc | undefined
  readonly post: PostSpans | undefined
}

/** Posts one body, and says with which status it was answered. */
export type PostSpans = (url: string, request: PostRequest, timeoutMs: number) => Promise<{ readonly status: number }>
interface PostRequest {
  readonly method: 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** Sends to the collector at `endpoint` in the name of `source`. Throws `Invalid` where no way leads there. */
export function exportTo(endpoint: TraceEndpoint, source: SpanSource, { grpc, post }: TraceWays): TraceExport {
  if ('grpc' in endpoint && grpc !== undefined) return grpcExport(grpc, endpoint.grpc, source)
  if ('url' in endpoint && post !== undefined) return httpExport(post, endpoint.url, source)
  throw new WherryError('Invalid', 'traces need a way out of this server')
}

/** OpenTelemetry's own default for one export. */
const timeoutMs = 10_000

function httpExport(post: PostSpans, url: string, source: SpanSource): TraceExport {
  return async (spans) => {
    const body = exportRequest(spans, source)
    const answer = await post(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body }, timeoutMs)
    if (answer.status >= 300) throw new WherryError('ServiceUnavailable', `the trace collector at ${url} answered ${answer.status}`)
  }
}

function grpcExport(open: OpenGrpc, target: string, source: SpanSource): TraceExport {
  const channel = open(target)
  const send = async (spans: readonly Span[]): Promise<void> => {
    await channel.call('/opentelemetry.proto.collector.trace.v1.TraceService/Export', exportRequestProtobuf(spans, source), timeoutMs)
  }
  return Object.assign(send, { close: () => channel.close() })
}
