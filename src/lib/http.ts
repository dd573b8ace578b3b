/**
 * One exchange, in web-standard shapes but as plain data: the API server's handler is such a function, and so is every client transport.
 * In one process the two meet without a socket; between machines HTTP stands between them.
 */
export type Transport = (request: HttpRequest) => Promise<HttpResponse>

/** A request without a connection: what any transport, real or in memory, can carry. */
export interface HttpRequest {
  readonly method: string
  /** Path and query, still percent-encoded: `/api/v1/pods?limit=5`. */
  readonly path: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Names and values in turn, as they came: where a header that came twice must not be taken for one whose value holds a comma. */
  readonly rawHeaders?: readonly string[]
  readonly body?: Uint8Array
  /** Ends the exchange, also while the answer's body is being read. */
  readonly signal?: AbortSignal
}

/** Its answer. A status of an error is an answer too, and not thrown. */
export interface HttpResponse {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  /** Whole, or as it comes: a watch or a followed log. Leaving the iteration ends the exchange. */
  readonly body: Uint8Array | AsyncIterable<Uint8Array>
}

/** The whole body. `limitBytes` bounds it; more is an error of the caller's making. */
export async function readBody(body: HttpResponse['body'], limitBytes = Infinity): Promise<Uint8Array> {
  if (body instanceof Uint8Array) return body
  const parts: Uint8Array[] = []
  let sizeBytes = 0
  for await (const part of body) {
    sizeBytes += part.byteLength
    if (sizeBytes > limitBytes) throw new RangeError(`body exceeds ${limitBytes} bytes`)
    parts.push(part)
  }
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
}
