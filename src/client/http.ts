import { type AnyKind, apiVersionOf } from '#api/kind.ts'
import type { Status } from '#api/meta/v1/types.ts'
import { type Cause, causeHeader, formatCause } from '#lib/cause.ts'
import { WherryError } from '#lib/errors.ts'
import { type HttpResponse, readBody, type Transport } from '#lib/http.ts'
import { meaningOf } from '#lib/meaning.ts'
import { parseExact } from '#schema/json.ts'
import type { Of } from '#schema/schema.ts'
import type { Client, ObjectList, Patch, WatchEvent, WatchOptions } from './client.ts'
import { decodeObject } from './decode-object.ts'
import { listQuery, pathOf, watchQuery, writeQuery } from './path.ts'
import { errorOfAnswer } from './status.ts'
import { watchFrames } from './watch-frames.ts'

/** In whose name a client writes. */
export interface ClientOptions {
  /** Stands in managedFields for writes that name no manager of their own. */
  readonly fieldManager?: string
  readonly userAgent?: string
  /** What leads to the writes. */
  readonly cause?: Cause
}

/** A client over any transport. It holds nothing: no connection, no cache, no timer. */
export function createClient(transport: Transport, options: ClientOptions = {}): Client {
  const { fieldManager, userAgent = 'wherry', cause } = options
  const manager = fieldManager === undefined ? {} : { fieldManager }
  const because = cause === undefined ? {} : { [causeHeader]: formatCause(cause) }

  function send(method: string, path: string, body?: unknown, contentType = 'application/json'): Promise<HttpResponse> {
    return transport({
      method,
      path,
      headers: {
        accept: 'application/json',
        'user-agent': userAgent,
        ...(body !== undefined && { 'content-type': contentType }),
        ...(method !== 'GET' && because),
      },
      ...(body !== undefined && { body: encoder.encode(JSON.stringify(body)) }),
    })
  }

  async function exchange(method: string, path: string, body?: unknown, contentType?: string): Promise<Uint8Array> {
    return await wholeBody(await send(method, path, body, contentType))
  }

  return {
    async get(kind, name, namespace) {
      return objectOf(kind, await exchange('GET', pathOf(kind, namespace, name)))
    },
    async list(kind, options = {}) {
      return decodeList(kind, parse(await exchange('GET', pathOf(kind, options.namespace) + listQuery(options))))
    },
    watch: (kind, options) => watch(transport, userAgent, kind, options),
    async create(kind, object, options = {}) {
      const named = withNames(kind, object)
      const namespace = options.namespace ?? named.metadata?.namespace
      const path = pathOf(kind, namespace) + writeQuery({ ...manager, ...options })
      return objectOf(kind, await exchange('POST', path, named))
    },
    async update(kind, object, options = {}) {
      const { name, namespace } = (object as { metadata: { name: string; namespace?: string } }).metadata
      const path = pathOf(kind, namespace, name, options.subresource) + writeQuery({ ...manager, ...options })
      return objectOf(kind, await exchange('PUT', path, withNames(kind, object)))
    },
    async patch(kind, name, patch, options = {}) {
      const force = patch.type === 'apply' && patch.force === true
      const path = pathOf(kind, options.namespace, name, options.subresource) + writeQuery({ ...manager, ...options, force })
      const body = patch.type === 'json' ? patch.operations : patch.type === 'apply' ? withNames(kind, patch.body) : patch.body
      return objectOf(kind, await exchange('PATCH', path, body, patchTypes[patch.type]))
    },
    async delete(kind, name, { namespace, ...options } = {}) {
      const body = Object.keys(options).length === 0 ? undefined : { apiVersion: 'v1', kind: 'DeleteOptions', ...options }
      const answer = await exchange('DELETE', pathOf(kind, namespace, name), body)
      const known = meaningOf(answer) as Of<typeof kind> | undefined
      if (known !== undefined) return known
      const parsed = parse(answer)
      return (parsed as Status).kind === 'Status' ? (parsed as Status) : decodeObject(kind, parsed)
    },
    act: async (kind, name, subresource, body, options = {}) =>
      parse(await wholeBody(await send('POST', pathOf(kind, options.namespace, name, subresource) + writeQuery(manager), body))),
    because: (cause) => createClient(transport, { ...options, cause }),
  }
}

