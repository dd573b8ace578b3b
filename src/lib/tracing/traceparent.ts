/** What W3C Trace Context says of the caller: 16 and 8 bytes in lower hex. */
export interface Traceparent {
  readonly traceId: string
  readonly spanId: string
  readonly isSampled: boolean
}

/** Reads a `traceparent` header (W3C Trace Context); `undefined` for none and for what is malformed, which the standard says to ignore. */
export function parseTraceparent(header: string | undefined): Traceparent | undefined {
  const match = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(?:-.*)?$/.exec(header ?? '')
  if (match === null) return undefined
  const [, version, traceId, spanId, flags] = match as unknown as readonly [string, string, string, string, string]
  if (version === 'ff' || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined
  if (version === '00' && header!.length !== 55) return undefined
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 }
}

/** The `traceparent` of a span that is traced: what it asks for becomes a part of it. */
export const traceparentOf = ({ traceId, spanId }: Pick<Traceparent, 'traceId' | 'spanId'>): string => `00-${traceId}-${spanId}-01`
