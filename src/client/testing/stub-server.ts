import type { KubeObject } from '#api/kind.ts'
import type { ErrorCode } from '#lib/errors.ts'
import { statusOf } from '#lib/errors.ts'
import type { HttpRequest, HttpResponse, Transport } from '#lib/http.ts'

/**
 * A server for tests of what stands on a client: any kind, one revision for all, optimistic concurrency, list and watch. It validates
 * nothing. Its faults are at a test's command: watches can be held, cut and made to expire, requests can fail.
 */
export interface StubServer {
  readonly transport: Transport
  /** Every request so far: `POST /api/v1/namespaces/default/pods`. */
  readonly requests: string[]
  readonly revision: number
  /** The present objects of a path such as `/api/v1/pods`. */
  objects(collection: string): KubeObject[]
  /** Events no longer reach the watches until `release`. */
  hold(): void
  release(): void
  /** Ends all watches, as a connection that breaks. */
  cut(): void
  /** Forgets all events so far: a watch from before gets 410. */
  expire(): void
  /** Sends all watches a bookmark of the present. */
  bookmark(): void
  /** Fails the next requests that `matches`, with this code. */
  fail(code: ErrorCode, count: number, matches?: (request: HttpRequest) => boolean): void
  /** Whether watches can begin with the present state. */
  streaming: boolean
  /** Sends an event again, or late: straight to the watches of a path. */
  inject(collection: string, type: string, object: object): void
}

interface Change {
  readonly revision: number
  readonly collection: string
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly object: KubeObject
}

interface Watch {
  readonly collection: string
  readonly namespace: string | undefined
  sent: number
  queue: string[]
  wake: () => void
  ended: boolean
}

type Stored = KubeObject & { metadata: { deletionTimestamp?: string; finalizers?: string[] } }

