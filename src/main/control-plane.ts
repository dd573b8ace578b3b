import { ConfigMap } from '#api/core/v1/config-map.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { type Features, featuresOf } from '#api/features.ts'
import { bootstrapFlowSchemas, bootstrapPriorityLevels } from '#api/flowcontrol/v1/bootstrap.ts'
import { FlowSchema } from '#api/flowcontrol/v1/flow-schema.ts'
import { PriorityLevelConfiguration } from '#api/flowcontrol/v1/priority-level-configuration.ts'
import type { AnyKind } from '#api/kind.ts'
import { servedKinds } from '#api/served-kinds.ts'
import { createAdmission } from '#apiserver/admission/compose.ts'
import { composeAudit } from '#apiserver/audit/compose.ts'
import { mastersGroup } from '#apiserver/authorization/authorize.ts'
import { escalationCheck } from '#apiserver/authorization/escalation.ts'
import { connectHandlers } from '#apiserver/connect/connect-handlers.ts'
import type { ApiHandler, Objects, UserInfo } from '#apiserver/contract.ts'
import type { KindRegistry } from '#apiserver/kind-registry.ts'
import { createOutbound } from '#apiserver/outbound.ts'
import { type ApiServer, type ApiServerOptions, createApiServer } from '#apiserver/server.ts'
import { legacyTokenIssuer } from '#apiserver/tokens/legacy-token.ts'
import { openIdResponders } from '#apiserver/tokens/openid.ts'
import { createTokenKeys } from '#apiserver/tokens/token-keys.ts'
import { createTokenRequestHandler } from '#apiserver/tokens/token-request.ts'
import { composeTracer } from '#apiserver/tracing/compose.ts'
import type { Client } from '#client/client.ts'
import { createClient } from '#client/http.ts'
import { createLocalTransport } from '#client/local-transport.ts'
import { apiServerId } from '#controllers/apiserver-identity/api-server-id.ts'
import type { ApiServerFacts } from '#controllers/apiserver-identity/identity-lease.ts'
import { keepIdentity } from '#controllers/apiserver-identity/keep-identity.ts'
import { trackingName, trackingNamespace } from '#controllers/common/legacy-token-tracking.ts'
import { createApiMetrics } from '#controllers/horizontal-pod-autoscaler/api-metrics.ts'
import type { MetricsReader } from '#controllers/horizontal-pod-autoscaler/metrics-reader.ts'
import { controllers, heldKinds, isCollectable, userOf } from '#controllers/mod.ts'
import { nodeLifecycleDefaults } from '#controllers/node-lifecycle/controller.ts'
import { nodeBitsOf, parsePodRanges } from '#host/pod-ranges.ts'
import { WherryError } from '#lib/errors.ts'
import type { Transport } from '#lib/http.ts'
import type { HttpsExchange } from '#lib/https-exchange.ts'
import { createWorkQueueMetrics } from '#lib/metrics/work-queue-metrics.ts'
import { kubernetesVersion, wherryVersion } from '#lib/version.ts'
import { type ControllerMetrics, createControllerMetrics } from '#loop/controller-metrics.ts'
import { createEventRecorder } from '#loop/events.ts'
import { runLeaderElection } from '#loop/leader-election.ts'
import { type HeldKind, type Running, runControllers } from '#loop/run.ts'
import { createServedKinds } from '#loop/served-kinds.ts'
import { profilesOf } from '#scheduler/config/profiles.ts'
import { defaultSettings, readSchedulerConfiguration } from '#scheduler/config/read-scheduler-configuration.ts'
import { createExtender } from '#scheduler/extender/extender.ts'
import { createSchedulerMetrics, type SchedulerMetrics } from '#scheduler/metrics.ts'
import { neededKinds } from '#scheduler/needed-kinds.ts'
import { startScheduler } from '#scheduler/start-scheduler.ts'
import { bootstrap } from './bootstrap.ts'
import { bootstrapUntilWhole } from './bootstrap-until-whole.ts'
import type { ControlPlaneOptions } from './control-plane-options.ts'
import { createIdentity, type Identity } from './identity.ts'
import { installGatewayApi } from './install-gateway-api.ts'
import { joinObjects, servingApprover } from './join-objects.ts'
import { takeFence } from './take-fence.ts'

