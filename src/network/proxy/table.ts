import type { ElementOwner, Piece } from './piece.ts'
import { elementOwners, masqueradeMark } from './piece.ts'

/** What the frame of the table depends on. */
export interface TableOptions {
  readonly name: string
  /** Ranges of all pods, and of this node's pods. */
  readonly clusterCIDR: string
  /** Addresses of this node at which node ports answer. */
  readonly nodeAddresses: readonly string[]
}

const declarations: Readonly<Record<ElementOwner, string>> = {
  'service-addresses': 'map service-addresses { type ipv4_addr . inet_proto . inet_service : verdict; }',
  'node-ports': 'map node-ports { type inet_proto . inet_service : verdict; }',
  'no-endpoints': 'set no-endpoints { type ipv4_addr . inet_proto . inet_service; }',
  hairpin: 'set hairpin { type ipv4_addr . ipv4_addr; }',
  'host-ports': 'map host-ports { type inet_proto . inet_service : ipv4_addr . inet_service; }',
  'host-port-addresses': 'map host-port-addresses { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }',
}

/**
 * The whole table as one transaction that replaces what is there: at no moment is it missing or half. Connections go on, since they live in
 * conntrack.
 */
export function wholeTable(options: TableOptions, pieces: Iterable<Piece>): string {
  const { name, clusterCIDR, nodeAddresses } = options
  const frame = `table ip ${name} {}
delete table ip ${name}
table ip ${name} {
  ${elementOwners.map((owner) => declarations[owner]).join('\n  ')}
  set node-addresses { type ipv4_addr; ${nodeAddresses.length > 0 ? `elements = { ${nodeAddresses.join(', ')} };` : ''} }

  chain services {
    ip daddr . meta l4proto . th dport vmap @service-addresses
    ip daddr @node-addresses meta l4proto . th dport vmap @node-ports
    dnat ip to ip daddr . meta l4proto . th dport map @host-port-addresses
    ip daddr @node-addresses dnat ip to meta l4proto . th dport map @host-ports
  }
  chain nat-prerouting { type nat hook prerouting priority dstnat; policy accept; jump services; }
  chain nat-output { type nat hook output priority -100; policy accept; jump services; }
  chain nat-postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    meta mark and ${masqueradeMark} == ${masqueradeMark} meta mark set mark xor ${masqueradeMark} masquerade fully-random
    ct status dnat ip saddr . ip daddr @hairpin masquerade fully-random
    ip saddr ${clusterCIDR} ip daddr != ${clusterCIDR} masquerade fully-random
  }
  chain refuse { meta l4proto tcp reject with tcp reset; reject; }
  chain filter-forward { type filter hook forward priority filter; policy accept; ip daddr . meta l4proto . th dport @no-endpoints goto refuse; }
  chain filter-output { type filter hook output priority filter; policy accept; ip daddr . meta l4proto . th dport @no-endpoints goto refuse; }
}
`
  return frame + changes(name, mergePieces([]), mergePieces(pieces)).join('\n').concat('\n')
}

/** The difference as one transaction; '' where there is none. */
export function tableChanges(options: Pick<TableOptions, 'name'>, before: Piece, after: Piece): string {
  const lines = changes(options.name, before, after)
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}

/** Pieces of several owners as one. An element that two of them hold (the hairpin of a pod behind two Services) stands once. */
export function mergePieces(pieces: Iterable<Piece>): Piece {
  const merged = {
    chains: {},
    sets: {},
    elements: Object.fromEntries(elementOwners.map((owner) => [owner, {}])) as Record<ElementOwner, Record<string, string>>,
  }
  for (const piece of pieces) {
    Object.assign(merged.chains, piece.chains)
    Object.assign(merged.sets, piece.sets)
    for (const owner of elementOwners) Object.assign(merged.elements[owner], piece.elements[owner])
  }
  return merged
}

/** In an order in which every step finds what it names: new sets and chains, rules, elements; then what nothing names any more. */
function changes(table: string, before: Piece, after: Piece): string[] {
  const lines: string[] = []
  const gone = (old: object, now: object) => Object.keys(old).filter((name) => !Object.hasOwn(now, name))
  for (const [name, declaration] of Object.entries(after.sets)) {
    if (before.sets[name] === declaration) continue
    lines.push(`add set ip ${table} ${name} { ${declaration} }`)
  }
  const changed = Object.entries(after.chains).filter(([name, rules]) => before.chains[name]?.join('\n') !== rules.join('\n'))
  for (const [name] of changed) lines.push(`add chain ip ${table} ${name}`)
  for (const [name] of changed) if (before.chains[name]) lines.push(`flush chain ip ${table} ${name}`)
  for (const [name, rules] of changed) for (const rule of rules) lines.push(`add rule ip ${table} ${name} ${rule}`)
  for (const owner of elementOwners) {
    const [old, now] = [before.elements[owner], after.elements[owner]]
    const removed = Object.keys(old).filter((key) => old[key] !== now[key])
    const added = Object.entries(now).filter(([key, value]) => old[key] !== value)
    if (removed.length > 0) lines.push(`delete element ip ${table} ${owner} { ${removed.join(', ')} }`)
    if (added.length > 0)
      lines.push(
        `add element ip ${table} ${owner} { ${added.map(([key, value]) => (value === '' ? key : `${key} : ${value}`)).join(', ')} }`,
      )
  }
  const goneChains = gone(before.chains, after.chains)
  for (const name of goneChains) lines.push(`flush chain ip ${table} ${name}`)
  for (const name of goneChains) lines.push(`delete chain ip ${table} ${name}`)
  for (const name of gone(before.sets, after.sets)) lines.push(`delete set ip ${table} ${name}`)
  return lines
}
