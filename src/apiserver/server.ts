import { type Features, noFeatures } from '#api/features.ts'
import type { AnyKind } from '#api/kind.ts'
import type { Clock } from '#lib/clock.ts'
import type { HttpResponse, Transport } from '#lib/http.ts'
import type { Registry } from '#lib/metrics/registry.ts'
import type { Random } from '#lib/random.ts'
import type { VersionFacts } from '#lib/version-info.ts'
import { fencedStore } from '#store/fenced-store.ts'
import type { Condition, Store } from '#store/store.ts'
import { withCommit } from '#store/with-commit.ts'
import { builtinActions } from './actions/builtin.ts'
import { type AggregationMeans, startAggregation } from './aggregation/aggregation.ts'
import type { Audit } from './audit/audit.ts'
import type { AuditMeans } from './audit/compose.ts'
import { createBookmarks } from './bookmarks.ts'
import { createCacher } from './cacher/cacher.ts'
import { getItem } from './cacher/index.ts'
import { startCompaction } from './compaction.ts'
import type { Context, Tell } from './context.ts'
import type {
  AdmissionPlugin,
  ApiHandler,
  Authenticator,
  Authorizer,
  Internals,
  Objects,
  SubresourceHandler,
  UserInfo,
} from './contract.ts'
import { startCustomResources } from './custom-resources/custom-resources.ts'
import { startExpiry } from './expiry.ts'
import { createFlowControl } from './flow-control/flow-control.ts'
import { createFlowObjects } from './flow-control/flow-objects.ts'
import type { HealthOptions } from './health/health.ts'
import { createHandler } from './http/handler.ts'
import { createReadAhead } from './http/yaml-body.ts'
import { createWriteJournal } from './journal/write-journal.ts'
import { createKindRegistry, type KindRegistry } from './kind-registry.ts'
import { registerBuildMetrics } from './metrics/build-metrics.ts'
import { createCelMetrics } from './metrics/cel-metrics.ts'
import { createMetrics } from './metrics/metrics.ts'
import { registerStoredMetrics } from './metrics/stored-metrics.ts'
import { storedObjects } from './metrics/stored-objects.ts'
import { documentName } from './openapi/openapi.ts'
import type { Outbound } from './outbound.ts'
import { addressPool } from './registry/address-pool.ts'
import { createClaims } from './registry/claims.ts'
import { createInternals } from './registry/internals.ts'
import { createObjects } from './registry/objects.ts'
import { portPool } from './registry/port-pool.ts'
import { readyRanges } from './registry/ready-ranges.ts'
import type { TracerMeans } from './tracing/compose.ts'
import { tracedPlugin } from './tracing/traced-plugin.ts'
import { inSpan, type Tracer } from './tracing/tracer.ts'

/** What an API server is made of. The caller closes what it hands in. */
export interface ApiServerOptions {
  readonly store: Store
  readonly kinds: readonly AnyKind[]
  readonly clock: Clock
  readonly random: Random
  /** What stands on the request path. It may read the objects that the server has just loaded; writing is for later, once it serves. */
  readonly stages: (objects: Objects, internals: Internals, registry: Registry) => Stages
  readonly pools: {
    /** Range of service addresses: `10.96.0.0/12`; or one of each family, that of services that ask for none first. */
    readonly clusterIPs: readonly string[]
    readonly nodePorts: readonly [first: number, last: number]
  }
  readonly version: VersionFacts
  /** Feature gates that are on beside the defaults; `kinds` has what they serve. Absent: none. */
  readonly features?: Features
  /** Address that discovery tells clients: `10.0.0.1:6443`. */
  readonly advertiseAddress: string
  readonly log: Tell
  /** Requests without credentials may reach authorization, as `system:anonymous`. Health and version are open in any case. */
  readonly allowAnonymous: boolean
  /** Answers to further paths that are no resources, past authorization: `/openid/v1/jwks`. */
  readonly responders?: Readonly<Record<string, (accept: string | undefined) => HttpResponse>>
  /** Where metrics are kept, when others of the process add theirs. Absent: the server's own. */
  readonly registry?: Registry
  /** How much of its disk the store takes, in bytes. */
  readonly storageSizeBytes?: () => number
  /** Seats of priority and fairness; see `seatsTotalDefault`. */
  readonly seatsTotal?: number
  /** Keeps who did what; counts into the registry that it is given. Absent: nobody does. */
  readonly audit?: (means: Pick<AuditMeans, 'registry' | 'outbound'>) => Audit
  /** Absent: nothing is traced. */
  readonly tracer?: (means: Pick<TracerMeans, 'outbound'>) => Tracer
  /** What `/flagz` shows: the settings that this process runs with, by name. */
  readonly flags?: Readonly<Record<string, string>>
  /** Steps of the start that others take, for the checks behind `/healthz`, `/livez` and `/readyz`. */
  readonly start?: HealthOptions['start']
  /** Whether the server has been told to end: then `/readyz` says so, while it still answers. */
  readonly isStopping?: () => boolean
  /** Named checks behind `/readyz`; a text says what is wrong. */
  readonly readyChecks?: Readonly<Record<string, () => Promise<string | undefined>>>
}

/** What stands on the path of every request. */
export interface Stages {
  readonly authenticate: Authenticator
  readonly authorize: Authorizer
  /** In the order of `admission/order.ts`. */
  readonly admission: readonly AdmissionPlugin[]
  /** By the name that a kind gives, and reviews by `${group}/${plural}`. */
  readonly handlers: Readonly<Record<string, SubresourceHandler>>
  /** Calls conversion webhooks. */
  readonly outbound?: Outbound
  /** Reaches extension API servers. */
  readonly aggregation?: AggregationMeans | undefined
}