export type { Component, ControlPlaneOptions } from './control-plane-options.ts'

/** A control plane at work. */
export interface ControlPlane {
  readonly handler: ApiHandler
  /** In-process, as this user. */
  transportAs(user: UserInfo): Transport
  readonly objects: Objects
  /** Resolves when the first leader's controllers have begun. */
  readonly leading: Promise<void>
  /** From now on `/readyz` says that the server is about to end; everything else goes on. */
  beginStop(): void
  /** Controllers and scheduler first, then the API server. */
  stop(): Promise<void>
}

/**
 * API server, controllers and scheduler over one store, in one process, without a socket: what `server` serves on a port, and what a
 * simulation runs in virtual time.
 */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { clock, random, log } = options
  const progress = { bootstrapped: false, joined: false, stopping: false }
  const apiServer = apiServerFacts(options)
  const features = featuresOf(options.featureGates)
  const kinds = servedKinds(features, options.runtimeConfig)
  const api = await createApi(options, { kinds, features }, apiServer.id, progress)
  const through = options.through ?? ((transport: Transport) => transport)
  const clientsOver =
    (transportAs: ApiServer['transportAs']) =>
    (name: string, user: UserInfo, fieldManager = name): Client =>
      createClient(createLocalTransport(through(transportAs(user), name)), { fieldManager })
  const asUser = clientsOver(api.transportAs)
  const asSystem = (name: string): Client => asUser(name, { name: `system:${name}`, groups: [mastersGroup, 'system:authenticated'] })
  const ownUser = { name: 'system:apiserver', groups: [mastersGroup, 'system:authenticated'] }
  const stopping = new AbortController()
  const client = asUser('bootstrap', ownUser, 'kube-apiserver')
  const bootstrapping = await bootstrapUntilWhole({
    attempt: () =>
      bootstrap({
        client,
        objects: api.objects,
        now: clock.now(),
        dnsAddress: options.dnsAddress,
        serviceCIDRs: options.serviceCIDRs,
        features,
        served: kinds,
        authentication: { clientCa: options.rootCa, frontProxyCa: options.frontProxyCa },
        further: [
          ...bootstrapPriorityLevels.map((object) => ({ kind: PriorityLevelConfiguration, object })),
          ...bootstrapFlowSchemas.map((object) => ({ kind: FlowSchema, object })),
          ...(options.joining === undefined ? [] : joinObjects(options.joining, options.rootCa)),
          ...(options.servingApproval === undefined ? [] : servingApprover),
        ],
      }),
    whole: () => {
      progress.bootstrapped = true
    },
    clock,
    random: random.fork('bootstrap'),
    log,
    signal: stopping.signal,
  })
  const kept = keepIdentity({
    ...apiServer,
    client: asUser('apiserver-identity', ownUser, 'kube-apiserver'),
    clock,
    random: random.fork('apiserver-identity'),
    log,
  })
  await kept.begun
  progress.joined = true
  const installing = options.gatewayApi
    ? installGatewayApi({
        client,
        objects: api.objects,
        registry: api.kinds,
        clock,
        random: random.fork('gateway api'),
        log,
        signal: stopping.signal,
      })
    : undefined
  const leading = Promise.withResolvers<void>()
  const lease = { client: asSystem('wherry-controllers'), namespace: 'kube-system', name: 'wherry-controllers', identity: options.identity }
  const election = runLeaderElection({
    ...lease,
    clock,
    random: random.fork('election'),
    log,
    async lead(signal) {
      const asLeader = clientsOver(api.fenced(await takeFence({ ...lease, store: options.store })))
      const clients: LeaderClients = {
        queueMetrics: api.queueMetrics,
        controllerMetrics: api.controllerMetrics,
        schedulerMetrics: api.schedulerMetrics,
        reader: asSystem('kube-controller-manager'),
        asController: (name) => asLeader(name, controllerUser(userOf(name))),
        scheduler: asLeader('default-scheduler', schedulerUser),
        metrics: createApiMetrics(through(api.transportAs(controllerUser(userOf(autoscaler))), autoscaler), clock),
      }
      await lead(options, { kinds, features, registry: api.kinds }, clients, signal, leading.resolve)
    },
    signal: stopping.signal,
  })
  return {
    handler: api.handler,
    transportAs: api.transportAs,
    objects: api.objects,
    leading: leading.promise,
    beginStop() {
      progress.stopping = true
    },
    async stop() {
      progress.stopping = true
      stopping.abort(new Error('the control plane stops'))
      await election
      await bootstrapping.ended
      await installing
      await kept.close()
      await api.close()
    },
  }
}

