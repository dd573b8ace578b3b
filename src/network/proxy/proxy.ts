import type { Node } from '#api/core/v1/node.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { Service } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { Informer } from '#client/informer.ts'
import type { Clock } from '#lib/clock.ts'
import type { Log } from '#lib/log.ts'
import type { Registry } from '#lib/metrics/registry.ts'
import type { Random } from '#lib/random.ts'
import { createRulesCheck } from '../rules-check.ts'
import { type Family, familyNames, isWithin, rangesIn } from './family.ts'
import { createFlowLooks } from './flow-looks.ts'
import { createProxyHealth, type ProxyHealth, serviceHealthAnswer } from './health.ts'
import { createHealthPorts } from './health-ports.ts'
import type { ServiceHost } from './host.ts'
import { forwardedHostPorts, hasHostPorts, hostPortPiece } from './host-ports.ts'
import { createLedger } from './ledger.ts'
import { createProxyMetrics, type ProxyMetrics } from './metrics.ts'
import { emptyPiece, servicePiece } from './piece.ts'
import { healthCheckPortOf, isForwardedSlice, localReadyCount, type PortsOptions, servicePorts } from './service-ports.ts'
import { endpointLeft, forwardedPort } from './stale-flows.ts'
import { stickyClientLines } from './sticky.ts'
import { changeLines, factsPiece, isSticky, type TableFacts, type TableOptions, tableFrame, unusedLines } from './table.ts'

/** What a node's service proxy is made from. */
export interface ServiceProxyOptions {
  readonly services: Informer<Service>
  /** With the index `service`: namespace/name of the Service that a slice belongs to. */
  readonly slices: Informer<EndpointSlice>
  /** The pods of this node. */
  readonly pods: Informer<Pod>
  /**
   * Of all nodes, from whom addresses and the zone come: rules that were written without them would masquerade new connections to nodes, and forget
   * hints, until they come.
   */
  readonly nodes?: Pick<Informer<Node>, 'isSynced' | 'synced'>
  readonly host: ServiceHost
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly nodeName: string
  /** The node's label `topology.kubernetes.io/zone`; '' without one. */
  readonly zone?: string
  readonly table: TableOptions
  /** Service addresses that the node answers itself, without forwarding. */
  readonly ownAddresses: readonly string[]
  /** Whether `spec.externalIPs` count; they do not unless a setting says so. */
  readonly externalIPs?: boolean
  /** Whether balancers may send new connections to this node; absent: always. */
  readonly isEligible?: () => boolean
  /** How often the rules are looked at; absent: each minute. */
  readonly checkAfterMs?: number
  /** After how long all of them are written anew; absent: an hour. */
  readonly renewAfterMs?: number
  /** Where it counts; absent: nowhere. */
  readonly registry?: Registry
  /** Told of a health check port that cannot be opened. */
  readonly healthPortFailed?: (service: Service, message: string) => void
}

/** A running proxy. */
export interface ServiceProxy {
  /** Resolves when the first whole table is written. */
  readonly synced: Promise<void>
  readonly health: ProxyHealth
  readonly metrics: ProxyMetrics | undefined
  /** What changed of the node and the cluster; only differences are written. */
  setFacts(facts: Partial<TableFacts>): void
  setZone(zone: string): void
  /** Resolves when all that is known is written, and what hangs on it done. */
  settled(): Promise<void>
  /** Ends following; the rules stay. */
  stop(): Promise<void>
}

/** How a slice is found by its Service. */
export const sliceServiceIndex = { service: (slice: EndpointSlice): string[] => sliceService(slice) }

/** After a failed transaction the whole table is written anew, not sooner than this. */
const retryMs = 1_000
/**
 * Chains that nothing leads to any more are taken away after this: kernels before 6.2 take a while to notice, and would refuse the whole
 * transaction. A Service that comes back meanwhile finds its chain.
 */
const unusedAfterMs = 5_000

const factsOwner = 'facts'

/**
 * Keeps the node's packet rules equal to what Services, EndpointSlices and pods say. The first change is written at once; one transaction
 * carries all that came while the last one was running. Its size depends on what changed, not on how much there is. The whole table is written
 * at start, after a transaction that failed, when somebody changed its rules, and once an hour.
 */
