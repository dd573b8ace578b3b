import { formatIp, parseIp } from '#schema/ip.ts'
import { addressRecords, type LocalAnswer, own } from './local-answer.ts'
import { isEncodable, normalName } from './name.ts'

/** Names with addresses, and the reverse names of those. */
export interface Hosts {
  readonly byName: ReadonlyMap<string, readonly string[]>
  /** By reverse name, such as `1.2.0.192.in-addr.arpa`. */
  readonly byReverse: ReadonlyMap<string, readonly string[]>
}

const entriesMax = 10_000

/** A text like /etc/hosts (hosts(5)); otherwise what is wrong with it. */
export function readHosts(text: string): Hosts | string {
  const byName = new Map<string, string[]>()
  const byReverse = new Map<string, string[]>()
  let entries = 0
  for (const [index, written] of text.split('\n').entries()) {
    const [first, ...names] = written.replace(/#.*/, '').trim().split(/\s+/)
    if (first === '' || first === undefined) continue
    const bytes = parseIp(first)
    if (bytes === undefined) return `line ${index + 1}: "${first}" is no IP address`
    if (names.length === 0) return `line ${index + 1} has no name behind the address`
    const address = formatIp(bytes)
    for (const name of names.map(normalName)) {
      if (name === '' || !isEncodable(name)) return `line ${index + 1}: "${name}" is no host name`
      add(byName, name, address)
      add(byReverse, reverseName(address), name)
      entries += 1
    }
  }
  return entries > entriesMax ? `it has ${entries} names; ${entriesMax} are the most` : { byName, byReverse }
}

/** What the hosts say of a name; undefined: nothing. A name that is there has the addresses that stand there, and no others. */
export function resolveInHosts(name: string, type: string, { byName, byReverse }: Hosts): LocalAnswer | undefined {
  const addresses = byName.get(name)
  const names = addresses === undefined ? byReverse.get(name) : undefined
  if (addresses === undefined && names === undefined) return undefined
  const answers =
    addresses !== undefined
      ? addressRecords(name, type, addresses)
      : type === 'PTR'
        ? names!.map((target) => own(name, { type, target }))
        : []
  return { exists: true, answers, additionals: [], zone: undefined, owner: '' }
}

/** The name under which an address is looked up (RFC 1035, 3.5; RFC 3596, 2.5). */
export function reverseName(address: string): string {
  const bytes = parseIp(address)!
  if (bytes.length === 4) return `${bytes.toReversed().join('.')}.in-addr.arpa`
  return `${[...Buffer.from(bytes).toString('hex')].toReversed().join('.')}.ip6.arpa`
}

function add(map: Map<string, string[]>, key: string, value: string): void {
  const known = map.get(key)
  if (known === undefined) map.set(key, [value])
  else if (!known.includes(value)) known.push(value)
}