type QueueMetrics = ReturnType<typeof createWorkQueueMetrics>

/** What is served. */
interface Serving {
  /** By the server itself. */
  readonly kinds: readonly AnyKind[]
  readonly features: Features
  /** Kinds of definitions among them, as they come and go. */
  readonly registry: KindRegistry
}

/** How far this server is. */
interface Progress {
  readonly bootstrapped: boolean
  readonly joined: boolean
  readonly stopping: boolean
}

function apiServerFacts({ identity, hostname = identity, advertise, random }: ControlPlaneOptions): ApiServerFacts {
  const id = apiServerId(hostname)
  const holder = `${id}_${random.fork('apiserver holder').uuid()}`
  return { id, holder, hostname, address: `${advertise.address}:${advertise.port}` }
}

async function createApi(
  options: ControlPlaneOptions,
  { kinds, features }: Pick<Serving, 'kinds' | 'features'>,
  ownId: string,
  progress: Progress,
): Promise<ApiServer & Pick<LeaderClients, 'queueMetrics' | 'controllerMetrics' | 'schedulerMetrics'>> {
  const { clock, random, log } = options
  const keys = await createTokenKeys({ signingKey: options.serviceAccounts.key, publicKeys: options.serviceAccounts.publicKeys })
  const { address, port } = options.advertise
  const authority = `${address.includes(':') ? `[${address}]` : address}:${port}`
  let identity: Identity | undefined
  let queueMetrics: QueueMetrics | undefined
  let controllerMetrics: ControllerMetrics | undefined
  let schedulerMetrics: SchedulerMetrics | undefined
  const server = await createApiServer({
    store: options.store,
    kinds,
    features,
    clock,
    random: random.fork('api'),
    stages(objects, internals, registry) {
      queueMetrics = createWorkQueueMetrics(registry)
      controllerMetrics = createControllerMetrics(registry)
      schedulerMetrics = createSchedulerMetrics(registry)
      const outbound = createOutbound({ objects, exchange: options.exchange ?? noExchange, clock })
      identity = createIdentity({
        choices: options,
        keys,
        objects,
        internals,
        outbound,
        clock,
        random: random.fork('identity'),
        log,
        registry,
        features,
        apiServerId: ownId,
      })
      const { authenticate, authorize, rbac, reviews } = identity
      return {
        authenticate,
        authorize,
        outbound,
        aggregation: options.aggregation,
        admission: [
          ...createAdmission({
            objects,
            internals,
            authorize,
            outbound,
            clock,
            random,
            registry,
            log: (message, fields) => log.warn(message, fields),
            ...options.admissionPlugins,
          }),
          escalationCheck(rbac, authorize),
        ],
        handlers: {
          ...reviews,
          ...connectHandlers({ dial: options.dial, random: random.fork('connect'), authorize }),
          serviceAccountToken: createTokenRequestHandler({ keys, clock, random: random.fork('tokens') }),
        },
      }
    },
    responders: openIdResponders(keys, `https://${authority}/openid/v1/jwks`),
    pools: { clusterIPs: options.serviceCIDRs, nodePorts: options.nodePorts },
    version: { gitVersion: `${kubernetesVersion}+wherry.${wherryVersion}`, gitCommit: '', buildDate: '1970-01-01T00:00:00Z' },
    advertiseAddress: options.discoveryAddress ?? authority,
    allowAnonymous: options.anonymous === 'all',
    log: (message, fields) => log.warn(message, fields),
    start: { bootstrapped: () => progress.bootstrapped, joined: () => progress.joined },
    isStopping: () => progress.stopping,
    ...protection(options),
  })
  return {
    ...server,
    queueMetrics,
    controllerMetrics,
    schedulerMetrics,
    async close() {
      identity?.close()
      await server.close()
    },
  }
}