/** Holds nothing at first. */
export function createStubServer(): StubServer {
  const stored = new Map<string, Stored>()
  const changes: Change[] = []
  const watches = new Set<Watch>()
  const failures: { code: ErrorCode; count: number; matches: (request: HttpRequest) => boolean }[] = []
  let revision = 1
  let oldest = 0
  let held = false
  let uids = 0

  function record(type: Change['type'], place: Place, object: Stored): Stored {
    revision += 1
    const next = structuredClone(object)
    next.metadata.resourceVersion = String(revision)
    const key = `${place.collection}|${next.metadata.namespace ?? ''}|${next.metadata.name}`
    if (type === 'DELETED') stored.delete(key)
    else stored.set(key, next)
    changes.push({ revision, collection: place.collection, type, object: next })
    if (!held) for (const watch of watches) deliver(watch)
    return next
  }

  function deliver(watch: Watch): void {
    for (const change of changes) {
      if (change.revision <= watch.sent || change.collection !== watch.collection) continue
      if (watch.namespace !== undefined && change.object.metadata.namespace !== watch.namespace) continue
      watch.queue.push(frame(change.type, change.object))
    }
    watch.sent = revision
    watch.wake()
  }

  const find = ({ collection, namespace, name }: Place) => stored.get(`${collection}|${namespace ?? ''}|${name}`)
  const listOf = (collection: string, namespace?: string) =>
    [...stored]
      .filter(([key, object]) => key.startsWith(`${collection}|`) && (namespace === undefined || object.metadata.namespace === namespace))
      .map(([, object]) => object)

  async function transport(request: HttpRequest): Promise<HttpResponse> {
    const place = placeOf(request.path)
    server.requests.push(`${request.method} ${request.path.split('?')[0]}`)
    const failure = failures.find((candidate) => candidate.count > 0 && candidate.matches(request))
    if (failure !== undefined) {
      failure.count -= 1
      return refuse(failure.code, `made to fail: ${failure.code}`)
    }
    const body = request.body === undefined ? undefined : JSON.parse(new TextDecoder().decode(request.body))
    switch (request.method) {
      case 'GET':
        if (place.query.get('watch') === 'true') return watch(place, request.signal)
        return place.name === undefined ? list(place) : reply(200, find(place) ?? 'NotFound')
      case 'POST':
        return place.subresource === undefined ? create(place, body) : act(place, body)
      case 'PUT':
      case 'PATCH':
        return change(place, request.method, body)
      case 'DELETE':
        return remove(place, body)
      default:
        return refuse('MethodNotAllowed', request.method)
    }
  }

  function list(place: Place): HttpResponse {
    const all = listOf(place.collection, place.namespace)
    const start = Number(place.query.get('continue') ?? 0)
    const limit = Number(place.query.get('limit') ?? all.length)
    const more = start + limit < all.length ? { continue: String(start + limit) } : {}
    // Like the reference, without apiVersion and kind in the items.
    const items = all.slice(start, start + limit).map(({ apiVersion: _version, kind: _kind, ...rest }) => rest)
    return reply(200, { kind: 'List', metadata: { resourceVersion: String(revision), ...more }, items })
  }

  function watch(place: Place, signal: AbortSignal | undefined): HttpResponse {
    const initial = place.query.get('sendInitialEvents') === 'true'
    if (initial && !server.streaming) return refuse('Invalid', 'sendInitialEvents is forbidden')
    const from = initial ? revision : Number(place.query.get('resourceVersion'))
    if (from < oldest) return reply(200, new TextEncoder().encode(frame('ERROR', statusBody('Expired', 'too old resource version'))))
    const opened: Watch = { collection: place.collection, namespace: place.namespace, sent: from, queue: [], wake: () => {}, ended: false }
    if (initial) {
      for (const object of listOf(place.collection, place.namespace)) opened.queue.push(frame('ADDED', object))
      const annotations = { 'k8s.io/initial-events-end': 'true' }
      opened.queue.push(frame('BOOKMARK', { metadata: { resourceVersion: String(revision), annotations } }))
    }
    watches.add(opened)
    if (!held) deliver(opened)
    const end = () => {
      opened.ended = true
      opened.wake()
    }
    signal?.addEventListener('abort', end, { once: true })
    return { status: 200, headers: {}, body: frames(opened) }
  }

  async function* frames(opened: Watch): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        if (opened.ended) return
        const text = opened.queue.splice(0).join('')
        if (text !== '') yield new TextEncoder().encode(text)
        else await new Promise<void>((resolve) => (opened.wake = resolve))
      }
    } finally {
      watches.delete(opened)
    }
  }

  function create(place: Place, body: Stored): HttpResponse {
    const { generateName } = body.metadata
    const name = body.metadata.name ?? `${generateName}${(uids + 1).toString(36).padStart(5, '0')}`
    if (find({ ...place, name }) !== undefined) return refuse('AlreadyExists', `${name} already exists`)
    const namespace = place.namespace === undefined ? {} : { namespace: place.namespace }
    const metadata = { ...body.metadata, ...namespace, name, uid: `uid-${(uids += 1)}`, creationTimestamp: '2026-01-01T00:00:00Z' }
    return reply(201, record('ADDED', place, { ...body, metadata } as Stored))
  }

  function change(place: Place, method: string, body: Stored): HttpResponse {
    const present = find(place)
    if (present === undefined) return refuse('NotFound', `${place.name} not found`)
    const { resourceVersion, uid } = body.metadata ?? {}
    if ((resourceVersion ?? present.metadata.resourceVersion) !== present.metadata.resourceVersion)
      return refuse('Conflict', 'changed meanwhile')
    if ((uid ?? present.metadata.uid) !== present.metadata.uid) return refuse('Conflict', 'another object')
    const next = method === 'PUT' ? structuredClone(body) : (merge(structuredClone(present), body) as Stored)
    if (JSON.stringify(next) === JSON.stringify(present)) return reply(200, present)
    const over = next.metadata.deletionTimestamp !== undefined && (next.metadata.finalizers ?? []).length === 0
    return reply(200, record(over ? 'DELETED' : 'MODIFIED', place, next))
  }

  function remove(place: Place, body: { preconditions?: { uid?: string } } | undefined): HttpResponse {
    const present = find(place)
    if (present === undefined) return refuse('NotFound', `${place.name} not found`)
    if ((body?.preconditions?.uid ?? present.metadata.uid) !== present.metadata.uid) return refuse('Conflict', 'another object')
    if ((present.metadata.finalizers ?? []).length === 0) {
      record('DELETED', place, present)
      return reply(200, { kind: 'Status', status: 'Success' })
    }
    const metadata = { ...present.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' }
    return reply(200, record('MODIFIED', place, { ...present, metadata }))
  }

  function act(place: Place, body: unknown): HttpResponse {
    const present = find(place)
    if (present === undefined) return refuse('NotFound', `${place.name} not found`)
    record('MODIFIED', place, { ...present, [place.subresource!]: body } as Stored)
    return reply(201, { kind: 'Status', status: 'Success' })
  }

  const server: StubServer = {
    transport,
    requests: [],
    get revision() {
      return revision
    },
    objects: (collection) => listOf(collection),
    hold() {
      held = true
    },
    release() {
      held = false
      for (const watch of watches) deliver(watch)
    },
    cut() {
      for (const watch of watches) {
        watch.ended = true
        watch.wake()
      }
    },
    expire() {
      oldest = revision
      changes.length = 0
    },
    bookmark() {
      for (const watch of watches) watch.queue.push(frame('BOOKMARK', { metadata: { resourceVersion: String(revision) } }))
      for (const watch of watches) watch.wake()
    },
    fail: (code, count, matches = () => true) => void failures.push({ code, count, matches }),
    streaming: true,
    inject(collection, type, object) {
      for (const watch of watches) if (watch.collection === collection) watch.queue.push(frame(type, object))
      for (const watch of watches) watch.wake()
    },
  }
  return server
}

interface Place {
  /** `/api/v1/pods`, whatever the namespace. */
  readonly collection: string
  readonly namespace: string | undefined
  readonly name: string | undefined
  readonly subresource: string | undefined
  readonly query: URLSearchParams
}

function placeOf(text: string): Place {
  const [path = '', query = ''] = text.split('?')
  const parts = path.split('/').slice(1)
  const base = parts.splice(0, parts[0] === 'api' ? 2 : 3)
  const namespace = parts[0] === 'namespaces' && parts.length > 2 ? parts.splice(0, 2)[1] : undefined
  const [plural, name, subresource] = parts
  return { collection: `/${base.join('/')}/${plural}`, namespace, name, subresource, query: new URLSearchParams(query) }
}

const frame = (type: string, object: object): string => `${JSON.stringify({ type, object })}\n`

function reply(status: number, body: object | ErrorCode): HttpResponse {
  if (typeof body === 'string') return refuse(body, body)
  return { status, headers: {}, body: body instanceof Uint8Array ? body : new TextEncoder().encode(JSON.stringify(body)) }
}

const statusBody = (code: ErrorCode, message: string) => ({
  kind: 'Status',
  status: 'Failure',
  reason: code,
  message,
  code: statusOf[code],
})
const refuse = (code: ErrorCode, message: string): HttpResponse => reply(statusOf[code], statusBody(code, message))

/** RFC 7386. */
function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch
  const result = (typeof target === 'object' && target !== null && !Array.isArray(target) ? target : {}) as Record<string, unknown>
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else result[key] = merge(result[key], value)
  }
  return result
}
