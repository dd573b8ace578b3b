import { createHash } from 'node:crypto'
import type { Clock, Instant } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { Random } from '#lib/random.ts'
import type { Answer, Extensions } from './extension.ts'
import { definitionRoot } from './merge-openapi.ts'
import type { Registration, Registrations } from './registrations.ts'
import { createRounds } from './rounds.ts'

type Json = Readonly<Record<string, unknown>>

/** What other servers say in OpenAPI of the group versions that they serve. */
export interface RemoteOpenapi {
  /** Raised by every change. */
  readonly generation: number
  /** Documents of version 3 by their names, one a group version, with where they are; the server behind each answers for it. */
  readonly versions: ReadonlyMap<string, { readonly serverRelativeURL: string; readonly registration: Registration }>
  /** Documents of version 2, of each group version its own paths with what they need; in the order in which they are merged. */
  readonly documents: readonly Json[]
  /** Somebody reads them: what has not been asked for a minute is asked again. The reader gets what is known. */
  used(): void
  close(): void
}

/** Which groups are elsewhere, and how their servers are asked. */
export interface RemoteOpenapiOptions {
  readonly registrations: Registrations
  readonly extensions: Extensions
  readonly clock: Clock
  readonly random: Random
}

interface Known {
  readonly etag: string
  readonly second: Json | undefined
  readonly third: Readonly<Record<string, { readonly serverRelativeURL: string }>>
}

/** Asks servers when they become available, and then only when somebody reads and a minute has passed. */
export function createRemoteOpenapi({ registrations, extensions, clock, random }: RemoteOpenapiOptions): RemoteOpenapi {
  const known = new Map<string, Known>()
  const askedAt = new Map<string, Instant>()
  let generation = 1
  let made: {
    readonly generation: number
    readonly of: number
    readonly versions: RemoteOpenapi['versions']
    readonly documents: readonly Json[]
  }

  const rounds = createRounds({
    clock,
    random,
    // A server without a description is served all the same.
    onFailure: () => {},
    retryMs: refreshMs,
    retryMaxMs: 3_600_000,
    run: async (name) => {
      const registration = registrations.of(name)
      if (registration === undefined || !registration.isAvailable) return undefined
      askedAt.set(name, clock.now())
      const before = known.get(name)
      const third = await thirdOf(extensions, registration)
      const second = await secondOf(extensions, registration, before)
      const next = { ...second, third }
      if (registrations.of(name) === undefined) return undefined
      if (before?.second !== next.second || JSON.stringify(before?.third) !== JSON.stringify(third)) generation += 1
      known.set(name, next)
      return undefined
    },
  })
  const stop = registrations.onChange((name) => {
    if (registrations.of(name)?.isAvailable === true) return rounds.look(name)
    if (registrations.of(name) !== undefined) return
    rounds.forget(name)
    askedAt.delete(name)
    if (known.delete(name)) generation += 1
  })
  for (const { name } of registrations.all) rounds.look(name)

  function merged(): typeof made {
    if (made?.generation === generation && made.of === registrations.generation) return made
    const versions = new Map<string, { readonly serverRelativeURL: string; readonly registration: Registration }>()
    const sorted = [...registrations.all].toSorted((a, b) => priorityOf(b) - priorityOf(a) || (a.name < b.name ? -1 : 1))
    for (const registration of sorted) {
      // Whatever else a server describes: only this is handed on to it.
      const name = `apis/${registration.group}/${registration.version}`
      const serverRelativeURL = known.get(registration.name)?.third[name]?.serverRelativeURL
      if (serverRelativeURL !== undefined) versions.set(name, { serverRelativeURL, registration })
    }
    const documents = sorted.map(({ name }) => known.get(name)?.second).filter((document) => document !== undefined)
    made = { generation, of: registrations.generation, versions, documents }
    return made
  }
  const priorityOf = ({ group, version }: Registration): number => registrations.priorityOf(group, version)?.group ?? 0

  return {
    get generation() {
      return generation
    },
    get versions() {
      return merged().versions
    },
    get documents() {
      return merged().documents
    },
    used() {
      const now = clock.now()
      for (const { name } of registrations.all) if (now - (askedAt.get(name) ?? now) >= refreshMs) rounds.look(name)
    },
    close() {
      stop()
      rounds.close()
    },
  }
}

