import type { Family } from './family.ts'
import type { ServicePort } from './service-ports.ts'
import { firstNumbers, outRules, shortRules, wayNumber } from './shared-chains.ts'
import { stickyChains } from './sticky.ts'
import type { Store } from './stores.ts'
import type { Endpoint } from './usable-endpoints.ts'

/**
 * What one owner (a Service, a pod with host ports, the node itself) adds to a family's table. Pieces are independent of each other, so a
 * change is the difference of two versions of one piece, whatever the size of the whole.
 */
export interface Piece {
  /** Elements by map or set; the value is '' in a set. */
  readonly elements: ReadonlyMap<Store, ReadonlyMap<string, string>>
  /** Rules by chain, of chains that nobody else has. */
  readonly chains: ReadonlyMap<string, readonly string[]>
  /** Endpoints by port and policy in the order of their numbers: the next version of the piece lets each keep its own where it can. */
  readonly places: ReadonlyMap<string, readonly string[]>
}

export const emptyPiece: Piece = { elements: new Map(), chains: new Map(), places: new Map() }

/** Endpoints that are forwarded to, of one port: as many as have a number. The reference has no limit, and never met one so far. */
export const endpointsMax = 0xffff

/**
 * The rules of one Service's ports. No port without affinity needs a chain of its own: its address leads to a chain that all ports with as
 * many endpoints share (`to-3`), which draws a number and finds the endpoint under address, protocol, port and number.
 */
export function servicePiece(ports: readonly ServicePort[], family: Family, previous: Piece = emptyPiece): Piece {
  const writer = createWriter(family, previous)
  for (const port of ports) addPort(writer, port)
  return writer.piece
}

function addPort(writer: Writer, port: ServicePort): void {
  const { usable, protocol, nodePort } = port
  const frontend = (address: string) => `${address} . ${protocol} . ${port.port}`
  const internal = port.internalPolicy === 'Local' ? usable.local : usable.cluster
  const staysHere = port.externalPolicy === 'Local'
  const external = staysHere ? usable.local : usable.cluster
  // Nobody at all: a client is told at once. Somebody, but not by the policy: it must not get through, and may come again.
  const closed = usable.hasAny ? 'dropped' : 'refused'
  writer.add('cluster-ips', port.clusterIP)

  const place = (all: readonly Endpoint[], group: Group) => writer.order(port, group, all)
  const [cluster, local] = [place(usable.cluster, 'to'), place(usable.local, 'here')]
  const own = frontend(port.clusterIP)
  if (internal.length === 0) writer.add(closed, own)
  else {
    const isLocal = port.internalPolicy === 'Local'
    writer.send('services', own, port, isLocal ? 'here' : 'to', isLocal ? local : cluster)
    writer.list('endpoints', own, isLocal ? local : cluster, isLocal ? 'here' : 'to', port)
  }

  const outside = (
    stores: {
      to: 'services' | 'node-ports'
      from: 'outside-services' | 'outside-node-ports'
    },
    key: string,
  ): void => {
    if (!usable.hasAny) {
      writer.add(stores.to === 'services' ? 'refused' : 'refused-node-ports', key)
      return
    }
    const endpoints = stores.to === 'services' ? 'endpoints' : 'node-port-endpoints'
    // Who is inside, pod or node, gets any endpoint: as if it had gone out to a balancer and come back.
    if (cluster.length > 0) {
      writer.send(stores.to, key, port, staysHere ? 'short' : 'out', cluster)
      writer.list(endpoints, key, cluster, 'to', port)
    }
    if (staysHere && external.length > 0) {
      writer.send(stores.from, key, port, 'here', local)
      writer.list(endpoints, key, local, 'here', port)
    } else if (staysHere) writer.add(stores.from, key, 'drop')
  }
  for (const address of [...port.externalIPs, ...port.balancerIPs]) outside({ to: 'services', from: 'outside-services' }, frontend(address))
  if (nodePort > 0) outside({ to: 'node-ports', from: 'outside-node-ports' }, `${protocol} . ${nodePort}`)
  if (port.sourceRanges.length > 0)
    for (const address of port.balancerIPs) {
      writer.add('limited', frontend(address))
      for (const range of port.sourceRanges) writer.add('allowed', `${frontend(address)} . ${range}`)
    }
  // A pod that reaches itself through its Service would get its own address as the sender's, and drop the answer.
  for (const { address } of [...usable.cluster, ...usable.local].filter((endpoint) => endpoint.local))
    writer.add('hairpin', `${address} . ${address}`)
  writer.stick(port, cluster, local)
}

