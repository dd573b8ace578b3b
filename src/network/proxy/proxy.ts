import type { Pod } from '#api/core/v1/pod.ts'
import { isPodTerminal } from '#api/core/v1/pod-helpers.ts'
import type { Service } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { Informer } from '#client/informer.ts'
import type { Clock } from '#lib/clock.ts'
import type { Log } from '#lib/log.ts'
import type { NetworkHost } from '../host.ts'
import type { ElementOwner, Piece } from './piece.ts'
import { elementOwners, emptyPiece, hostPortPiece, servicePiece } from './piece.ts'
import { isIPv4, servicePorts } from './service-ports.ts'
import type { TableOptions } from './table.ts'
import { mergePieces, tableChanges, wholeTable } from './table.ts'

export interface ServiceProxyOptions {
  readonly services: Informer<Service>
  /** With the index `service`: namespace/name of the Service that a slice belongs to. */
  readonly slices: Informer<EndpointSlice>
  /** The pods of this node. */
  readonly pods: Informer<Pod>
  readonly host: NetworkHost
  readonly clock: Clock
  readonly log: Log
  readonly nodeName: string
  readonly table: TableOptions
  /** Service addresses that the node answers itself, without forwarding. */
  readonly ownAddresses: readonly string[]
}

export const sliceServiceIndex = { service: (slice: EndpointSlice): string[] => sliceService(slice) }

/** After a failed transaction the whole table is written anew, not sooner than this. */
const retryMs = 1_000

/**
 * Keeps the node's packet rules equal to what Services, EndpointSlices and pods say. One transaction carries all changes that came while the
 * last one was running; its size depends on what changed, not on how much there is. Returns how to stop: the rules stay.
 */
export function startServiceProxy({ services, slices, pods, host, clock, log, nodeName, table, ownAddresses }: ServiceProxyOptions): {
  stop: () => Promise<void>
  synced: Promise<void>
} {
  /** What the kernel has, by owner; undefined: unknown, as at start and after a failure. */
  let applied: Map<string, Piece> | undefined
  const dirty = new Set<string>()
  let running: Promise<void> | undefined
  let stopped = false
  let forgetRetry = (): void => {}
  let retryAt = 0
  const first = Promise.withResolvers<void>()

  function want(owner: string): Piece {
    const [kind, namespace, name] = owner.split('/') as [string, string, string]
    if (kind === 'pod') return mergePieces(hostPorts(pods.get(name, namespace)).map(hostPortPiece))
    const service = services.get(name, namespace)
    return mergePieces(
      service
        ? servicePorts(service, slices.indexed('service', `${namespace}/${name}`), nodeName, ownAddresses).map((port) =>
            servicePiece(port, table.clusterCIDR),
          )
        : [],
    )
  }

  function touch(owner: string): void {
    dirty.add(owner)
    stir()
  }

  function stir(): void {
    if (applied === undefined && clock.now() < retryAt) return
    if (stopped || running || !services.isSynced || !slices.isSynced || !pods.isSynced) return
    // Changes of one moment go together.
    running = Promise.resolve()
      .then(apply)
      .finally(() => {
        running = undefined
        if (dirty.size > 0 && applied) stir()
      })
  }

  async function apply(): Promise<void> {
    const before = applied
    try {
      if (before === undefined) await applyAll()
      else await applyChanges(before)
      first.resolve()
    } catch (error) {
      log.error('the service rules could not be written; all of them will be written anew', { error })
      applied = undefined
      retryAt = clock.now() + retryMs
      forgetRetry()
      forgetRetry = clock.schedule(retryAt, stir)
    }
  }

  async function applyAll(): Promise<void> {
    dirty.clear()
    const owners = [...services.list().map(ownerOf('service')), ...pods.list().map(ownerOf('pod'))]
    const pieces = new Map(owners.map((owner) => [owner, want(owner)] as const))
    // As below, the one that came first holds what two of them want.
    await host.nft(wholeTable(table, [...pieces.values()].reverse()))
    applied = pieces
    log.info('wrote all service rules', { owners: owners.length })
  }

  async function applyChanges(before: Map<string, Piece>): Promise<void> {
    const owners = [...dirty]
    dirty.clear()
    const next = new Map(before)
    for (const owner of owners) next.set(owner, want(owner))
    const [old, now] = [owners.map((owner) => before.get(owner) ?? mergePieces([])), owners.map((owner) => next.get(owner)!)]
    const touched = keysOf([...old, ...now])
    const text = tableChanges(
      table,
      { ...mergePieces(old), elements: holdersOf(touched, before.values()) },
      { ...mergePieces(now), elements: holdersOf(touched, next.values()) },
    )
    if (text !== '') await host.nft(text)
    for (const owner of owners) if (isEmpty(next.get(owner)!)) next.delete(owner)
    applied = next
    await host.forgetFlows(lostFlows(mergePieces(old), mergePieces(now)))
  }

  const stops = [
    services.onChange((service) => touch(ownerOf('service')(service))),
    slices.onChange((slice, previous) => {
      for (const service of new Set([...sliceService(slice), ...(previous ? sliceService(previous) : [])])) touch(`service/${service}`)
    }),
    pods.onChange((pod, previous) => {
      if (hostPorts(pod).length > 0 || (previous && hostPorts(previous).length > 0)) touch(ownerOf('pod')(pod))
    }),
  ]
  Promise.all([services.synced(), slices.synced(), pods.synced()]).then(stir, () => log.debug('stopped before the caches were full'))

  return {
    synced: first.promise,
    async stop() {
      stopped = true
      forgetRetry()
      for (const stop of stops) stop()
      await running
    },
  }
}