/** An API server at work. */
export interface ApiServer {
  readonly handler: ApiHandler
  readonly objects: Objects
  readonly internals: Internals
  /** What is served now, kinds of definitions among them. */
  readonly kinds: KindRegistry
  /** The handler as a transport without socket or TLS. The user is vouched for; authorization applies to it as to anybody. */
  transportAs(user: UserInfo): Transport
  /** The same for those whose writes, and what the server writes in answer to them, count only while a condition on the store holds. */
  fenced(fence: Condition): ApiServer['transportAs']
  /** Ends all watches and stops what runs by time. The store stays open: it is the caller's. */
  close(): Promise<void>
}

/** Loads everything from the store and serves it. Rejects when the store cannot be read. */
export async function createApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { store, clock, random, log } = options
  const kinds = createKindRegistry(options.kinds)
  const serviceFamilies = options.pools.clusterIPs.map(familyOfRange)
  const rangesNow = (): readonly string[] => readyRanges(objects, options.pools.clusterIPs)
  const claims = createClaims({
    pools: {
      ...Object.fromEntries(serviceFamilies.map((family) => [family, addressPool(family, rangesNow)])),
      nodePorts: portPool(...options.pools.nodePorts),
    },
    random: random.fork('claims'),
    clock,
    isStored: (kind, key) => getItem(cacher.of(kind).index, key) !== undefined,
  })
  const onFailure = (error: unknown): void => log('the API server met a failure', { error })
  const cacher = await createCacher({ store, kinds: options.kinds, clock, onClaim: claims.note, onFailure })
  const bookmarks = createBookmarks(clock)
  const metrics = createMetrics(clock, options.registry)
  const objects = createObjects(() => cacher, kinds)
  const internals = createInternals(() => context)
  const stages = options.stages(objects, internals, metrics.registry)
  const tracer = options.tracer?.({ outbound: stages.outbound })
  registerBuildMetrics(metrics.registry, options.version, clock, options.features)
  registerStoredMetrics(metrics.registry, kinds, cacher, options.storageSizeBytes)
  const flowObjects = createFlowObjects({ objects, internals, clock, onFailure })
  const flowControl = createFlowControl({
    objects,
    clock,
    registry: metrics.registry,
    storedObjects: storedObjects(kinds, cacher),
    ...(options.seatsTotal !== undefined && { seatsTotal: options.seatsTotal }),
    onDangling: flowObjects.note,
  })
  const compaction = startCompaction(store, cacher, clock, onFailure)
  const aggregation = startAggregation({
    objects,
    internals,
    clock,
    random: random.fork('aggregation'),
    registry: metrics.registry,
    means: stages.aggregation,
    onReload: cacher.onReload,
    isOwnDocument: (name) => kinds.groups.some(({ group, versions }) => versions.some((version) => documentName(group, version) === name)),
    onFailure,
  })
  const context: Context = {
    store: noting(store, compaction.noteWrite, tracer !== undefined),
    cacher,
    kinds,
    clock,
    random: random.fork('registry'),
    claims,
    serviceFamilies,
    features: options.features ?? noFeatures,
    admission: stages.admission.map((plugin) => {
      const measured = metrics.admission.measured(plugin, clock)
      return tracer === undefined ? measured : tracedPlugin(measured)
    }),
    handlers: { ...builtinActions(), ...stages.handlers },
    objects,
    internals,
    aggregation,
    authenticate: stages.authenticate,
    authorize: stages.authorize,
    metrics,
    flowControl,
    readAhead: createReadAhead(clock),
    journal: createWriteJournal({ clock }),
    ...(options.audit !== undefined && { audit: options.audit({ registry: metrics.registry, outbound: stages.outbound }) }),
    ...(tracer !== undefined && { tracer }),
    log,
    watchJitter: random.fork('watches'),
    onBookmark: bookmarks.join,
  }
  const expiry = startExpiry({ store, cacher, kinds: options.kinds, clock, onFailure })
  const handler = createHandler(context, options)
  // Kinds of definitions in the store are served before anybody is answered.
  const customResources = startCustomResources({
    kinds,
    cacher,
    objects,
    internals,
    clock,
    random: random.fork('custom-resources'),
    ...(stages.outbound !== undefined && { outbound: stages.outbound }),
    onFailure,
    metrics: createCelMetrics(metrics.registry, clock),
  })
  return {
    handler,
    objects,
    internals,
    kinds,
    transportAs: transportsOver(handler),
    fenced(fence) {
      // Actions (a binding, an eviction) write by the server's own hand: that one is bound as well.
      const fencedContext: Context = {
        ...context,
        store: fencedStore(context.store, fence),
        internals: createInternals(() => fencedContext),
      }
      return transportsOver(createHandler(fencedContext, options))
    },
    async close() {
      expiry.close()
      aggregation.close()
      await customResources?.close()
      compaction.close()
      bookmarks.close()
      flowControl.close()
      await context.audit?.close()
      await context.tracer?.close()
      await cacher.close()
    },
  }
}

const transportsOver =
  (handler: ApiHandler): ApiServer['transportAs'] =>
  (user) =>
  (request) =>
    handler(request, { user, remoteAddress: 'in-process' })

const familyOfRange = (range: string): 'IPv4' | 'IPv6' => (range.includes(':') ? 'IPv6' : 'IPv4')

/** The store, telling of every write. */
const noting = (store: Store, noteWrite: () => void, isTraced: boolean): Store =>
  withCommit(store, (operations, conditions, following) => {
    noteWrite()
    return isTraced
      ? inSpan('store', () => store.commit(operations, conditions, following))
      : store.commit(operations, conditions, following)
  })
