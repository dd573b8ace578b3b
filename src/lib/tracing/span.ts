import type { Random } from '../random.ts'

/** One span of a trace, times in milliseconds since the epoch. */
export interface Span {
  /** Hexadecimal, 16 and 8 bytes. */
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | undefined
  readonly name: string
  readonly kind: SpanKind
  readonly startMs: number
  readonly endMs: number
  readonly attributes: Attributes
  readonly isError?: boolean
  /** What went wrong, in words. */
  readonly problem?: string
}

/** Whether somebody asked for it, it asks somebody, or neither. */
export type SpanKind = 'server' | 'client' | 'internal'

/** What is noted of a span, by the names of OpenTelemetry's conventions where it has one. */
export type Attributes = Readonly<Record<string, string>>

/** Who sends spans: attributes of the resource, `service.name` first of all, and the part of the program whose spans these are. */
export interface SpanSource {
  readonly resource: Attributes
  readonly scope: string
}

/** A new id of a trace (16 bytes) or a span (8). */
export const newSpanId = (random: Random, bytes: 8 | 16): string => Buffer.from(random.bytes(bytes)).toString('hex')

/** Whether what comes without a decision is traced: so many of a million are. */
export const isSampled = (random: Random, ratePerMillion: number): boolean => random.below(1_000_000) < ratePerMillion
