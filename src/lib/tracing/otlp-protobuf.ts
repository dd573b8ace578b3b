import { ProtoWriter } from '../protobuf-writer.ts'
import { nanosecondsOf, spanKinds, statusError } from './otlp.ts'
import type { Attributes, Span, SpanSource } from './span.ts'

/**
 * An ExportTraceServiceRequest (opentelemetry.proto.collector.trace.v1) in protobuf. Its times are fixed64, which no type of the API has, so it is
 * written by hand rather than by the schema; from its end to its beginning, as the writer works.
 */
export function exportRequestProtobuf(spans: readonly Span[], { resource, scope }: SpanSource): Uint8Array {
  const writer = new ProtoWriter()
  part(writer, 1, () => {
    part(writer, 2, () => {
      for (const span of spans.toReversed()) part(writer, 2, () => writeSpan(writer, span))
      part(writer, 1, () => text(writer, 1, scope))
    })
    part(writer, 1, () => writeAttributes(writer, 1, resource))
  })
  return writer.finish()
}

function writeSpan(writer: ProtoWriter, span: Span): void {
  if (span.isError === true)
    part(writer, 15, () => {
      number(writer, 3, statusError)
      if (span.problem !== undefined) text(writer, 2, span.problem)
    })
  writeAttributes(writer, 9, span.attributes)
  time(writer, 8, span.endMs)
  time(writer, 7, span.startMs)
  number(writer, 6, spanKinds[span.kind])
  text(writer, 5, span.name)
  if (span.parentSpanId !== undefined) part(writer, 4, () => writer.bytes(Buffer.from(span.parentSpanId!, 'hex')))
  part(writer, 2, () => writer.bytes(Buffer.from(span.spanId, 'hex')))
  part(writer, 1, () => writer.bytes(Buffer.from(span.traceId, 'hex')))
}

function writeAttributes(writer: ProtoWriter, field: number, attributes: Attributes): void {
  for (const [key, value] of Object.entries(attributes).toReversed())
    part(writer, field, () => {
      part(writer, 2, () => text(writer, 1, value))
      text(writer, 1, key)
    })
}

/** What has a length: messages, texts, bytes. */
function part(writer: ProtoWriter, field: number, write: () => void): void {
  const mark = writer.mark()
  write()
  writer.lengthSince(mark)
  writer.tag(field, 2)
}

const text = (writer: ProtoWriter, field: number, value: string): void => part(writer, field, () => writer.string(value))

function number(writer: ProtoWriter, field: number, value: number): void {
  writer.varint(value)
  writer.tag(field, 0)
}

function time(writer: ProtoWriter, field: number, ms: number): void {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(nanosecondsOf(ms))
  writer.bytes(bytes)
  writer.tag(field, 1)
}
