import { gatewayOf, hostRange, isSameFamily, isV6, isWithin, networkAddress, overlaps, vtepMac } from './addresses.ts'
import {
  type Device,
  type Forwarding,
  type Neighbour,
  type PresentNetwork,
  type Route,
  type Rule,
  routeProtocol,
  routeTable,
  rulePriority,
} from './network-state.ts'
import type { NodeNetwork } from './node-networks.ts'

/** How packets get to pods of other nodes. `none`: that is somebody else's matter. */
export type PodNetworkMode = (typeof podNetworkModes)[number]
export const podNetworkModes = ['vxlan', 'host-gateway', 'none'] as const

/** All that decides what this machine's network has to be. */
export interface NetworkView {
  readonly mode: PodNetworkMode
  /** This node; its addresses are those that it is told to have, whatever its Node object says yet. */
  readonly own: NodeNetwork
  /** All others. */
  readonly peers: readonly NodeNetwork[]
  readonly present: PresentNetwork
  readonly names: { readonly vxlan: string; readonly bridge: string }
}

/** What has to be there of ours, and nothing else of ours. */
export interface DesiredNetwork {
  /** Undefined: there is to be none. */
  readonly vxlan?: { readonly local: string; readonly mac: string; readonly mtu: number; readonly addresses: readonly string[] } | undefined
  readonly routes: readonly Route[]
  readonly rules: readonly Rule[]
  readonly neighbours: readonly Neighbour[]
  readonly forwarding: readonly Forwarding[]
  /** Addresses that the pods' bridge may have; undefined: whatever it has is right. */
  readonly bridgeAddresses?: readonly string[] | undefined
  /** Of pods' interfaces and of their bridge; undefined: not ours to say. */
  readonly podMtu?: number | undefined
  readonly problems: readonly NetworkProblem[]
}

/** What keeps packets from getting where they should, in words for the administrator. */
export interface NetworkProblem {
  /** The reason of the event. */
  readonly reason: 'AddressMissing' | 'NodeUnreachable' | 'PodRangeConflict' | 'RouteConflict'
  readonly message: string
}

/** Nothing of ours, and no word about what is somebody else's. */
export const noNetwork: DesiredNetwork = { routes: [], rules: [], neighbours: [], forwarding: [], problems: [] }

/** The outer headers of VXLAN: IP, UDP (8), VXLAN (8), Ethernet (14). RFC 7348. */
const overheadBytes = { v4: 50, v6: 70 }
/** What IPv4 and IPv6 must carry at least (RFC 791, RFC 8200): below it nothing works that has to be tried. */
const leastMtu = { v4: 576, v6: 1280 }

/** Purely from Node objects and the machine's interfaces. */
export function desiredNetwork({ mode, own, peers, present, names }: NetworkView): DesiredNetwork {
  if (mode === 'none') return noNetwork
  const problems: NetworkProblem[] = []
  const local = underlayAddress(own)
  const uplink = local === undefined ? undefined : deviceWith(present.devices, local, names)
  if (local !== undefined && !uplink)
    problems.push({
      reason: 'AddressMissing',
      message: `no interface of this machine has the node's address ${local}; other nodes cannot reach its pods until one has`,
    })
  const tunnelMtu = mtuInside(uplink?.mtu ?? 1500, local ?? '', own.podCIDRs)
  const reachable = withoutConflicts(own, peers, problems)
  const routes: Route[] = []
  const tunnelled: NodeNetwork[] = []
  for (const peer of reachable) {
    const direct = mode === 'host-gateway' ? directRoutes(own, peer, present.devices, names) : undefined
    if (direct) routes.push(...direct)
    else if (local === undefined || !underlayOf(peer, local))
      problems.push({
        reason: 'NodeUnreachable',
        message: `node ${peer.name} has no ${isV6(local ?? '') ? 'IPv6' : 'IPv4'} address among its InternalIPs (${peer.addresses.join(', ') || 'none'}), so its pods cannot be reached from here`,
      })
    else tunnelled.push(peer)
  }
  const tunnel = tunnelled.flatMap((peer) => tunnelTo(peer, own, local!, names.vxlan))
  routes.push(...tunnel.flatMap((one) => one.routes))
  return {
    vxlan:
      tunnelled.length === 0
        ? undefined
        : { local: local!, mac: vtepMac(local!), mtu: tunnelMtu, addresses: own.addresses.slice(0, 2).map(hostRange) },
    routes,
    rules: own.podCIDRs
      .filter((range) => routes.some(({ table, destination }) => table === routeTable && isSameFamily(destination, range)))
      .map((source) => ({ source, table: routeTable, priority: rulePriority })),
    neighbours: tunnel.flatMap((one) => one.neighbours),
    forwarding: tunnel.map((one) => one.forwarding),
    bridgeAddresses: own.podCIDRs.length > 0 ? own.podCIDRs.map(gatewayOf) : undefined,
    // A single peer behind the tunnel makes it the way of all pods: the smallest MTU is right everywhere.
    podMtu: mode === 'vxlan' || tunnelled.length > 0 ? tunnelMtu : (uplink?.mtu ?? 1500),
    problems,
  }
}