const refreshMs = 60_000
const timeoutMs = 60_000
const bodyMaxBytes = 16 << 20
const localTag = 'local:'
const asker = { name: 'system:aggregator', groups: [] }

async function thirdOf(extensions: Extensions, registration: Registration): Promise<Known['third']> {
  const answer = await extensions.ask(registration, asker, { path: '/openapi/v3', headers: { accept: 'application/json' }, timeoutMs })
  if (answer.status === 404) return {}
  const { paths } = documentOf(answer, '/openapi/v3')
  const entries = Object.entries((paths ?? {}) as Record<string, { readonly serverRelativeURL?: unknown } | null>)
  return Object.fromEntries(
    entries.flatMap(([name, entry]) => {
      const serverRelativeURL = entry?.serverRelativeURL
      // Elsewhere than below our own path nobody would be asked by way of us.
      return typeof serverRelativeURL === 'string' && serverRelativeURL.startsWith('/openapi/v3/') ? [[name, { serverRelativeURL }]] : []
    }),
  )
}

async function secondOf(
  extensions: Extensions,
  registration: Registration,
  before: Known | undefined,
): Promise<Pick<Known, 'etag' | 'second'>> {
  // A tag of our own making means nothing to the server.
  const tag = before?.etag.startsWith(localTag) === true ? '' : (before?.etag ?? '')
  const answer = await extensions.ask(registration, asker, {
    path: '/openapi/v2',
    headers: { accept: 'application/json', ...(tag !== '' && { 'if-none-match': tag }) },
    timeoutMs,
    bodyMaxBytes,
  })
  if (answer.status === 404) return { etag: '', second: undefined }
  if (answer.status === 304 && before !== undefined) return before
  const etag = String(answer.headers['etag'] ?? `${localTag}${createHash('sha512').update(answer.body).digest('hex')}`)
  if (before?.etag === etag) return before
  return { etag, second: ofGroupVersion(documentOf(answer, '/openapi/v2'), registration) }
}

function documentOf({ status, body }: Answer, path: string): Json {
  if (status !== 200) throw new WherryError('ServiceUnavailable', `${path} answered with ${status}`)
  const document: unknown = JSON.parse(Buffer.from(body).toString())
  if (typeof document !== 'object' || document === null) throw new WherryError('ServiceUnavailable', `${path} is no document`)
  return document as Json
}

/** The paths of the group version, and the definitions that they lead to. */
function ofGroupVersion(document: Json, { group, version }: Registration): Json {
  const root = `/apis/${group}/${version}/`
  const own = Object.entries((document['paths'] ?? {}) as Json).filter(([path]) => path.startsWith(root))
  const paths = inlined(Object.fromEntries(own), (document['parameters'] ?? {}) as Json) as Json
  const all = (document['definitions'] ?? {}) as Json
  const definitions: Record<string, unknown> = {}
  const open = referencesIn(paths)
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (definitions[name] !== undefined || all[name] === undefined) continue
    definitions[name] = all[name]
    open.push(...referencesIn(all[name]))
  }
  return { paths, definitions }
}

/** The same with parameters that are shared by the whole document where they are meant: in another document those names mean something else. */
function inlined(value: unknown, parameters: Json): unknown {
  if (Array.isArray(value)) return value.map((item) => inlined(item, parameters))
  if (typeof value !== 'object' || value === null) return value
  const { $ref } = value as Json
  if (typeof $ref === 'string' && $ref.startsWith(parameterRoot)) return parameters[$ref.slice(parameterRoot.length)] ?? {}
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, inlined(item, parameters)]))
}

const parameterRoot = '#/parameters/'

/** Names of the definitions that a value refers to. */
function referencesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, item]) =>
    key === '$ref' && typeof item === 'string' ? [item.replace(definitionRoot, '')] : referencesIn(item),
  )
}
