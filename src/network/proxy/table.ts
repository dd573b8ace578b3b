import { canary } from '../rules-check.ts'
import { type Family, isAddress, isWithin, rangesIn } from './family.ts'
import type { Changes } from './ledger.ts'
import type { Piece } from './piece.ts'
import { masqueradeMark } from './shared-chains.ts'
import { stickyDeclaration, stickyMap } from './sticky.ts'
import { type Store, storeDeclarations, storeNames } from './stores.ts'

/** What of the node and the cluster the rules depend on, beside Services and pods. It may change while the proxy runs. */
export interface TableFacts {
  /** Ranges of all pods, of either family; several with commas between them. */
  readonly clusterCIDR: string
  /** Ranges of this node's own pods, of either family; absent: which pods are its own is not known by their addresses. */
  readonly ownPodCIDRs?: readonly string[]
  /** Own addresses of the node, of either family. */
  readonly nodeAddresses: readonly string[]
  /** Ranges of Service addresses: what is not given away in them is dropped instead of leaving the node. */
  readonly serviceCIDRs?: readonly string[]
  /** Addresses that pods go to by their own: those of all nodes. */
  readonly unmasqueraded?: readonly string[]
}

/** What never changes of a table. */
export interface TableOptions extends TableFacts {
  readonly name: string
  /**
   * At which of the node's addresses node ports answer: ranges of addresses, or `primary` (the default, as the reference's), which means
   * `nodeAddresses`. Loopback addresses never do.
   */
  readonly nodePortAddresses?: readonly string[]
  /**
   * Where nodes send each other pods' packets, and the devices by which packets of pods come. The kernel takes every packet for that port as a
   * node's: a pod that sent one could put any sender's address into it, and get around all policies. Absent: there is no tunnel.
   */
  readonly tunnel?: { readonly port: number; readonly devices: readonly string[] }
  /**
   * Whether the machine reaches host ports at its IPv4 loopback addresses, too: the devices of pods have to let such packets out (`route_localnet`), so
   * none from elsewhere is let in. The kernel knows no such thing of IPv6.
   */
  readonly hasLoopbackHostPorts?: boolean
}

/** The elements that the facts make. */
export function factsPiece(facts: TableFacts, ownAddresses: readonly string[], family: Family): Piece {
  const set = (keys: readonly string[]) => new Map(keys.map((key) => [key, '']))
  const addresses = (all: readonly string[]) => set(all.filter((one) => isAddress(family, one)))
  const elements = new Map<Store, ReadonlyMap<string, string>>([
    ['pod-ranges', set(rangesIn(family, facts.clusterCIDR.split(',')))],
    ['own-pod-ranges', set(rangesIn(family, facts.ownPodCIDRs ?? []))],
    ['service-ranges', set(rangesIn(family, facts.serviceCIDRs ?? []))],
    ['node-addresses', addresses(facts.nodeAddresses)],
    ['own-addresses', addresses(ownAddresses)],
    ['unmasqueraded', addresses(facts.unmasqueraded ?? [])],
  ])
  return { elements, chains: new Map(), places: new Map() }
}

/** Begins a transaction that replaces what is there: at no moment is it missing or half. Connections go on, since they live in conntrack. */
export function tableFrame(
  { name, nodePortAddresses = ['primary'], tunnel, ownPodCIDRs, hasLoopbackHostPorts = false }: TableOptions,
  family: Family,
): string {
  const declarations = storeDeclarations(family)
  const frontend = `${family} daddr . meta l4proto . th dport`
  const nodePort = 'meta l4proto . th dport'
  const isOutside = `${family} saddr != @pod-ranges fib saddr type != local`
  const atNode = nodePortMatch(nodePortAddresses, family)
  const fromPods = tunnel && `iifname { ${tunnel.devices.map((device) => `"${device}"`).join(', ')} }`
  const atLoopback = hasLoopbackHostPorts && family === 'ip'
  const atHostPort = `fib daddr type local ${atLoopback ? '' : `${family} daddr != ${loopback[family]} `}${family} daddr != @own-addresses`
  return `table ${family} ${name} {}
delete table ${family} ${name}
table ${family} ${name} {
  ${storeNames.map((store) => declarations[store]).join('\n  ')}

  chain ${canary} {}
  chain pick { dnat ${family} to ${frontend} . meta priority map @endpoints; }
  chain node-port-pick { dnat ${family} to meta l4proto . th dport . meta priority map @node-port-endpoints; }
  chain services {
    ${frontend} @limited ${frontend} . ${family} saddr != @allowed drop
    ${family} daddr @cluster-ips ${family} saddr != @pod-ranges meta mark set mark or ${masqueradeMark}
    ${isOutside} ${frontend} vmap @outside-services
    ${frontend} vmap @sticky-services
    meta priority set ${frontend} map @services meta priority vmap @ways
    ${atNode} jump node-ports
    dnat ${family} to ${frontend} map @host-port-addresses
    ${atHostPort} dnat ${family} to meta l4proto . th dport map @host-ports
    goto ${canary}
  }
  chain node-ports {
    ${isOutside} ${nodePort} vmap @outside-node-ports
    ${nodePort} vmap @sticky-node-ports
    meta priority set ${nodePort} map @node-ports meta priority vmap @ways
  }
  chain nat-prerouting { type nat hook prerouting priority dstnat; policy accept; jump services; }
  chain nat-output { type nat hook output priority -100; policy accept; jump services; }
  chain nat-postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    meta mark and ${masqueradeMark} == ${masqueradeMark} meta mark set mark xor ${masqueradeMark} masquerade fully-random
    ct status dnat ${family} saddr . ${family} daddr @hairpin masquerade fully-random
    ${atLoopback ? `ct status dnat ip saddr ${loopback.ip} masquerade fully-random` : ''}
    ${ownPodCIDRs === undefined ? '' : throughUs(family)}
    ${family} saddr @pod-ranges ${family} daddr != @pod-ranges ${family} daddr != @unmasqueraded masquerade fully-random
  }
  ${atLoopback ? noLoopbackFromElsewhere : ''}
  chain refuse { meta l4proto tcp reject with tcp reset; reject; }
  chain forbidden {
    ${frontend} @refused goto refuse
    ${frontend} @dropped drop
    ${family} daddr @cluster-ips goto refuse
    ${family} daddr @service-ranges ${family} daddr != @own-addresses drop
  }
  chain filter-input {
    type filter hook input priority filter; policy accept;
    ${tunnel ? `${fromPods} udp dport ${tunnel.port} drop` : ''}
    ct state new ${frontend} @refused goto refuse
    ct state new ${frontend} @dropped drop
    ct state new ${atNode} ${nodePort} @refused-node-ports goto refuse
  }
  chain filter-forward {
    type filter hook forward priority filter; policy accept;
    ${tunnel ? `${fromPods} ${family} daddr @unmasqueraded udp dport ${tunnel.port} drop` : ''}
    ct state new goto forbidden
  }
  chain filter-output {
    type filter hook output priority filter; policy accept;
    ${family} saddr @own-addresses ${unreachable[family]} drop
    ct state new goto forbidden
  }
}
`
}