/** Audit, traces and settings of the API server that are off, or at their defaults, unless chosen. */
function protection({
  clock,
  random,
  log,
  audit,
  tracing,
  grpc,
  flags,
  seatsTotal,
  storageSizeBytes,
}: ControlPlaneOptions): Partial<ApiServerOptions> {
  const failed = (what: string) => (error: unknown) => log.warn(what, { error })
  return {
    ...(audit !== undefined && {
      audit: (means) => composeAudit(audit, { ...means, clock, random: random.fork('audit'), onFailure: failed('audit events were lost') }),
    }),
    ...(tracing !== undefined && {
      tracer: (means) =>
        composeTracer(tracing, { ...means, grpc, clock, random: random.fork('traces'), onFailure: failed('traces were lost') }),
    }),
    ...(flags !== undefined && { flags }),
    ...(seatsTotal !== undefined && { seatsTotal }),
    ...(storageSizeBytes !== undefined && { storageSizeBytes }),
  }
}

/** A control plane without a disk. */
const noFiles = (path: string): never => {
  throw new WherryError('NotFound', `${path} cannot be read here`)
}

/** A control plane without a way out. */
const noExchange: HttpsExchange = () => Promise.reject(new WherryError('ServiceUnavailable', 'dial tcp: connect: network is unreachable'))

interface LeaderClients {
  readonly queueMetrics: QueueMetrics | undefined
  readonly controllerMetrics: ControllerMetrics | undefined
  readonly schedulerMetrics: SchedulerMetrics | undefined
  /** Fills the caches that all controllers share. */
  readonly reader: Client
  readonly asController: (name: string) => Client
  readonly scheduler: Client
  readonly metrics: MetricsReader
}

/** All that only one server may do; ends when the signal aborts, once everything begun has ended. */
async function lead(
  options: ControlPlaneOptions,
  { kinds, features, registry }: Serving,
  clients: LeaderClients,
  signal: AbortSignal,
  begun: () => void,
): Promise<void> {
  const { clock, random, log, components = ['controllers', 'scheduler'] } = options
  const served = createServedKinds(kinds.filter(isCollectable))
  const all = controllers({
    features,
    get kinds() {
      return registry.all
    },
    served,
    apiServer: { addresses: [options.advertise.address], port: options.advertise.port, clusterIp: options.serviceAddress },
    serviceCIDRs: options.serviceCIDRs,
    podNetwork: parsePodRanges(options.podCIDR, 'podCIDR').map((clusterCidr) => ({ clusterCidr, nodeBits: nodeBitsOf(clusterCidr) })),
    rootCa: options.rootCa,
    issueToken: legacyTokenIssuer(options.serviceAccounts.key),
    signingAuthority: options.signingAuthority,
    servingApproval: options.servingApproval,
    metrics: clients.metrics,
    ...(options.nodeMonitorGraceMs !== undefined && { nodeLifecycle: { ...nodeLifecycleDefaults, graceMs: options.nodeMonitorGraceMs } }),
    ...(options.localVolumes && { localVolumes: true }),
  })
  const running = runControllers({
    controllers: components.includes('controllers') ? all : all.filter(({ name }) => apiServersOwn.has(name)),
    client: clients.reader,
    clientFor: clients.asController,
    kinds: [
      ...(components.includes('scheduler') ? neededKinds.map((kind) => ({ kind })) : []),
      ...(components.length === 0 ? [] : heldKinds),
      ...(components.includes('controllers') ? [] : [trackingMap]),
    ],
    served,
    clock,
    random: random.fork('controllers'),
    log,
    ...(clients.queueMetrics !== undefined && { queueMetrics: clients.queueMetrics }),
    ...(clients.controllerMetrics !== undefined && { metrics: clients.controllerMetrics }),
  })
  const follow = (): void => running.serveCustom(customKinds(registry))
  follow()
  const unfollow = registry.observe(follow)
  const scheduler = components.includes('scheduler') ? startSchedulerOver(running, options, clients) : undefined
  running.synced().then(begun, () => log.debug('stopped before the controllers began'))
  await new Promise<void>((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true })))
  unfollow()
  await Promise.all([scheduler?.stop(), running.stop()])
}

