import type { ConfigMap } from '#api/core/v1/config-map.ts'
import type { Namespace } from '#api/core/v1/namespace.ts'
import type { Service } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { Informer } from '#client/informer.ts'
import type { Clock } from '#lib/clock.ts'
import type { Log } from '#lib/log.ts'
import type { Registry } from '#lib/metrics/registry.ts'
import type { Random } from '#lib/random.ts'
import type { EventRecorder } from '#loop/events.ts'
import { parseCidr } from '#schema/ip.ts'
import { createClientCheck } from './client-check.ts'
import type { ZoneView } from './cluster-zone.ts'
import { canonicalAddress } from './endpoints.ts'
import { followSettings, type MachineNameServers } from './follow-settings.ts'
import { createForwarder } from './forwarder.ts'
import { createDnsMetrics } from './metrics.ts'
import { createNameServer, type DnsHandler } from './name-server.ts'
import { createOwnAnswers } from './own-answers.ts'
import type { DnsExchange } from './upstream.ts'

/** What the name server of one node answers from, and where it listens. */
export interface ServeNamesOptions {
  readonly listen: (address: string, handler: DnsHandler) => Promise<{ close: () => Promise<void> }>
  readonly exchange: DnsExchange
  readonly machine: MachineNameServers
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Tells users what is wrong with their settings. */
  readonly events: Pick<EventRecorder, 'record'>
  /** Where it counts; absent: nowhere. */
  readonly registry?: Registry
  /** Where it listens: one address, or one of each family. */
  readonly addresses: readonly string[]
  readonly clusterDomain: string
  /** Of pods and Services. */
  readonly clusterRanges: readonly string[]
  /** Those of the machine, as they are now: it may ask too. */
  readonly ownAddresses: () => readonly string[]
  readonly caches: {
    /** With the index `address`. */
    readonly services: Informer<Service>
    /** With the indexes `service` and `address`. */
    readonly slices: Informer<EndpointSlice>
    readonly namespaces: Informer<Namespace>
    /** ConfigMap `kube-system/kube-dns` alone. */
    readonly settings: Informer<ConfigMap>
  }
}

/**
 * After a start, questions for cluster names wait so long for the caches, and all questions for the settings: by those a name may be other servers', which
 * nobody else knows or need hear of. Once this is over they are answered without, since names outside are needed most where no API server answers.
 */
const readyMs = 3_000

/** Services by cluster address. */
export const serviceAddressIndex = {
  address: (service: Service): string[] =>
    (service.spec.clusterIPs ?? []).filter((address) => address !== 'None' && address !== '').map(canonicalAddress),
}
/** EndpointSlices by the addresses of their endpoints. */
export const sliceAddressIndex = {
  address: (slice: EndpointSlice): string[] => [
    ...new Set((slice.endpoints ?? []).flatMap(({ addresses }) => addresses.map(canonicalAddress))),
  ],
}

/** Answers for the cluster's names until it is stopped. */
export async function serveNames(options: ServeNamesOptions): Promise<{ stop: () => Promise<void> }> {
  const { caches, clock, registry, addresses, clusterDomain } = options
  const log = options.log.with({ part: 'dns' })
  const ownAnswers = createOwnAnswers()
  const metrics = registry && createDnsMetrics(registry, clusterDomain, () => ({ cached: forwarder.cached.size, own: ownAnswers.size }))
  const forwarder = createForwarder({
    exchange: options.exchange,
    clock,
    random: options.random,
    log,
    ...(metrics && { metrics: metrics.forwarder }),
  })
  const settings = followSettings({
    cache: caches.settings,
    machine: options.machine,
    ownAddresses: addresses,
    clusterDomain,
    events: options.events,
    log,
    use(next) {
      forwarder.use(next)
      ownAnswers.clear()
    },
  })
  const stops = [settings.stop, ...forgetWhatChanges(caches, ownAnswers.forget)]
  const kinds = [caches.services, caches.slices, caches.namespaces]
  let isSettled = caches.settings.isSynced
  const settled = caches.settings
    .until(() => caches.settings.isSynced, readyMs)
    .then(() => {
      isSettled = true
    })
  const handler = createNameServer({
    view: zoneView(options),
    forwarder,
    settings: settings.current,
    ownRanges: options.clusterRanges.map((range) => parseCidr(range)!),
    isClient: createClientCheck(options.clusterRanges, options.ownAddresses),
    isReady: () => kinds.every((kind) => kind.isSynced),
    ready: () => Promise.all(kinds.map((kind) => kind.until(() => kind.isSynced, readyMs))).then((all) => all.every(Boolean)),
    isSettled: () => isSettled,
    settled: () => settled,
    clock,
    ownAnswers,
    ...(metrics && { served: metrics.served }),
  })
  const sockets = await Promise.all(addresses.map((address) => options.listen(address, handler)))
  return {
    async stop() {
      for (const stop of stops) stop()
      forwarder.close()
      await Promise.all(sockets.map((socket) => socket.close()))
    },
  }
}

/** An answer that was made before a change is not given after it. */
function forgetWhatChanges({ services, slices, namespaces }: ServeNamesOptions['caches'], forget: (owner: string) => void): (() => void)[] {
  const forgetOf = (slice: EndpointSlice): void => {
    const service = slice.metadata.labels?.['kubernetes.io/service-name']
    if (service !== undefined) forget(`${slice.metadata.namespace}/${service}`)
  }
  return [
    services.onChange(({ metadata }) => forget(`${metadata.namespace}/${metadata.name}`)),
    slices.onChange((slice, previous) => {
      forgetOf(slice)
      if (previous !== undefined) forgetOf(previous)
    }),
    namespaces.onChange(({ metadata }, _previous, change) => {
      if (change !== 'modified') forget(metadata.name)
    }),
  ]
}

const zoneView = ({ clusterDomain, addresses, caches: { services, slices, namespaces } }: ServeNamesOptions): ZoneView => ({
  domain: clusterDomain,
  serverAddresses: addresses,
  service: (name, namespace) => services.get(name, namespace),
  slicesOf: (name, namespace) => slices.indexed('service', `${namespace}/${name}`),
  hasNamespace: (name) => namespaces.get(name) !== undefined,
  serviceByAddress: (address) => services.indexed('address', address)[0],
  slicesByAddress: (address) => slices.indexed('address', address),
})
