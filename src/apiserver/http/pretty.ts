import type { HttpRequest, HttpResponse } from '#lib/http.ts'
import type { RequestInfo } from './request-info.ts'

/**
 * Spreads a JSON answer over lines where a person reads it: `?pretty=true`, `Accept: application/json;pretty=1`, or a client that is a
 * browser, curl or Wget. People's scripts search such answers line by line. The events of watches, and what a node, a pod
 * or OpenAPI says, stay as they are.
 */
export function prettyAnswer(answer: HttpResponse, request: HttpRequest, info: RequestInfo): HttpResponse {
  if (!String(answer.headers['content-type']).startsWith('application/json') || !isOwn(info, answer.status)) return answer
  if (!wantsPretty(request, info.query)) return answer
  return { ...answer, body: answer.body instanceof Uint8Array ? createIndenter()(answer.body) : indentedParts(answer.body) }
}

/** A value as those answers show it that are always spread over lines. */
export const prettyText = (value: unknown): string => JSON.stringify(value, undefined, 2)

function isOwn(info: RequestInfo, status: number): boolean {
  if (info.isResource) return (info.verb !== 'watch' || status >= 400) && !relayed.has(info.subresource)
  return status >= 400 || /^\/apis?(?:\/|$)/.test(info.path)
}

function wantsPretty({ headers }: HttpRequest, query: URLSearchParams): boolean {
  if (/;\s*pretty=1\s*(?:[;,]|$)/.test(headers['accept'] ?? '')) return true
  const asked = query.get('pretty')
  // What counts as true is what Go's strconv.ParseBool takes for it.
  if (asked) return /^(?:1|t|T|TRUE|true|True)$/.test(asked)
  return /^(?:curl|Wget|Mozilla\/5\.0)/.test(headers['user-agent'] ?? '')
}

async function* indentedParts(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const indent = createIndenter()
  for await (const part of body) yield indent(part)
}

/** Indents JSON without reading it, so that no number loses a digit; takes it in pieces that may be cut anywhere. */
function createIndenter(): (part: Uint8Array) => Uint8Array {
  let depth = 0
  let isString = false
  let isEscaped = false
  // Right after an opening bracket: the line breaks only if something follows inside.
  let isOpen = false
  return (part) => {
    const out: Uint8Array[] = []
    let copied = 0
    const put = (until: number, glue: Uint8Array): void => {
      out.push(part.subarray(copied, until), glue)
      copied = until
    }
    for (let i = 0; i < part.byteLength; i += 1) {
      const byte = part[i]!
      if (isString) {
        if (isEscaped) isEscaped = false
        else if (byte === backslash) isEscaped = true
        else if (byte === quote) isString = false
        continue
      }
      if (byte === closeBrace || byte === closeBracket) {
        depth -= 1
        if (!isOpen) put(i, lineOf(depth))
        isOpen = false
        continue
      }
      if (isOpen) put(i, lineOf(depth))
      isOpen = byte === openBrace || byte === openBracket
      if (isOpen) depth += 1
      else if (byte === quote) isString = true
      else if (byte === comma) put(i + 1, lineOf(depth))
      else if (byte === colon) put(i + 1, blank)
    }
    out.push(part.subarray(copied))
    return Buffer.concat(out)
  }
}

const lines: Uint8Array[] = []
/** Objects nest no deeper than their bytes allow, but only the usual depths are kept. */
const lineOf = (depth: number): Uint8Array =>
  depth < 64 ? (lines[depth] ??= Buffer.from(`\n${'  '.repeat(depth)}`)) : Buffer.from(`\n${'  '.repeat(depth)}`)

const [openBrace, closeBrace, openBracket, closeBracket, quote, backslash, comma, colon] = Buffer.from('{}[]"\\,:') as unknown as readonly [
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
]
const blank = Buffer.from(' ')
const relayed = new Set(['exec', 'attach', 'portforward', 'proxy', 'log'])