/** The lines of a difference; none where there is none. */
export function changeLines(table: string, family: Family, { removed, added, chains, rewritten }: Changes): string[] {
  const lines: string[] = []
  const put = (command: string, store: Store, elements: readonly string[]) => {
    for (let from = 0; from < elements.length; from += elementsPerLine)
      lines.push(`${command} element ${family} ${table} ${store} { ${elements.slice(from, from + elementsPerLine).join(', ')} }`)
  }
  // Adding what is there already changes nothing.
  if ([...chains.keys()].some(isSticky)) lines.push(addSticky(table, family))
  for (const name of chains.keys()) lines.push(`add chain ${family} ${table} ${name}`)
  for (const name of rewritten) lines.push(`flush chain ${family} ${table} ${name}`)
  for (const [name, rules] of chains) for (const rule of rules) lines.push(`add rule ${family} ${table} ${name} ${rule}`)
  for (const [store, keys] of removed) put('delete', store, keys)
  for (const [store, elements] of added)
    put(
      'add',
      store,
      [...elements].map(([key, value]) => (value === '' ? key : `${key} : ${value}`)),
    )
  return lines
}

/** Lines that take away chains that nothing leads to. */
export const unusedLines = (table: string, family: Family, names: readonly string[]): string[] => [
  ...names.map((name) => `flush chain ${family} ${table} ${name}`),
  ...names.map((name) => `delete chain ${family} ${table} ${name}`),
]

/** Makes the map of clients, where it is not there. */
export function addSticky(table: string, family: Family): string {
  return `add ${stickyDeclaration(family).replace(`map ${stickyMap}`, `map ${family} ${table} ${stickyMap}`)}`
}

export const isSticky = (chain: string): boolean => chain.startsWith('sticky-')

/** One line of many thousand elements takes nft more memory than a few shorter ones. */
const elementsPerLine = 4_000

/**
 * A pod of another node that came to a node port here, and goes on to a third: it knows nothing of the endpoint, so the answer has to come back through this
 * node. To an endpoint of this node it goes under its own address.
 */
const throughUs = (family: Family): string =>
  `ct status dnat ${family} saddr @pod-ranges ${family} saddr != @own-pod-ranges ${family} daddr != @own-pod-ranges masquerade fully-random`

/**
 * What the kernel says of the name server's address while nobody listens there: no such port (RFC 792, RFC 4443). Resolvers would fail at once, where
 * otherwise they ask again, and are answered by the next agent.
 */
const unreachable: Readonly<Record<Family, string>> = {
  ip: 'icmp type destination-unreachable icmp code 3',
  ip6: 'icmpv6 type destination-unreachable icmpv6 code 4',
}

const loopback: Readonly<Record<Family, string>> = { ip: '127.0.0.0/8', ip6: '::1' }

/** What pods, and the link, would otherwise reach of the machine through a device that lets loopback addresses pass (CVE-2020-8558). */
const noLoopbackFromElsewhere = `chain filter-loopback {
    type filter hook prerouting priority raw; policy accept;
    iifname != "lo" ip daddr ${loopback.ip} drop
    iifname != "lo" ip saddr ${loopback.ip} drop
  }`

/** Whether node ports answer at this address, which is one of `TableFacts.nodeAddresses`: as `nodePortMatch` has it. */
export function hasNodePorts(address: string, nodePortAddresses: readonly string[] = ['primary']): boolean {
  if (nodePortAddresses.includes('primary')) return true
  const ranges = rangesIn(address.includes(':') ? 'ip6' : 'ip', nodePortAddresses)
  return ranges.length === 0 || isWithin(address, ranges)
}

function nodePortMatch(addresses: readonly string[], family: Family): string {
  if (addresses.includes('primary')) return `${family} daddr @node-addresses`
  const ranges = rangesIn(family, addresses)
  const local = `fib daddr type local ${family} daddr != ${loopback[family]}`
  // Ranges of the other family alone do not limit this one.
  return ranges.length === 0 || ranges.some((range) => range.endsWith('/0')) ? local : `${local} ${family} daddr { ${ranges.join(', ')} }`
}
