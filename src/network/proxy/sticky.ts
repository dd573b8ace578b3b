import type { Family } from './family.ts'
import type { StickyClient } from './host.ts'
import type { ServicePort } from './service-ports.ts'

/**
 * Session affinity. One map, `sticky-clients`, remembers for every client (its address and the number of the Service's port) the slot of its
 * endpoint; an endpoint that goes takes its slot with it, so nobody is ever sent to one that is gone, and whoever stays keeps its clients.
 * The slot travels in the packet's priority, which the kernel sets anew before a forwarded packet is queued; of a packet of the node itself,
 * only a connection's first one shows it to the queue.
 *
 * The map keeps its elements when all rules are written anew.
 */
export const stickyMap = 'sticky-clients'

/** So many clients are remembered on a node, of all Services together; beyond that, new ones are spread as without affinity. */
export const stickyClientsMax = 262_144

/** Made with the first Service that needs it: a map of that size takes some megabytes from the start. */
export const stickyDeclaration = (family: Family): string =>
  `map ${stickyMap} { typeof ${drawn(2)} . ${drawn(2)} . ${family === 'ip' ? 'ip saddr' : drawn(2)} : meta priority; flags dynamic,timeout; size ${stickyClientsMax}; }`

/**
 * The chains of one port, for its endpoints of the cluster (`to`) or of this node (`here`), in the order of their numbers; with the slots under
 * their numbers.
 */
export function stickyChains(
  port: ServicePort,
  group: 'to' | 'here',
  endpoints: readonly string[],
  family: Family,
): { readonly chains: ReadonlyMap<string, readonly string[]>; readonly places: ReadonlyMap<string, string> } {
  const numbers = stickyNumbers(port.key, 'to')
  const own = stickyNumbers(port.key, group)
  const client = `${constant(numbers)} . ${clientOf(family)}`
  const remembered = `{ ${client} timeout ${port.affinitySeconds}s : meta priority }`
  const slots = new Map<string, string>()
  for (const endpoint of endpoints) slots.set(slotOf(endpoint, slots), endpoint)
  const go = `sticky-go-${group}-${port.key}`
  const rules = [
    // Each connection lengthens the time. Where the slot is gone, or the client unknown, the next rule is reached.
    `meta priority set ${client} map @${stickyMap} update @${stickyMap} ${remembered} jump ${go}`,
    `meta priority set ${constant(own)} . ${drawn(endpoints.length)} map @sticky-places`,
    // What is remembered cannot be changed, only replaced.
    `delete @${stickyMap} { ${client} : meta priority }`,
    `add @${stickyMap} ${remembered}`,
    `goto ${go}`,
  ]
  const targets = [...slots].map(([slot, endpoint]) => `${slot} : ${endpoint}`).join(', ')
  return {
    chains: new Map([
      [`sticky-${group}-${port.key}`, rules],
      [go, [`meta l4proto ${port.protocol} dnat ${family} to meta priority map { ${targets} }`]],
    ]),
    places: new Map([...slots.keys()].map((slot, place) => [`${own} . ${place}`, slot])),
  }
}

/**
 * Of a port and policy, the same at every start: what is remembered stays valid. Clients are remembered under that of `to`, whichever address
 * of the Service they came by. Two numbers of 31 bits: one would be shared by two of many Services some day.
 */
const stickyNumbers = (portKey: string, group: 'to' | 'here'): string => `${hash(`${portKey} ${group}`)} . ${hash(`${group} ${portKey}`)}`

/** Of an endpoint, the same at every start; never what a packet's priority is otherwise, which is small. In the words of nft: `c001:8a30`. */
function slotOf(endpoint: string, taken: ReadonlyMap<string, string>): string {
  for (let number = hash(endpoint); ; number += 1) {
    // nft writes a low half of zero otherwise than it reads it.
    const slot = `${(((number >>> 16) & 0x7fff) | 0x8000).toString(16)}:${(number & 0xffff || 1).toString(16)}`
    if (!taken.has(slot)) return slot
  }
}

/** Puts back what was remembered, as far as its endpoints are still there. */
export function stickyClientLines(
  table: string,
  family: Family,
  clients: readonly StickyClient[],
  places: ReadonlyMap<string, string> | undefined,
): string[] {
  const present = new Set(places?.values() ?? [])
  const elements = clients
    .filter(({ slot, expiresSeconds }) => expiresSeconds > 0 && present.has(slot))
    .map(({ client, timeoutSeconds, expiresSeconds, slot }) => `${client} timeout ${timeoutSeconds}s expires ${expiresSeconds}s : ${slot}`)
  return elements.length === 0 ? [] : [`add element ${family} ${table} ${stickyMap} { ${elements.join(', ')} }`]
}

/** FNV-1a, 31 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i += 1) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  return value >>> 1
}

/**
 * A map that packets write to takes keys of 16 bytes at most from nft before 1.0.8, so of a longer address its hash is kept: two clients who share
 * one share their endpoint. The seed has to be the same at every start.
 */
const clientOf = (family: Family): string => (family === 'ip' ? 'ip saddr' : 'jhash ip6 saddr mod 4294967295 seed 0x77686572')

function drawn(count: number): string {
  return `numgen random mod ${count}`
}

/** nft has no constants where a key is put together; a draw out of one is one. */
const constant = (numbers: string): string =>
  numbers
    .split(' . ')
    .map((number) => `numgen random mod 1 offset ${number}`)
    .join(' . ')
