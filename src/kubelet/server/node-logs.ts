import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { WherryError } from '#lib/errors.ts'
import { journalArguments, type NodeLogQuery, parseNodeLogQuery } from './node-log-query.ts'

/** The logs of the machine itself, as `/logs/` shows them; `host/node-logs.ts`. */
export interface NodeLogs {
  /** A path below the folder of logs, `/` between its parts; links that lead out of the folder are not followed. Undefined: not there. */
  open(path: string): Promise<NodeLogDirectory | NodeLogFile | undefined>
  /** Names of services that write to the machine's journal; empty where it has none. */
  journalServices(): Promise<readonly string[]>
  /** Output of journalctl(1) with these arguments, both streams, until it ends or the signal aborts. */
  journal(args: readonly string[], signal: AbortSignal): AsyncIterable<Uint8Array>
}
export interface NodeLogDirectory {
  readonly entries: readonly { readonly name: string; readonly isDirectory: boolean }[]
}
export interface NodeLogFile {
  readonly sizeBytes: number
  /** Has to be called, and read to its end or left. */
  read(first: number, last: number): AsyncIterable<Uint8Array>
  close(): Promise<void>
}

export interface NodeLogsCall {
  readonly nodeLogs: NodeLogs
  /** `enableSystemLogQuery`: services may be asked for by name. */
  readonly isQueryEnabled: boolean
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly url: URL
}

/** GET /logs/<path>: a folder as a page of links, a file as it stands, or what a query asks for. */
export async function serveNodeLogs(call: NodeLogsCall): Promise<void> {
  const { url, isQueryEnabled, response } = call
  const path = decodedPath(url)
  const query = isQueryEnabled ? parseNodeLogQuery(url.searchParams) : undefined
  if (query !== undefined && path !== '') throw new WherryError('NotAcceptable', 'path not allowed in query mode')
  if (query === undefined || query.files.length > 0)
    return servePath(call, query === undefined ? path : query.files[0]!.replaceAll('\\', '/'))
  const left = new AbortController()
  response.once('close', () => left.abort())
  response.writeHead(200, { 'content-type': 'text/plain;charset=UTF-8' })
  await send(servicesOf(call.nodeLogs, query, left.signal), response, left.signal)
}

function decodedPath({ pathname }: URL): string {
  try {
    return decodeURIComponent(pathname.replace(/^\/logs\/?/, ''))
  } catch (cause) {
    throw new WherryError('BadRequest', `the path ${pathname} has a broken escape`, { cause })
  }
}

async function servePath({ nodeLogs, request, response, url }: NodeLogsCall, path: string): Promise<void> {
  const found = await nodeLogs.open(path)
  if (found === undefined) throw new WherryError('NotFound', '404 page not found')
  if ('entries' in found) {
    // Links on the page are relative to a folder, so its address has to end as one.
    if (!url.pathname.endsWith('/')) {
      response.writeHead(301, { location: `${url.pathname.slice(url.pathname.lastIndexOf('/') + 1)}/` }).end()
      return
    }
    const lines = found.entries.map(({ name, isDirectory }) => {
      const shown = isDirectory ? `${name}/` : name
      return `<a href="${encodeURI(shown).replace(/[?#]/g, encodeURIComponent)}">${escaped(shown)}</a>\n`
    })
    response
      .writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'x-content-type-options': 'nosniff' })
      .end(`<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n${lines.join('')}</pre>\n`)
    return
  }
  try {
    const { sizeBytes } = found
    const range = rangeOf(request.headers.range, sizeBytes)
    if (range === 'none') {
      response.writeHead(416, { 'content-range': `bytes */${sizeBytes}`, 'content-type': 'text/plain; charset=utf-8' })
      response.end('invalid range: failed to overlap\n')
      return
    }
    const [first, last] = range ?? [0, sizeBytes - 1]
    response.writeHead(range ? 206 : 200, {
      // Nothing in a log is a page, whatever stands in it.
      'content-type': path.endsWith('.gz') ? 'application/gzip' : 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'accept-ranges': 'bytes',
      'content-length': last - first + 1,
      ...(range && { 'content-range': `bytes ${first}-${last}/${sizeBytes}` }),
    })
    if (request.method === 'HEAD' || last < first) {
      response.end()
      return
    }
    const left = new AbortController()
    response.once('close', () => left.abort())
    await send(found.read(first, last), response, left.signal)
  } finally {
    await found.close()
  }
}

/** Services that keep a journal by it, others by their file: `<name>`, `<name>.log` or `<name>/<name>.log`. Failures are told in the text. */
async function* servicesOf(nodeLogs: NodeLogs, query: NodeLogQuery, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const { services, files: _files, ...options } = query
  const known = await nodeLogs.journalServices()
  const inJournal = services.filter((service) => known.includes(`${service}.service`))
  const inFiles = services.filter((service) => !inJournal.includes(service))
  if (inJournal.length > 0) yield* nodeLogs.journal(journalArguments(query, inJournal), signal)
  if (inFiles.length > 0 && Object.keys(options).length > 0) {
    yield Buffer.from(`\noptions present and query resolved to log files for [${inFiles.join(' ')}]\ntry without specifying options\n`)
    return
  }
  for (const service of inFiles) yield* fileOf(nodeLogs, service)
}

async function* fileOf(nodeLogs: NodeLogs, service: string): AsyncGenerator<Uint8Array> {
  for (const path of [service, `${service}.log`, `${service}/${service}.log`]) {
    const found = await nodeLogs.open(path)
    if (found === undefined || 'entries' in found) continue
    try {
      if (found.sizeBytes > 0) yield* found.read(0, found.sizeBytes - 1)
    } finally {
      await found.close()
    }
    return
  }
  yield Buffer.from(`\nlog not found for ${service}\n`)
}

async function send(content: AsyncIterable<Uint8Array>, response: ServerResponse, left: AbortSignal): Promise<void> {
  try {
    await pipeline(Readable.from(content, { objectMode: true }), response)
  } catch (error) {
    // A client that leaves is no failure.
    if (!left.aborted) throw error
  }
}

/** One range of RFC 9110; several at once are answered by the whole. */
function rangeOf(header: string | undefined, sizeBytes: number): readonly [number, number] | 'none' | undefined {
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '') ?? []
  if (from === '' && to === '') return undefined
  const first = from === '' ? Math.max(0, sizeBytes - Number(to)) : Number(from)
  const last = from === '' || to === '' ? sizeBytes - 1 : Math.min(Number(to), sizeBytes - 1)
  return first >= sizeBytes || first > last ? 'none' : [first, last]
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' }
const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character]!)
