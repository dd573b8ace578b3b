import type { Clock } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { Random } from '#lib/random.ts'
import { checker } from './availability.ts'
import type { Extensions } from './extension.ts'
import type { Registration, Registrations } from './registrations.ts'
import { createRounds } from './rounds.ts'

/** A group version in aggregated discovery (apidiscovery.k8s.io/v2, APIVersionDiscovery). */
export interface VersionDiscovery {
  readonly version: string
  readonly resources?: readonly object[]
  /** `Stale`: the server could not be asked, and nothing is known of its resources. */
  readonly freshness: 'Current' | 'Stale'
}

/** Which resources other servers say that they have. */
export interface RemoteDiscovery {
  /** Raised by every change. */
  readonly generation: number
  of(registration: Pick<Registration, 'name' | 'version'>): VersionDiscovery
  close(): void
}

/** Which groups are elsewhere, and how their servers are asked. */
export interface RemoteDiscoveryOptions {
  readonly registrations: Registrations
  readonly extensions: Extensions
  readonly clock: Clock
  readonly random: Random
}

/** Asks servers when they are registered, when they become available, and once a minute. Costs nothing while there are none. */
export function createRemoteDiscovery({ registrations, extensions, clock, random }: RemoteDiscoveryOptions): RemoteDiscovery {
  const known = new Map<string, VersionDiscovery>()
  /** What a server said of all its group versions at once, with the tag of that answer. */
  const documents = new Map<string, { readonly etag: string; readonly versions: ReadonlyMap<string, readonly object[]> }>()
  let generation = 1

  function put(name: string, next: VersionDiscovery): void {
    if (JSON.stringify(known.get(name)) === JSON.stringify(next)) return
    known.set(name, next)
    generation += 1
  }

  async function resourcesOf(registration: Registration): Promise<readonly object[]> {
    const server = serverOf(registration)
    const before = documents.get(server)
    const headers = { accept: aggregated, ...(before !== undefined && { 'if-none-match': before.etag }) }
    const answer = await extensions.ask(registration, checker, { path: '/apis', headers, timeoutMs })
    if (answer.status === 304 && before !== undefined) return before.versions.get(keyOf(registration)) ?? []
    if (answer.status === 503) throw new WherryError('ServiceUnavailable', `${server} answered with ${answer.status}`)
    if (answer.status === 200 && isAggregated(String(answer.headers['content-type']))) {
      const versions = versionsOf(JSON.parse(Buffer.from(answer.body).toString()))
      const { etag } = answer.headers
      // Without a tag there is nothing to ask about the next time.
      if (typeof etag === 'string' && etag !== '') documents.set(server, { etag, versions })
      else documents.delete(server)
      return versions.get(keyOf(registration)) ?? []
    }
    return legacyResources(extensions, registration)
  }

  const rounds = createRounds({
    clock,
    random,
    // The condition of its APIService tells of it.
    onFailure: () => {},
    retryMs: 500,
    retryMaxMs: refreshMs,
    run: async (name) => {
      const registration = registrations.of(name)
      if (registration === undefined) return undefined
      const { version } = registration
      try {
        const resources = await resourcesOf(registration)
        if (registrations.of(name) === undefined) return undefined
        put(name, { version, ...(resources.length > 0 && { resources }), freshness: 'Current' })
        return refreshMs
      } catch (error) {
        put(name, { version, freshness: 'Stale' })
        throw error
      }
    },
  })
  const stop = registrations.onChange((name) => {
    if (registrations.of(name) !== undefined) return rounds.look(name)
    rounds.forget(name)
    if (known.delete(name)) generation += 1
    const servers = new Set([...registrations.all].map(serverOf))
    for (const server of documents.keys()) if (!servers.has(server)) documents.delete(server)
  })
  for (const { name } of registrations.all) rounds.look(name)
  return {
    get generation() {
      return generation
    },
    of: ({ name, version }) => known.get(name) ?? { version, freshness: 'Stale' },
    close() {
      stop()
      rounds.close()
    },
  }
}

const refreshMs = 60_000
const timeoutMs = 5_000
const aggregatedOf = (version: string): string => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`
const aggregated = `${aggregatedOf('v2')},${aggregatedOf('v2beta1')}`
const isAggregated = (contentType: string): boolean => /as=APIGroupDiscoveryList/.test(contentType)

const serverOf = ({ service: { namespace, name, port } }: Registration): string => `${namespace}/${name}:${port}`
const keyOf = ({ group, version }: { readonly group: string; readonly version: string }): string => `${group}/${version}`

type Json = Readonly<Record<string, unknown>>
const listOf = (value: unknown): readonly Json[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'object' && item !== null) : []
const nameOf = (value: unknown): string => (typeof value === 'string' ? value : '')

/** Resources by group version. Clients of old cannot do without the kind of an answer, so it is there, if empty. */
function versionsOf(document: Json): ReadonlyMap<string, readonly object[]> {
  const versions = new Map<string, readonly object[]>()
  for (const group of listOf(document['items']))
    for (const version of listOf(group['versions']))
      versions.set(
        keyOf({ group: nameOf((group['metadata'] as Json | undefined)?.['name']), version: nameOf(version['version']) }),
        listOf(version['resources']).map(({ subresources, ...resource }) => ({
          ...resource,
          responseKind: resource['responseKind'] ?? noKind,
          ...(subresources !== undefined && {
            subresources: listOf(subresources).map((part) => ({ ...part, responseKind: part['responseKind'] ?? noKind })),
          }),
        })),
      )
  return versions
}

const noKind = { group: '', version: '', kind: '' }

/** Of a server that knows only the older form: one question a group version. */
async function legacyResources(extensions: Extensions, registration: Registration): Promise<readonly object[]> {
  const { group, version } = registration
  const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  const answer = await extensions.ask(registration, checker, { path, headers: { accept: 'application/json' }, timeoutMs })
  if (answer.status !== 200) throw new WherryError('ServiceUnavailable', `${path} answered with ${answer.status}`)
  const document = JSON.parse(Buffer.from(answer.body).toString()) as Json
  const all = listOf(document['resources'])
  const made = new Map<string, Record<string, unknown>>()
  for (const resource of all) {
    const name = nameOf(resource['name'])
    if (name.includes('/')) continue
    const { namespaced, singularName = '', verbs, shortNames, categories } = resource
    made.set(name, {
      resource: name,
      responseKind: kindOf(resource),
      scope: namespaced === true ? 'Namespaced' : 'Cluster',
      singularResource: singularName,
      verbs,
      ...(shortNames !== undefined && { shortNames }),
      ...(categories !== undefined && { categories }),
    })
  }
  for (const part of all) {
    const [name = '', subresource] = nameOf(part['name']).split(/\/(.*)/s)
    if (subresource === undefined) continue
    const scope = part['namespaced'] === true ? 'Namespaced' : 'Cluster'
    const parent = made.get(name) ?? { resource: name, responseKind: noKind, scope, singularResource: '', verbs: [] }
    made.set(name, parent)
    const subresources = (parent['subresources'] ?? []) as readonly object[]
    parent['subresources'] = [...subresources, { subresource, responseKind: kindOf(part), verbs: part['verbs'] }]
  }
  return [...made.values()]
}

const kindOf = ({ group = '', version = '', kind = '' }: Json): object => ({ group, version, kind })
