import type { AnyKind } from '#api/kind.ts'
import { WherryError } from '#lib/errors.ts'
import type { HttpResponse } from '#lib/http.ts'
import { meaningOf } from '#lib/meaning.ts'
import { parseExact } from '#schema/json.ts'
import type { Of } from '#schema/schema.ts'
import type { WatchEvent } from './client.ts'
import { decodeObject } from './decode-object.ts'
import { errorOfStatus } from './status.ts'

/** Marks the bookmark that closes the initial events (KEP-3157). */
const initialEventsEnd = 'k8s.io/initial-events-end'

/** The events of a watch's body, one JSON text a line, as they come, however the body is cut into pieces. An ERROR event is thrown. */
export async function* watchFrames<K extends AnyKind>(kind: K, body: HttpResponse['body']): AsyncGenerator<WatchEvent<Of<K>>> {
  for await (const line of lines(body)) {
    if (typeof line !== 'string') yield line.meaning as WatchEvent<Of<K>>
    else if (line.length > 0) yield parseFrame(kind, line)
  }
}

/** An object is at most some megabytes (the store's bound); more is no object. */
const lineLimitBytes = 32 * 1024 * 1024

/** Lines as text; in one process with the server, what they mean. */
async function* lines(body: HttpResponse['body']): AsyncGenerator<string | { readonly meaning: unknown }> {
  const decoder = new TextDecoder()
  const parts: Uint8Array[] = []
  let sizeBytes = 0
  for await (const chunk of body instanceof Uint8Array ? [body] : body) {
    const meaning = parts.length === 0 ? meaningOf(chunk) : undefined
    if (meaning !== undefined) {
      yield { meaning }
      continue
    }
    let start = 0
    for (let end = chunk.indexOf(newline, start); end >= 0; end = chunk.indexOf(newline, start)) {
      parts.push(chunk.subarray(start, end))
      yield decoder.decode(parts.length === 1 ? parts[0]! : Buffer.concat(parts))
      parts.length = 0
      sizeBytes = 0
      start = end + 1
    }
    if (start === chunk.byteLength) continue
    parts.push(chunk.subarray(start))
    sizeBytes += chunk.byteLength - start
    if (sizeBytes > lineLimitBytes) throw new WherryError('InternalError', `a watch event exceeds ${lineLimitBytes} bytes`)
  }
  // What follows the last newline is a torn event: the connection broke, and resuming will bring it again.
}

const newline = 0x0a

interface Frame {
  readonly type: string
  // biome-ignore lint/suspicious/noExplicitAny: which sort of object it is, the type of the event tells
  readonly object: any
}

function parseFrame<K extends AnyKind>(kind: K, line: string): WatchEvent<Of<K>> {
  const { type, object } = parseExact(line) as Frame
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { type, object: decodeObject(kind, object) }
    case 'BOOKMARK': {
      const { resourceVersion, annotations } = object.metadata
      return { type, resourceVersion, initialEventsEnd: annotations?.[initialEventsEnd] === 'true' }
    }
    case 'ERROR':
      throw errorOfStatus(object)
    default:
      throw new WherryError('InternalError', `the server sent a watch event of type ${JSON.stringify(type)}`)
  }
}