export function startServiceProxy(options: ServiceProxyOptions): ServiceProxy {
  const { services, slices, pods, host, clock, log, ownAddresses, table } = options
  const caches = [services, slices, pods, ...(options.nodes ? [options.nodes] : [])]
  let facts: TableFacts = table
  let zone = options.zone ?? ''
  const families = (['ip', 'ip6'] as const).filter((family) => rangesIn(family, table.clusterCIDR.split(',')).length > 0)
  const ledgers = new Map(families.map((family) => [family, createLedger()] as const))
  const health = createProxyHealth(families, () => clock.now(), options.isEligible ?? (() => true))
  const metrics = options.registry && createProxyMetrics(options.registry, families, clock.now())
  const dirty = new Set<string>()
  /** Services that an endpoint left since the ledgers were brought up to date. */
  const leftServices = new Set<string>()
  const flows = createFlowLooks({ host, families, clock, log })
  let isWritten = false
  /** Whether the ledgers hold what the caches say, but for what is dirty. */
  let isFilled = false
  let running: Promise<void> | undefined
  let stopped = false
  let forgetRetry = (): void => {}
  let retryAt = 0
  let forgetSweep: (() => void) | undefined
  let sweepDue = false
  const first = Promise.withResolvers<void>()

  const healthPorts = createHealthPorts({
    host,
    clock,
    log,
    answer(owner) {
      const [, family, namespace, name] = owner.split('/') as [string, Family, string, string]
      const count = localReadyCount(slicesOf(namespace, name), portsOptions(family))
      return serviceHealthAnswer(namespace, name, count, health.isHealthy())
    },
    failed(owner, port, error) {
      const [, , namespace, name] = owner.split('/') as [string, Family, string, string]
      const service = services.get(name, namespace)
      log.warn('a health check port could not be opened', { service: `${namespace}/${name}`, port, error })
      const reason = error instanceof Error ? error.message : String(error)
      const message = `node ${options.nodeName} failed to start healthcheck "${namespace}/${name}" on port ${port}: ${reason}`
      if (service !== undefined) options.healthPortFailed?.(service, message)
    },
  })

  const check = createRulesCheck({
    clock,
    random: options.random,
    log,
    host,
    tables: families.map((family) => `${family} ${table.name}`),
    isCalm: () => !stopped && running === undefined && isWritten,
    renew() {
      isWritten = false
      stir()
    },
    ...(options.checkAfterMs !== undefined && { afterMs: options.checkAfterMs }),
    ...(options.renewAfterMs !== undefined && { renewAfterMs: options.renewAfterMs }),
  })

  const slicesOf = (namespace: string, name: string) => slices.indexed('service', `${namespace}/${name}`).filter(isForwardedSlice)
  const portsOptions = (family: Family): PortsOptions => ({
    family,
    place: { nodeName: options.nodeName, zone },
    ownAddresses,
    externalIPs: options.externalIPs ?? false,
    nodeAddresses: facts.nodeAddresses,
  })

  // --- what is wanted ----------------------------------------------------------------------------------------------------------------

  /** Brings an owner's part of every family's ledger up to what the caches say. */
  function update(owner: string): void {
    const [kind, namespace = '', name = ''] = owner.split('/')
    for (const [family, ledger] of ledgers) {
      if (kind === factsOwner) ledger.set(owner, '', factsPiece(facts, ownAddresses, family))
      else if (kind === 'pod') {
        const pod = pods.get(name, namespace)
        // Of two pods that were both forced onto one host port, the one that was here first has it.
        ledger.set(owner, `${pod?.status?.startTime ?? ''} ${pod?.metadata.creationTimestamp ?? ''}`, hostPortPiece(pod, family))
        // A client of UDP that sends on would else go on reaching a former pod, or nobody.
        flows.changed(owner, family, forwardedHostPorts(pod, family, hostPortAddresses), false)
      } else updateService(family, owner, services.get(name, namespace), namespace, name)
    }
    leftServices.delete(owner)
  }

  function updateService(family: Family, owner: string, service: Service | undefined, namespace: string, name: string): void {
    const ledger = ledgers.get(family)!
    const ports = service === undefined ? [] : servicePorts(service, slicesOf(namespace, name), portsOptions(family))
    // Of two Services that have one address and port, the older has it.
    const piece = ports.length === 0 ? emptyPiece : servicePiece(ports, family, ledger.get(owner))
    ledger.set(owner, service?.metadata.creationTimestamp ?? '', piece)
    flows.changed(owner, family, ports.map(forwardedPort), leftServices.has(owner))
    const healthPort = service === undefined || ports.length === 0 ? 0 : healthCheckPortOf(service)
    healthPorts.set(
      `health/${family}/${namespace}/${name}`,
      healthPort === 0 ? undefined : { addresses: healthAddresses(family), port: healthPort },
    )
  }

  const hostPortAddresses = (): readonly string[] => host.addresses().filter((address) => !ownAddresses.includes(address))

  /** Where node ports answer, balancers find the health of their Services. */
  function healthAddresses(family: Family): readonly string[] {
    const { nodePortAddresses = ['primary'] } = table
    const any = [family === 'ip' ? '0.0.0.0' : '::']
    if (nodePortAddresses.includes('primary')) {
      const own = facts.nodeAddresses.filter((address) => address.includes(':') === (family === 'ip6'))
      return own.length > 0 ? own : any
    }
    const ranges = rangesIn(family, nodePortAddresses)
    const within = ranges.length === 0 ? [] : host.addresses().filter((address) => isWithin(address, ranges))
    return within.length > 0 && !ranges.some((range) => range.endsWith('/0')) ? within : any
  }

  // --- what is written ---------------------------------------------------------------------------------------------------------------

  function touch(owner: string): void {
    dirty.add(owner)
    health.queued()
    stir()
  }

  function stir(): void {
    if (!isWritten && clock.now() < retryAt) return
    if (stopped || running || caches.some((cache) => !cache.isSynced)) return
    // Changes of one moment go together.
    running = Promise.resolve()
      .then(apply)
      .finally(() => {
        running = undefined
        if ((dirty.size > 0 || sweepDue) && isWritten) stir()
      })
  }

  async function apply(): Promise<void> {
    const startedMs = clock.monotonicMs()
    const kind = isWritten ? 'partial' : 'full'
    try {
      const changes = isWritten ? await applyChanges() : await applyAll()
      metrics?.synced(kind, (clock.monotonicMs() - startedMs) / 1000, clock.now(), dirty.size === 0)
      if (dirty.size === 0) health.updated()
      first.resolve()
      if (stopped) return
      if (changes === undefined) await check.wroteAll()
      else check.wroteChanges(changes)
    } catch (error) {
      log.error('the service rules could not be written; all of them will be written anew', { error })
      metrics?.failed()
      isWritten = false
      isFilled = false
      retryAt = clock.now() + retryMs
      forgetRetry()
      forgetRetry = clock.schedule(retryAt, () => {
        // The clock may have been set back since.
        retryAt = 0
        stir()
      })
    }
  }

  async function applyAll(): Promise<undefined> {
    const owners = isFilled ? new Set(dirty) : allOwners()
    dirty.clear()
    for (const owner of owners) update(owner)
    const lines: string[] = []
    for (const [family, ledger] of ledgers) {
      const changes = ledger.takeAll()
      lines.push(tableFrame(table, family), ...changeLines(table.name, family, changes))
      if (![...changes.chains.keys()].some(isSticky)) continue
      // Whoever has an endpoint keeps it through a restart of this program, too.
      const clients = await host.stickyClients(family, table.name).catch((error: unknown) => {
        log.warn('clients with session affinity are not known any more; they get other endpoints', { error })
        return []
      })
      lines.push(...stickyClientLines(table.name, family, clients, changes.added.get('sticky-places')))
    }
    await host.nft(`${lines.join('\n')}\n`)
    isWritten = true
    isFilled = true
    // What nobody needed went with the old table; what nobody needs since has its own time.
    sweepDue = false
    log.info('wrote all service rules', { services: services.list().length, lines: lines.length })
    flows.written()
  }

  function allOwners(): ReadonlySet<string> {
    const owners = new Set([factsOwner, ...services.list().map(ownerOf('service')), ...pods.list().map(ownerOf('pod'))])
    for (const ledger of ledgers.values()) for (const owner of ledger.owners()) owners.add(owner)
    return owners
  }

  /** Resolves with the transaction, which may be empty. */
  async function applyChanges(): Promise<string> {
    const owners = [...dirty]
    dirty.clear()
    for (const owner of owners) update(owner)
    const lines: string[] = []
    for (const [family, ledger] of ledgers) {
      lines.push(...changeLines(table.name, family, ledger.take()))
      if (sweepDue) lines.push(...unusedLines(table.name, family, ledger.takeUnused()))
    }
    sweepDue = false
    const text = lines.length === 0 ? '' : `${lines.join('\n')}\n`
    if (text !== '') await host.nft(text)
    if (forgetSweep === undefined && [...ledgers.values()].some((ledger) => ledger.hasUnused))
      forgetSweep = clock.schedule(clock.now() + unusedAfterMs, () => {
        forgetSweep = undefined
        sweepDue = true
        stir()
      })
    flows.written()
    return text
  }

  // --- what is followed --------------------------------------------------------------------------------------------------------------

  const stops = [
    services.onChange((service) => {
      metrics?.changed('service', clock.now())
      touch(ownerOf('service')(service))
    }),
    slices.onChange((slice, previous, change) => {
      metrics?.changed('endpoint', clock.now(), change === 'deleted' ? undefined : triggerOf(slice))
      const hasLeft = endpointLeft(change === 'deleted' ? undefined : slice, change === 'deleted' ? slice : previous)
      for (const service of new Set([...sliceService(slice), ...(previous ? sliceService(previous) : [])])) {
        if (hasLeft) leftServices.add(`service/${service}`)
        touch(`service/${service}`)
      }
    }),
    pods.onChange((pod, previous) => {
      if (hasHostPorts(pod) || (previous !== undefined && hasHostPorts(previous))) touch(ownerOf('pod')(pod))
    }),
  ]
  Promise.all(caches.map((cache) => cache.synced())).then(stir, () => log.debug('stopped before the caches were full'))

  return {
    synced: first.promise,
    health,
    metrics,
    setFacts(change) {
      const before = facts
      facts = { ...facts, ...change }
      touch(factsOwner)
      if (facts.nodeAddresses.join() !== before.nodeAddresses.join())
        for (const service of services.list()) touch(ownerOf('service')(service))
    },
    setZone(next) {
      if (next === zone) return
      zone = next
      const hinted = slices.list().filter(({ endpoints }) => endpoints?.some(({ hints }) => hints !== undefined))
      for (const slice of hinted) for (const service of sliceService(slice)) touch(`service/${service}`)
    },
    async settled() {
      while (running) await running
      await flows.settled()
      await healthPorts.settled()
    },
    async stop() {
      stopped = true
      forgetRetry()
      check.rest()
      forgetSweep?.()
      for (const stop of stops) stop()
      await healthPorts.stop()
      await Promise.all([running, flows.stop()])
    },
  }
}

const ownerOf = (kind: 'service' | 'pod') => (object: Service | Pod) => `${kind}/${object.metadata.namespace}/${object.metadata.name}`

function sliceService(slice: EndpointSlice): string[] {
  const name = slice.metadata.labels?.['kubernetes.io/service-name']
  return name === undefined ? [] : [`${slice.metadata.namespace}/${name}`]
}

/** When the change happened that made this version of the slice, as far as its controller says (annotation of the Service's endpoints). */
function triggerOf({ metadata, addressType }: EndpointSlice) {
  const triggeredAt = Date.parse(metadata.annotations?.['endpoints.kubernetes.io/last-change-trigger-time'] ?? '')
  const family = addressType === familyNames.ip6 ? 'ip6' : 'ip'
  return Number.isNaN(triggeredAt) ? undefined : ({ key: `${metadata.namespace}/${metadata.name}`, family, triggeredAt } as const)
}
