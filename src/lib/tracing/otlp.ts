import type { Attributes, Span, SpanSource } from './span.ts'

/** Numbers of SpanKind and StatusCode (opentelemetry.proto.trace.v1). */
export const spanKinds = { internal: 1, server: 2, client: 3 } as const
/** STATUS_CODE_ERROR (opentelemetry.proto.trace.v1). */
export const statusError = 2

/** The body of an OTLP/HTTP request in JSON (OpenTelemetry protocol 1.x, ExportTraceServiceRequest). */
export const exportRequest = (spans: readonly Span[], { resource, scope }: SpanSource): Uint8Array =>
  Buffer.from(
    JSON.stringify({
      resourceSpans: [
        {
          resource: { attributes: attributesOf(resource) },
          scopeSpans: [{ scope: { name: scope }, spans: spans.map(spanOf) }],
        },
      ],
    }),
  )

const spanOf = (span: Span): object => ({
  traceId: span.traceId,
  spanId: span.spanId,
  ...(span.parentSpanId !== undefined && { parentSpanId: span.parentSpanId }),
  name: span.name,
  kind: spanKinds[span.kind],
  // 64-bit integers are texts in protobuf's JSON.
  startTimeUnixNano: `${nanosecondsOf(span.startMs)}`,
  endTimeUnixNano: `${nanosecondsOf(span.endMs)}`,
  attributes: attributesOf(span.attributes),
  ...(span.isError === true && { status: { code: statusError, ...(span.problem !== undefined && { message: span.problem }) } }),
})

const attributesOf = (attributes: Attributes): readonly object[] =>
  Object.entries(attributes).map(([key, value]) => ({ key, value: { stringValue: value } }))

/** As exactly as milliseconds in a double are: whole microseconds. */
export const nanosecondsOf = (ms: number): bigint => BigInt(Math.round(ms * 1000)) * 1000n
