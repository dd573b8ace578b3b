import type { Status } from '#api/meta/v1/types.ts'
import { type Clock, sleep } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { HttpRequest, HttpResponse, Transport } from '#lib/http.ts'
import type { Random } from '#lib/random.ts'
import { type OpenWatch, type WatchFaults, watchWithFaults } from './watch-faults.ts'

/** What goes wrong between a client and the API server. Times in milliseconds since `start`. */
export type ConnectionFault = Window &
  (
    | { readonly kind: 'late watch'; readonly delayMs: number }
    /** Each event comes again with this chance, at once or after those that followed it. */
    | { readonly kind: 'repeated events'; readonly share: number }
    /** Open watches break at `fromMs`, with all that is on its way; `expired`: with 410, so that the client has to list anew. */
    | { readonly kind: 'dropped watch'; readonly how: 'closed' | 'expired' }
    /** `refused`: before anything is done. `timed out`: done, and the answer is lost. `conflict`: somebody else was faster. */
    | { readonly kind: 'failing write'; readonly how: 'refused' | 'timed out' | 'conflict'; readonly share: number }
    | { readonly kind: 'failing read'; readonly share: number }
    /** Requests and answers are on their way for up to so long, each. */
    | { readonly kind: 'slow requests'; readonly delayMs: number }
  )

interface Window {
  /** A client by name; `*` means all, and a part's name that part of every server. */
  readonly client: string
  /** Only what concerns this resource: `pods`. Absent: everything. */
  readonly resource?: string
  readonly fromMs: number
  readonly toMs: number
}

/** Applies the faults of a plan to every connection that is led through it. Before `start`, and once all windows are over, nothing happens. */
export interface FaultyNetwork {
  through(transport: Transport, client: string, clock: Clock): Transport
  start(clock: Clock, note: (what: string, object: string) => void): void
  /** Ends all faults, whatever their windows say. */
  end(): void
}

export function createFaultyNetwork(faults: readonly ConnectionFault[], random: Random): FaultyNetwork {
  const open = new Set<OpenWatch & Subject>()
  let startedAt = Infinity
  let ended = false

  /** The faults of one kind that concern an exchange now, each with chances of its own. */
  function active<K extends ConnectionFault['kind']>(kind: K, subject: Subject, clock: Clock): readonly Active<K>[] {
    if (ended || startedAt === Infinity) return []
    const atMs = clock.now() - startedAt
    return faults.flatMap((fault, index) =>
      fault.kind === kind && concerns(fault, subject) && atMs >= fault.fromMs && atMs < fault.toMs
        ? [{ fault: fault as Active<K>['fault'], chance: chances[index]! }]
        : [],
    )
  }
  // A stream of its own for each fault: leaving one out moves nothing in the others.
  const chances = faults.map((fault) => random.fork(JSON.stringify(fault)))

  async function delay(subject: Subject, clock: Clock): Promise<void> {
    for (const { fault, chance } of active('slow requests', subject, clock)) await sleep(clock, Math.ceil(fault.delayMs * chance.next()))
  }

  async function write(transport: Transport, request: HttpRequest, subject: Subject, clock: Clock): Promise<HttpResponse> {
    await delay(subject, clock)
    for (const { fault, chance } of active('failing write', subject, clock)) {
      if (chance.next() >= fault.share) continue
      if (fault.how === 'refused') throw new WherryError('ServiceUnavailable', 'simulated: refused before it was done')
      if (fault.how === 'conflict') {
        if (request.method === 'PUT' || request.method === 'PATCH') return conflict
        continue
      }
      await transport(request)
      throw new WherryError('Timeout', 'simulated: done, but the answer was lost')
    }
    const response = await transport(request)
    await delay(subject, clock)
    return response
  }

  async function read(transport: Transport, request: HttpRequest, subject: Subject, clock: Clock): Promise<HttpResponse> {
    await delay(subject, clock)
    for (const { fault, chance } of active('failing read', subject, clock))
      if (chance.next() < fault.share) throw new WherryError('ServiceUnavailable', 'simulated: refused')
    return transport(request)
  }

  /** What a watch asks before each event. */
  const watchFaults = (subject: Subject, clock: Clock): WatchFaults => ({
    delayMs: () =>
      Math.max(0, ...active('late watch', subject, clock).map(({ fault, chance }) => Math.ceil(fault.delayMs * chance.next()))),
    isRepeated: () => active('repeated events', subject, clock).some(({ fault, chance }) => chance.next() < fault.share),
  })

  return {
    through(transport, client, clock) {
      const mine = faults.filter((fault) => isOf(fault, client))
      if (mine.length === 0) return transport
      return async (request) => {
        const subject = { client, resource: resourceOf(request.path) }
        if (request.method !== 'GET') return write(transport, request, subject, clock)
        const response = await read(transport, request, subject, clock)
        if (response.body instanceof Uint8Array || response.status !== 200) return response
        const watch = watchWithFaults(response.body, clock, watchFaults(subject, clock))
        const entry = { ...watch, ...subject }
        open.add(entry)
        return { ...response, body: watch.body(() => open.delete(entry)) }
      }
    },
    start(clock, note) {
      startedAt = clock.now()
      for (const fault of faults) {
        if (fault.kind !== 'dropped watch') continue
        clock.schedule(startedAt + fault.fromMs, () => {
          if (ended) return
          const hit = [...open].filter((watch) => concerns(fault, watch))
          note(fault.kind, `${hit.length} of ${fault.client} ${fault.resource ?? ''}`)
          for (const watch of hit) watch.breakOff(fault.how)
        })
      }
    },
    end: () => void (ended = true),
  }
}

interface Subject {
  readonly client: string
  readonly resource: string
}

interface Active<K extends ConnectionFault['kind']> {
  readonly fault: Extract<ConnectionFault, { kind: K }>
  readonly chance: Random
}

const concerns = (fault: ConnectionFault, { client, resource }: Subject): boolean =>
  isOf(fault, client) && (fault.resource === undefined || fault.resource === resource)

const isOf = (fault: ConnectionFault, client: string): boolean =>
  fault.client === '*' || fault.client === client || client.startsWith(`${fault.client}@`)

/** `/apis/apps/v1/namespaces/default/replicasets/web?x=y` → `replicasets`. */
export function resourceOf(path: string): string {
  const parts = path.split('?')[0]!.split('/').slice(1)
  const rest = parts[0] === 'api' ? parts.slice(2) : parts.slice(3)
  return (rest[0] === 'namespaces' && rest.length > 2 ? rest[2] : rest[0]) ?? ''
}

const status: Partial<Status> = {
  kind: 'Status',
  apiVersion: 'v1',
  status: 'Failure',
  reason: 'Conflict',
  code: 409,
  message: 'simulated: the object has been modified',
}
const conflict: HttpResponse = {
  status: 409,
  headers: { 'content-type': 'application/json' },
  body: new TextEncoder().encode(JSON.stringify(status)),
}
