/** One span of a trace, times in milliseconds since the epoch. */
export interface Span {
  /** Hexadecimal, 16 and 8 bytes. */
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | undefined
  readonly name: string
  readonly kind: 'server' | 'internal'
  readonly startMs: number
  readonly endMs: number
  readonly attributes: Readonly<Record<string, string>>
  readonly isError?: boolean
}

/** Who sends, and which of its parts: the first is the reference's name. */
export const resourceAttributes = { 'service.name': 'apiserver' }
/** The part of the program whose spans these are. */
export const scopeName = 'wherry/apiserver'
/** Numbers of SpanKind and StatusCode (opentelemetry.proto.trace.v1). */
export const spanKinds = { internal: 1, server: 2 } as const
/** STATUS_CODE_ERROR (opentelemetry.proto.trace.v1). */
export const statusError = 2

/** The body of an OTLP/HTTP request in JSON (OpenTelemetry protocol 1.x, ExportTraceServiceRequest). */
export const exportRequest = (spans: readonly Span[]): Uint8Array =>
  Buffer.from(
    JSON.stringify({
      resourceSpans: [
        {
          resource: { attributes: attributesOf(resourceAttributes) },
          scopeSpans: [{ scope: { name: scopeName }, spans: spans.map(spanOf) }],
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
  ...(span.isError === true && { status: { code: statusError } }),
})

const attributesOf = (attributes: Readonly<Record<string, string>>): readonly object[] =>
  Object.entries(attributes).map(([key, value]) => ({ key, value: { stringValue: value } }))

/** As exactly as milliseconds in a double are: whole microseconds. */
export const nanosecondsOf = (ms: number): bigint => BigInt(Math.round(ms * 1000)) * 1000n