/** One host port of a pod of this node, in the family of the pod's address. */
export function addHostPort(
  elements: Map<Store, Map<string, string>>,
  port: {
    readonly protocol: string
    /** '' for all addresses of the node. */
    readonly hostIP: string
    readonly hostPort: number
    readonly podIP: string
    readonly containerPort: number
  },
): void {
  const target = `${port.podIP} . ${port.containerPort}`
  const key = `${port.protocol.toLowerCase()} . ${port.hostPort}`
  const isAny = port.hostIP === '' || port.hostIP === '0.0.0.0' || port.hostIP === '::'
  put(elements, isAny ? 'host-ports' : 'host-port-addresses', isAny ? key : `${port.hostIP} . ${key}`, target)
  put(elements, 'hairpin', `${port.podIP} . ${port.podIP}`, '')
}

type Group = 'to' | 'here'
/** `to`: any endpoint. `here`: one of this node. `out`: any, and the answer comes back through this node. `short`: the same for the node itself. */
type Way = 'to' | 'here' | 'out' | 'short'

interface Writer {
  readonly piece: Piece
  add(store: Store, key: string, value?: string): void
  order(port: ServicePort, group: Group, endpoints: readonly Endpoint[]): readonly string[]
  send(store: Store, key: string, port: ServicePort, way: Way, endpoints: readonly string[]): void
  list(store: 'endpoints' | 'node-port-endpoints', key: string, endpoints: readonly string[], group: Group, port: ServicePort): void
  stick(port: ServicePort, cluster: readonly string[], local: readonly string[]): void
}

function createWriter(family: Family, previous: Piece): Writer {
  const elements = new Map<Store, Map<string, string>>()
  const chains = new Map<string, readonly string[]>()
  const places = new Map<string, readonly string[]>()
  const ways = new Set<Way>()
  const add = (store: Store, key: string, value = ''): void => {
    put(elements, store, key, value)
  }
  return {
    piece: { elements, chains, places },
    add,
    order(port, group, endpoints) {
      const place = `${port.key} ${group}`
      const ordered = keepPlaces(
        previous.places.get(place) ?? [],
        endpoints.slice(0, endpointsMax).map(({ address, port: to }) => `${address} . ${to}`),
      )
      if (ordered.length > 0) places.set(place, ordered)
      return ordered
    },
    send(store, key, port, way, endpoints) {
      if (port.affinitySeconds > 0) {
        ways.add(way)
        const own = store === 'services' || store === 'node-ports' ? (`sticky-${store}` as const) : store
        add(own, key, `goto sticky-${way}-${port.key}`)
        return
      }
      const ofNodePort = store === 'node-ports' || store === 'outside-node-ports'
      const chain = `${ofNodePort ? 'node-port-' : ''}${way}-${endpoints.length}`
      add(store, key, store === 'services' || store === 'node-ports' ? wayNumber(chain)! : `goto ${chain}`)
    },
    list(store, key, endpoints, group, port) {
      if (port.affinitySeconds > 0) return
      const high = firstNumbers[group] >>> 16
      for (const [place, endpoint] of endpoints.entries()) add(store, `${key} . ${high}:${(place + 1).toString(16)}`, endpoint)
    },
    stick(port, cluster, local) {
      if (ways.size === 0) return
      for (const group of ['to', 'here'] as const) {
        const endpoints = group === 'to' ? cluster : local
        if (endpoints.length === 0) continue
        const sticky = stickyChains(port, group, endpoints, family)
        for (const [name, rules] of sticky.chains) chains.set(name, rules)
        for (const [place, slot] of sticky.places) add('sticky-places', place, slot)
      }
      const to = `sticky-to-${port.key}`
      if (ways.has('out')) chains.set(`sticky-out-${port.key}`, outRules(to))
      if (ways.has('short')) chains.set(`sticky-short-${port.key}`, shortRules(to))
      ways.clear()
    },
  }
}

/**
 * Who was there keeps its number, who is new takes a free one, and a hole that is left is filled by the last: as few numbers as possible change
 * their endpoint.
 */
export function keepPlaces(before: readonly string[], now: readonly string[]): readonly string[] {
  const wanted = new Set(now)
  const kept = before.slice(0, wanted.size).map((one) => (wanted.has(one) ? one : undefined))
  const has = new Set(kept)
  const rest = [...wanted].filter((one) => !has.has(one))
  while (kept.length < wanted.size) kept.push(undefined)
  return kept.map((one) => one ?? rest.shift()!)
}

function put(elements: Map<Store, Map<string, string>>, store: Store, key: string, value: string): void {
  let stored = elements.get(store)
  if (stored === undefined) elements.set(store, (stored = new Map()))
  stored.set(key, value)
}
