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

/** The body of an OTLP/HTTP request in JSON (OpenTelemetry protocol 1.x, ExportTraceServiceRequest). */
export const exportRequest = (spans: readonly Span[]): Uint8Array =>
  Buffer.from(
    JSON.stringify({
      resourceSpans: [
        {
          resource: { attributes: attributesOf({ 'service.name': 'apiserver' }) },
          scopeSpans: [{ scope: { name: 'wherry/apiserver' }, spans: spans.map(spanOf) }],
        },
      ],
    }),
  )

const spanOf = (span: Span): object => ({
  traceId: span.traceId,
  spanId: span.spanId,
  ...(span.parentSpanId !== undefined && { parentSpanId: span.parentSpanId }),
  name: span.name,
  // SPAN_KIND_INTERNAL is 1, SPAN_KIND_SERVER 2.
  kind: span.kind === 'server' ? 2 : 1,
  startTimeUnixNano: nanoseconds(span.startMs),
  endTimeUnixNano: nanoseconds(span.endMs),
  attributes: attributesOf(span.attributes),
  ...(span.isError === true && { status: { code: 2 } }),
})

const attributesOf = (attributes: Readonly<Record<string, string>>): readonly object[] =>
  Object.entries(attributes).map(([key, value]) => ({ key, value: { stringValue: value } }))

/** 64-bit integers are texts in protobuf's JSON. */
const nanoseconds = (ms: number): string => `${BigInt(Math.round(ms * 1000)) * 1000n}`
