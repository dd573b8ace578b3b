import type { Clock } from '#lib/clock.ts'
import type { HttpResponse } from '#lib/http.ts'
import type { HttpsStream } from '#lib/https-stream.ts'
import type { Registry } from '#lib/metrics/registry.ts'
import type { Random } from '#lib/random.ts'
import type { Internals, Objects } from '../contract.ts'
import { startAutoRegistration } from './auto-registration.ts'
import { startAvailability } from './availability.ts'
import { createExtensions, type ExtensionsOptions } from './extension.ts'
import { type Relayed, relayed } from './proxy.ts'
import { createRegistrations, type Registration, type Registrations } from './registrations.ts'
import { createRemoteDiscovery, type RemoteDiscovery } from './remote-discovery.ts'
import { createRemoteOpenapi, type RemoteOpenapi } from './remote-openapi.ts'

/** The way to extension API servers, and who we are towards them. Absent where there is none: their group versions are unavailable. */
export interface AggregationMeans {
  readonly stream: HttpsStream
  readonly identity: ExtensionsOptions['identity']
}

/** Group versions that other servers serve, as if they were our own. */
export interface Aggregation {
  /** Raised by every change in registrations or in what other servers say of themselves. */
  readonly generation: number
  readonly registrations: Registrations
  /** Absent where there is no way out. */
  readonly discovery: RemoteDiscovery | undefined
  readonly openapi: RemoteOpenapi | undefined
  /** Who answers this path, undefined: we do. */
  find(path: string): Registration | undefined
  relay(registration: Registration, asked: Relayed): Promise<HttpResponse>
  close(): void
}

/** What aggregation reads, writes and counts. `means` absent: extension API servers cannot be reached. */
export interface AggregationOptions {
  readonly objects: Objects
  readonly internals: Internals
  readonly clock: Clock
  readonly random: Random
  readonly registry: Registry
  readonly means: AggregationMeans | undefined
  /** Calls after a gap in what was told of objects. */
  readonly onReload: (listener: () => void) => void
  /** Whether a document of OpenAPI version 3 is our own: `apis/apps/v1`. */
  readonly isOwnDocument: (name: string) => boolean
  readonly onFailure: (error: unknown) => void
}

/** Follows the APIServices from now on. */
export function startAggregation(options: AggregationOptions): Aggregation {
  const { objects, internals, clock, random, registry, means, onReload, onFailure } = options
  const registrations = createRegistrations(objects)
  onReload(registrations.reload)
  const extensions = means && createExtensions({ objects, clock, ...means })
  const remote = extensions && { registrations, extensions, clock }
  const discovery = remote && createRemoteDiscovery({ ...remote, random: random.fork('discovery') })
  const openapi = remote && createRemoteOpenapi({ ...remote, random: random.fork('openapi') })
  const unavailable = registerMetrics(registry, registrations)
  const common = { objects, internals, clock, onFailure }
  const stopAvailability = startAvailability({
    ...common,
    random: random.fork('availability'),
    registrations,
    extensions,
    onReload,
    onUnavailable: unavailable,
  })
  const stopAutoRegistration = startAutoRegistration({ ...common, random: random.fork('registration'), onReload })
  return {
    get generation() {
      return registrations.generation + (discovery?.generation ?? 0) + (openapi?.generation ?? 0)
    },
    registrations,
    discovery,
    openapi,
    find(path) {
      if (!path.startsWith(documentRoot)) return registrations.find(path)
      const name = path.slice(documentRoot.length)
      return options.isOwnDocument(name) ? undefined : openapi?.versions.get(name)?.registration
    },
    relay: async (registration, asked) => {
      if (extensions !== undefined) return relayed(extensions, clock, registration, asked)
      return { status: 503, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: Buffer.from('service unavailable\n') }
    },
    close() {
      stopAutoRegistration()
      stopAvailability()
      discovery?.close()
      openapi?.close()
      registrations.close()
    },
  }
}

const documentRoot = '/openapi/v3/'

/** Returns what counts an APIService that became unavailable. */
function registerMetrics(registry: Registry, registrations: Registrations): (name: string, reason: string) => void {
  registry.observed(
    {
      name: 'aggregator_unavailable_apiservice',
      help: 'Whether an APIService is marked as unavailable, by its name.',
      stability: 'ALPHA',
      type: 'gauge',
      labels: ['name'],
    },
    function* () {
      for (const { group, version } of registrations.registered) {
        const name = `${version}.${group}`
        yield { labels: [name], value: registrations.of(name)?.isAvailable === false ? 1 : 0 }
      }
    },
  )
  const turned = registry.counter({
    name: 'aggregator_unavailable_apiservice_total',
    help: 'How often an APIService was marked as unavailable, by its name and the reason.',
    stability: 'ALPHA',
    labels: ['name', 'reason'],
  })
  return (name, reason) => turned.of(name, reason).inc()
}