const ownerOf = (kind: 'service' | 'pod') => (object: Service | Pod) => `${kind}/${object.metadata.namespace}/${object.metadata.name}`

function sliceService(slice: EndpointSlice): string[] {
  const name = slice.metadata.labels?.['kubernetes.io/service-name']
  return name === undefined ? [] : [`${slice.metadata.namespace}/${name}`]
}

function hostPorts(pod: Pod | undefined) {
  const podIP = pod?.status.podIP
  if (!pod || !podIP || !isIPv4(podIP) || pod.spec.hostNetwork || isPodTerminal(pod)) return []
  return pod.spec.containers
    .flatMap((container) => container.ports ?? [])
    .filter((port) => (port.hostPort ?? 0) > 0 && (!port.hostIP || isIPv4(port.hostIP)))
    .map((port) => ({
      protocol: port.protocol,
      hostIP: port.hostIP ?? '',
      hostPort: port.hostPort!,
      podIP,
      containerPort: port.containerPort,
    }))
}

type Keys = Readonly<Record<ElementOwner, ReadonlySet<string>>>

const keysOf = (pieces: readonly Piece[]): Keys =>
  Object.fromEntries(
    elementOwners.map((owner) => [owner, new Set(pieces.flatMap((piece) => Object.keys(piece.elements[owner])))]),
  ) as Record<ElementOwner, Set<string>>

/**
 * What stands in the table for these keys. Several pieces may hold one: pods behind two Services share a hairpin entry, and of two pods
 * that were both forced onto one host port the first keeps it until it goes, and then the other has it.
 */
function holdersOf(keys: Keys, pieces: Iterable<Piece>): Piece['elements'] {
  const { elements } = emptyPiece()
  for (const piece of pieces)
    for (const owner of elementOwners) {
      if (keys[owner].size === 0) continue
      for (const [key, value] of Object.entries(piece.elements[owner]))
        if (keys[owner].has(key) && !Object.hasOwn(elements[owner], key)) elements[owner][key] = value
    }
  return elements
}

const isEmpty = (piece: Piece): boolean =>
  Object.keys(piece.chains).length === 0 && elementOwners.every((owner: ElementOwner) => Object.keys(piece.elements[owner]).length === 0)

/** UDP has no end of a connection: flows to an endpoint that left a Service have to be forgotten by hand. */
function lostFlows(before: Piece, after: Piece) {
  const targets = (piece: Piece) => {
    const found = new Map<string, { protocol: string; destination: string; endpoint: string }>()
    for (const [key, verdict] of Object.entries(piece.elements['service-addresses'])) {
      const [destination, protocol] = key.split(' . ') as [string, string]
      if (protocol !== 'udp') continue
      for (const endpoint of endpointsOf(piece, verdict)) found.set(`${destination}/${endpoint}`, { protocol, destination, endpoint })
    }
    return found
  }
  const still = targets(after)
  return [...targets(before)].filter(([key]) => !still.has(key)).map(([, flow]) => flow)
}

/** The addresses to which a verdict leads, read from our own rules. */
function endpointsOf(piece: Piece, verdict: string): string[] {
  const chain = piece.chains[verdict.replace(/^goto /, '')] ?? []
  return chain.flatMap((rule) => {
    if (rule.includes(' dnat ')) return [...rule.matchAll(/(\d+\.\d+\.\d+\.\d+)/g)].map((match) => match[1]!)
    return [...rule.matchAll(/goto ((?:ep|svc|svc-local|ext)-[^\s,]+)/g)].flatMap((match) => endpointsOf(piece, match[1]!))
  })
}