/** Kinds of definitions, each in the version that its group prefers. */
const customKinds = (registry: KindRegistry): readonly AnyKind[] =>
  registry.all.filter((kind) => kind.shape.kind === 'structural' && registry.ofResource(kind.group, kind.plural) === kind)

/** Who asks for metrics. */
const autoscaler = 'horizontal-pod-autoscaler'

/** Controllers that in the reference are a part of the API server itself: they run wherever it does. */
const apiServersOwn: ReadonlySet<string> = new Set([
  'ipallocator-repair-controller',
  'kubernetes-service-cidr-controller',
  'kubernetes-service-controller',
  'legacy-token-tracking-controller',
])

/** The one ConfigMap that they look at: an API server by itself holds no other one twice. */
const trackingMap: HeldKind = { kind: ConfigMap, namespace: trackingNamespace, fieldSelector: `metadata.name=${trackingName}` }

/** Over the controllers' caches: one copy of every pod in the process, and one look at each of its changes. */
function startSchedulerOver(
  running: Running,
  { clock, random, log, scheduler: configuration, exchange = noExchange, readFile }: ControlPlaneOptions,
  { scheduler: client, schedulerMetrics: metrics }: LeaderClients,
) {
  const settings = configuration === undefined ? defaultSettings : readSchedulerConfiguration(configuration)
  const recorder = createEventRecorder({ client, clock, random: random.fork('scheduler events'), log, component: 'default-scheduler' })
  const scheduler = startScheduler({
    client,
    pods: running.informer(Pod),
    nodes: running.informer(Node),
    namespaces: running.informer(Namespace),
    sources: (kind) => running.informer(kind),
    sourcesSynced: running.synced(),
    clock,
    random: random.fork('scheduler'),
    log: log.with({ component: 'scheduler' }),
    record: (event) => recorder.record(event),
    profiles: profilesOf(settings, { random: random.fork('scheduler plug-ins') }),
    times: settings.times,
    ...(metrics !== undefined && { metrics }),
    extenders: settings.extenders.map((extender) => createExtender(extender, { exchange, readFile: readFile ?? noFiles })),
  })
  return {
    async stop() {
      await scheduler.stop()
      recorder.close()
    },
  }
}

/**
 * Each controller may what the bootstrap roles give its own account, so that a fault in one cannot do everything. Those that are no service
 * account are parts of the control plane itself.
 */
const controllerUser = (name: string): UserInfo =>
  name.startsWith('system:serviceaccount:')
    ? { name, groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'] }
    : { name, groups: [mastersGroup, 'system:authenticated'] }
const schedulerUser: UserInfo = { name: 'system:kube-scheduler', groups: ['system:authenticated'] }