/** Every page of a list, as of one resourceVersion. */
export async function listAll<K extends AnyKind>(
  client: Client,
  kind: K,
  options: Parameters<Client['list']>[1] = {},
  pageSize = 500,
): Promise<ObjectList<Of<K>>> {
  const items: Of<K>[] = []
  let page = await client.list(kind, { ...options, limit: pageSize })
  for (;;) {
    items.push(...page.items)
    if (page.continue === undefined) return { items, resourceVersion: page.resourceVersion }
    // A continued page already knows its revision: naming one again is an error.
    const { resourceVersion: _version, resourceVersionMatch: _match, ...rest } = options
    page = await client.list(kind, { ...rest, limit: pageSize, continue: page.continue })
  }
}

const encoder = new TextEncoder()

/** A list of many thousand objects may be large; a server that sends without end may not fill the memory. */
const bodyLimitBytes = 1024 * 1024 * 1024

const patchTypes: Readonly<Record<Patch['type'], string>> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
}

/** The object of an answer; in one process with the server, the very one that the server has. */
const objectOf = <K extends AnyKind>(kind: K, answer: Uint8Array): Of<K> =>
  (meaningOf(answer) as Of<K> | undefined) ?? decodeObject(kind, parse(answer))

const parse = (answer: Uint8Array): unknown => parseExact(decoder.decode(answer))
const decoder = new TextDecoder()

async function wholeBody(response: HttpResponse): Promise<Uint8Array> {
  const body = await readBody(response.body, bodyLimitBytes)
  if (response.status >= 200 && response.status < 300) return body
  throw errorOfAnswer(response.status, body, header(response, 'retry-after'))
}

async function* watch<K extends AnyKind>(
  transport: Transport,
  userAgent: string,
  kind: K,
  options: WatchOptions,
): AsyncGenerator<WatchEvent<Of<K>>> {
  const { signal } = options
  if (signal?.aborted) return
  try {
    const response = await transport({
      method: 'GET',
      path: pathOf(kind, options.namespace) + watchQuery(options),
      headers: { accept: 'application/json', 'user-agent': userAgent },
      ...(signal && { signal }),
    })
    if (response.status !== 200)
      throw errorOfAnswer(response.status, await readBody(response.body, 1 << 20), header(response, 'retry-after'))
    yield* watchFrames(kind, response.body)
  } catch (error) {
    // Whatever an aborted exchange ends with, its end was asked for.
    if (!signal?.aborted) throw error
  }
}

function decodeList<K extends AnyKind>(kind: K, json: unknown): ObjectList<Of<K>> {
  const { items, metadata } = json as { items: unknown[] | null; metadata?: { resourceVersion?: string; continue?: string } }
  if (items === undefined || metadata === undefined)
    throw new WherryError('InternalError', `the server's answer is no list of ${kind.plural}`)
  return {
    items: (items ?? []).map((item) => decodeObject(kind, item)),
    resourceVersion: metadata.resourceVersion ?? '',
    ...(metadata.continue && { continue: metadata.continue }),
  }
}

/** What a writer may leave out because the kind knows it. */
const withNames = (kind: AnyKind, object: unknown) =>
  ({ apiVersion: apiVersionOf(kind), kind: kind.kind, ...(object as object) }) as { readonly metadata?: { readonly namespace?: string } }

function header(response: HttpResponse, name: string): string | undefined {
  const value = response.headers[name]
  return typeof value === 'object' ? value[0] : value
}