/** The family of the cluster's first pod range decides, so that all nodes choose alike; where the node has no address of it, its first one is taken. */
function underlayAddress({ addresses, podCIDRs }: NodeNetwork): string | undefined {
  const [range] = podCIDRs
  return addresses.find((address) => range !== undefined && isSameFamily(address, range)) ?? addresses[0]
}

const underlayOf = (peer: NodeNetwork, local: string): string | undefined => peer.addresses.find((address) => isSameFamily(address, local))

/** Our own interfaces repeat the node's address, or hold pods: they lead nowhere. */
export const deviceWith = (devices: readonly Device[], address: string, names: NetworkView['names']): Device | undefined =>
  devices.find(
    ({ name, addresses }) =>
      name !== names.vxlan && name !== names.bridge && addresses.some((one) => one.slice(0, one.indexOf('/')) === address),
  )

function mtuInside(outside: number, local: string, podCIDRs: readonly string[]): number {
  const inside = outside - (isV6(local) ? overheadBytes.v6 : overheadBytes.v4)
  return Math.max(inside, podCIDRs.some(isV6) ? leastMtu.v6 : leastMtu.v4)
}

/** Of two nodes with one range, or one address, the first by name keeps it; a packet can go to one of them only. */
function withoutConflicts(own: NodeNetwork, peers: readonly NodeNetwork[], problems: NetworkProblem[]): NodeNetwork[] {
  const kept: NodeNetwork[] = [own]
  for (const peer of peers) {
    if (peer.podCIDRs.length === 0) continue
    const other = kept.find(
      (one) =>
        one.podCIDRs.some((range) => peer.podCIDRs.some((another) => overlaps(range, another))) ||
        one.addresses.some((address) => peer.addresses.includes(address)),
    )
    if (other)
      problems.push({
        reason: 'PodRangeConflict',
        message: `nodes ${other.name} and ${peer.name} have pod ranges or addresses in common (${[...peer.podCIDRs, ...peer.addresses].join(', ')}); pods of ${peer.name} cannot be reached from here until one of the two is deleted and joins anew`,
      })
    else kept.push(peer)
  }
  return kept.slice(1)
}

/** Through the peer itself, where each of its ranges has an address of that family on the link that our own node address is on. */
function directRoutes(own: NodeNetwork, peer: NodeNetwork, devices: readonly Device[], names: NetworkView['names']): Route[] | undefined {
  const routes: Route[] = []
  for (const range of peer.podCIDRs) {
    const [mine, via] = [own, peer].map(({ addresses }) => addresses.find((address) => isSameFamily(address, range)))
    const device = mine === undefined ? undefined : deviceWith(devices, mine, names)
    const link = device?.addresses.find((address) => address.startsWith(`${mine}/`))
    if (via === undefined || link === undefined || !isWithin(via, link)) return undefined
    routes.push(routeTo(range, via, device!.name))
  }
  return routes
}

/**
 * Through the VXLAN: the peer's pods, and for our pods the peer's own addresses as well. So both directions go the same way, a pod is seen by its
 * own address everywhere, and no network between the nodes ever sees a pod's address, which many of them would drop.
 */
function tunnelTo(peer: NodeNetwork, own: NodeNetwork, local: string, device: string) {
  const address = underlayOf(peer, local)!
  const mac = vtepMac(address)
  const gateways = peer.podCIDRs.map((range) => ({ range, via: networkAddress(range) }))
  const routes = gateways.flatMap(({ range, via }) => [
    { ...routeTo(range, via, device), isOnLink: true },
    ...peer.addresses
      .filter((one) => isSameFamily(one, range) && own.podCIDRs.some((mine) => isSameFamily(mine, range)))
      .map((one) => ({ ...routeTo(hostRange(one), via, device), isOnLink: true, table: routeTable })),
  ])
  return { routes, neighbours: gateways.map(({ via }) => ({ address: via, mac })), forwarding: { mac, address } }
}

const mainTable = 254

const routeTo = (destination: string, via: string, device: string): Route => ({
  destination,
  via,
  device,
  isOnLink: false,
  table: mainTable,
  protocol: routeProtocol,
  // What the kernel gives a route that asks for none.
  metric: isV6(destination) ? 1024 : 0,
})
