import type { Endpoint, ServicePort } from './service-ports.ts'

/**
 * What one owner (a service port, a pod's host port) adds to the table. Pieces are independent of each other, so a change is the difference
 * of two versions of one piece, whatever the size of the whole.
 */
export interface Piece {
  /** Rules by chain. */
  readonly chains: Readonly<Record<string, readonly string[]>>
  /** Elements by named map or set; the value is '' for a set. */
  readonly elements: Readonly<Record<ElementOwner, Readonly<Record<string, string>>>>
  /** Sets that only this piece's rules use, with their declaration. */
  readonly sets: Readonly<Record<string, string>>
}

export const elementOwners = ['service-addresses', 'node-ports', 'no-endpoints', 'hairpin', 'host-ports', 'host-port-addresses'] as const
export type ElementOwner = (typeof elementOwners)[number]

/** Marks what has to leave with this node's own address. */
export const masqueradeMark = '0x4000'

/** The rules of one service port. */
export function servicePiece(port: ServicePort, podCIDR: string): Piece {
  const local = port.endpoints.filter((endpoint) => endpoint.local)
  const piece = emptyPiece()
  const all = balance(piece, port, 'svc', port.endpoints)
  const isExternal = port.nodePort > 0 || port.externalIPs.length + port.balancerIPs.length > 0
  const here =
    port.internalPolicy === 'Local' || (port.externalPolicy === 'Local' && isExternal) ? balance(piece, port, 'svc-local', local) : all

  for (const address of port.clusterIPs) {
    const key = addressKey(address, port)
    const chain = port.internalPolicy === 'Local' ? here : all
    if (chain) piece.elements['service-addresses'][key] = `goto ${chain}`
    // Without any endpoint a client is told at once; with endpoints elsewhere only, the policy says that it must not get through.
    else if (port.endpoints.length === 0) piece.elements['no-endpoints'][key] = ''
    else piece.elements['service-addresses'][key] = 'drop'
  }
  if (isExternal && port.endpoints.length > 0) {
    const chain = `ext-${port.key}`
    piece.chains[chain] =
      port.externalPolicy === 'Cluster'
        ? [`meta mark set mark or ${masqueradeMark}`, `goto ${all}`]
        : // Local only counts for who comes from outside: pods and the node itself may reach every endpoint.
          [
            `ip saddr ${podCIDR} goto ${all}`,
            `fib saddr type local meta mark set mark or ${masqueradeMark} goto ${all}`,
            here ? `goto ${here}` : 'drop',
          ]
    if (port.nodePort > 0) piece.elements['node-ports'][`${port.protocol} . ${port.nodePort}`] = `goto ${chain}`
    for (const address of port.externalIPs) piece.elements['service-addresses'][addressKey(address, port)] = `goto ${chain}`
    const entry = port.balancerIPs.length === 0 ? chain : limited(piece, port, chain)
    for (const address of port.balancerIPs) piece.elements['service-addresses'][addressKey(address, port)] = `goto ${entry}`
  } else for (const address of [...port.externalIPs, ...port.balancerIPs]) piece.elements['no-endpoints'][addressKey(address, port)] = ''
  // A pod that reaches itself through its Service would get its own address as the sender's, and drop the answer.
  for (const { address } of local) piece.elements.hairpin[`${address} . ${address}`] = ''
  return piece
}

const addressKey = (address: string, { protocol, port }: ServicePort): string => `${address} . ${protocol} . ${port}`

/** Lets only the Service's source ranges through to `chain`. A rule each: ranges may overlap, which a set would refuse. */
function limited(piece: MutablePiece, port: ServicePort, chain: string): string {
  if (port.sourceRanges === undefined) return chain
  const firewall = `fw-${port.key}`
  piece.chains[firewall] = [...port.sourceRanges.map((range) => `ip saddr ${range} goto ${chain}`), 'drop']
  return firewall
}

/** One host port of a pod of this node. */
export function hostPortPiece(port: {
  readonly protocol: string
  readonly hostIP: string
  readonly hostPort: number
  readonly podIP: string
  readonly containerPort: number
}): Piece {
  const piece = emptyPiece()
  const target = `${port.podIP} . ${port.containerPort}`
  const key = `${port.protocol.toLowerCase()} . ${port.hostPort}`
  if (port.hostIP === '' || port.hostIP === '0.0.0.0') piece.elements['host-ports'][key] = target
  else piece.elements['host-port-addresses'][`${port.hostIP} . ${key}`] = target
  piece.elements.hairpin[`${port.podIP} . ${port.podIP}`] = ''
  return piece
}

export interface MutablePiece extends Piece {
  readonly chains: Record<string, string[]>
  readonly elements: Record<ElementOwner, Record<string, string>>
  readonly sets: Record<string, string>
}

export const emptyPiece = (): MutablePiece => ({
  chains: {},
  elements: Object.fromEntries(elementOwners.map((owner) => [owner, {}])) as Record<ElementOwner, Record<string, string>>,
  sets: {},
})

/** A chain that sends to one of the endpoints; undefined where there is none. */
function balance(piece: MutablePiece, port: ServicePort, prefix: string, endpoints: readonly Endpoint[]): string | undefined {
  if (endpoints.length === 0) return undefined
  const chain = `${prefix}-${port.key}`
  piece.chains[chain] =
    port.affinitySeconds > 0 ? withAffinity(piece, port, endpoints) : [`${transport(port)} dnat ip to ${pick(endpoints)}`]
  return chain
}

/** `numgen` draws anew for every connection; conntrack keeps the answer for the connection's packets. */
function pick(endpoints: readonly Endpoint[]): string {
  const [first] = endpoints
  if (endpoints.length === 1) return `${first!.address}:${first!.port}`
  return `numgen random mod ${endpoints.length} map { ${endpoints.map(({ address, port }, index) => `${index} : ${address} . ${port}`).join(', ')} }`
}

/** Each endpoint remembers its clients in a set of its own, so that an endpoint that goes takes its memory with it. */
function withAffinity(piece: MutablePiece, port: ServicePort, endpoints: readonly Endpoint[]): string[] {
  const chains = endpoints.map((endpoint) => {
    const suffix = `${port.key}/${endpoint.address}/${endpoint.port}`
    // A set keeps the timeout that it was made with: another one needs another set.
    const set = `aff-${suffix}/${port.affinitySeconds}`
    piece.sets[set] = `type ipv4_addr; flags dynamic,timeout; timeout ${port.affinitySeconds}s; size 65535;`
    piece.chains[`ep-${suffix}`] = [`update @${set} { ip saddr }`, `${transport(port)} dnat ip to ${endpoint.address}:${endpoint.port}`]
    return { set, chain: `ep-${suffix}` }
  })
  const fresh =
    chains.length === 1
      ? `goto ${chains[0]!.chain}`
      : `numgen random mod ${chains.length} vmap { ${chains.map(({ chain }, index) => `${index} : goto ${chain}`).join(', ')} }`
  return [...chains.map(({ set, chain }) => `ip saddr @${set} goto ${chain}`), fresh]
}

const transport = (port: ServicePort): string => `meta l4proto ${port.protocol}`
