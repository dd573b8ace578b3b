import { parseCidr, parseIp } from '#schema/ip.ts'

/** For tests: a packet of a new connection, as a hook sees it after Services were turned into pods. */
export interface Packet {
  readonly hook: 'forward' | 'input'
  readonly from: string
  readonly to: string
  readonly protocol: 'tcp' | 'udp' | 'sctp'
  readonly port: number
}

/** For tests: the part of nftables that policies use, in memory. It refuses what the kernel refuses. */
export interface InterpretedTable {
  /** One transaction. Throws where nft would. */
  apply(text: string): void
  /** Whether a packet gets through. No table lets everything through. */
  passes(packet: Packet): boolean
  /** Its chains and rules as nft lists them without elements; '' where there is none. */
  listing(name: string): string
  /** Everything in it, in one order, to be compared. */
  content(): unknown
}

interface Table {
  readonly sets: Map<string, Map<string, string>>
  readonly chains: Map<string, string[]>
}

export function interpretTable(): InterpretedTable {
  let table: Table | undefined
  return {
    apply(text) {
      const next = table && {
        sets: new Map([...table.sets].map(([k, v]) => [k, new Map(v)])),
        chains: new Map([...table.chains].map(([k, v]) => [k, [...v]])),
      }
      table = transaction(next, text)
    },
    passes: (packet) => table === undefined || evaluate(table, packet.hook, packet) !== 'drop',
    listing(name) {
      if (table === undefined) return ''
      const chains = [...table.chains].map(
        ([chain, rules]) => `\tchain ${chain} {\n${rules.map((rule) => `\t\t${rule} # handle 1\n`).join('')}\t}\n`,
      )
      return `table inet ${name} {\n${chains.join('\n')}}\n`
    },
    content: () =>
      table && {
        sets: [...table.sets].map(([name, elements]) => [name, [...elements].sort()] as const).sort(byName),
        chains: [...table.chains].sort(byName),
      },
  }
}

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1)

function transaction(before: Table | undefined, text: string): Table | undefined {
  let table = before
  let block: string | undefined
  const there = (): Table => {
    if (table === undefined) throw new Error('no such table')
    return table
  }
  const chain = (name: string): string[] => {
    const found = there().chains.get(name)
    if (found === undefined) throw new Error(`no such chain: ${name}`)
    return found
  }
  const set = (name: string): Map<string, string> => {
    const found = there().sets.get(name)
    if (found === undefined) throw new Error(`no such set: ${name}`)
    return found
  }
  const addRule = (name: string, rule: string): void => {
    for (const [, target] of rule.matchAll(/(?:jump|goto) (\S+)/g)) chain(target!)
    for (const [, target] of rule.matchAll(/@(\S+)/g)) set(target!)
    chain(name).push(rule)
  }
  const references = (pattern: RegExp): boolean =>
    [...there().chains.values()].some((rules) => rules.some((rule) => pattern.test(rule))) ||
    [...there().sets.values()].some((elements) => [...elements.values()].some((verdict) => pattern.test(verdict)))

  for (const line of text.split('\n').map((one) => one.trim())) {
    const words = line.split(' ')
    const name = words[4]!
    if (line === '') continue
    if (/^table inet \S+ \{\}?$/.test(line)) table ??= { sets: new Map(), chains: new Map() }
    else if (/^delete table/.test(line)) table = there() && undefined
    else if (line.startsWith('chain ')) {
      const [, opened, inner = ''] = /^chain (\S+) \{(?:(.*)\})?$/.exec(line)!
      if (!there().chains.has(opened!)) there().chains.set(opened!, [])
      for (const rule of inner.split(';').map((one) => one.trim())) if (rule !== '' && !/^(type|policy) /.test(rule)) addRule(opened!, rule)
      block = line.endsWith('{') ? opened : undefined
    } else if (line === '}') block = undefined
    else if (block !== undefined) addRule(block, line)
    else if (/^add (set|map) /.test(line)) {
      if (there().sets.has(name)) throw new Error(`set twice: ${name}`)
      there().sets.set(name, new Map())
    } else if (line.startsWith('add chain ')) {
      if (there().chains.has(name)) throw new Error(`chain twice: ${name}`)
      there().chains.set(name, [])
    } else if (line.startsWith('add rule ')) addRule(name, words.slice(5).join(' '))
    else if (line.startsWith('flush chain ')) chain(name).length = 0
    else if (line.startsWith('add element '))
      for (const [key, value] of elementsOf(line)) {
        const before = set(name).get(key)
        if (before !== undefined) throw new Error(`element twice: ${key} in ${name}`)
        for (const [, target] of value.matchAll(/(?:jump|goto) (\S+)/g)) chain(target!)
        set(name).set(key, value)
      }
    else if (line.startsWith('delete element ')) {
      for (const [key] of elementsOf(line)) if (!set(name).delete(key)) throw new Error(`no such element: ${key} in ${name}`)
    } else if (line.startsWith('delete chain ')) {
      if (chain(name).length > 0 || references(new RegExp(`(jump|goto) ${name.replaceAll('.', '\\.')}$`)))
        throw new Error(`in use: ${name}`)
      there().chains.delete(name)
    } else if (line.startsWith('delete set ')) {
      set(name)
      if (references(new RegExp(`@${name}( |$)`))) throw new Error(`in use: ${name}`)
      there().sets.delete(name)
    } else throw new Error(`unknown: ${line}`)
  }
  return table
}

const elementsOf = (line: string): (readonly [string, string])[] =>
  /\{ (.*) \}/
    .exec(line)![1]!
    .split(', ')
    .map((one) => {
      const [key, value = ''] = one.split(' : ')
      return [key!, value] as const
    })

/** The verdict of a chain; undefined: it goes back to whoever jumped. */
function evaluate(table: Table, name: string, packet: Packet): 'accept' | 'drop' | undefined {
  for (const rule of table.chains.get(name)!) {
    const verdict = verdictOf(table, rule, packet)
    if (verdict === undefined) continue
    if (verdict === 'accept' || verdict === 'drop') return verdict
    const [how, target] = verdict.split(' ') as [string, string]
    const led = evaluate(table, target, packet)
    if (how === 'goto' || led !== undefined) return led
  }
  return undefined
}

/** Undefined: the rule does not match. */
function verdictOf(table: Table, rule: string, packet: Packet): string | undefined {
  const isV4 = !packet.from.includes(':')
  const address = (family: string, end: string): string | undefined =>
    (family === 'ip') === isV4 ? (end === 'saddr' ? packet.from : packet.to) : undefined
  let rest = rule
  const take = (pattern: RegExp): RegExpExecArray | null => {
    const found = pattern.exec(rest)
    if (found !== null) rest = rest.slice(found[0].length).trim()
    return found
  }
  for (;;) {
    let found: RegExpExecArray | null
    // Packets here are new, of transports, from addresses of pods, and to one receiver.
    if (take(/^(ct state|icmpv6 type|iifname) /)) return undefined
    if (take(/^counter /)) continue
    if ((found = /^(accept|drop|(?:jump|goto) \S+)$/.exec(rest))) return found[1]
    if ((found = take(/^(ip6?) ([sd]addr) vmap @(\S+)/))) {
      const key = address(found[1]!, found[2]!)
      return key === undefined ? undefined : table.sets.get(found[3]!)!.get(key)
    }
    let isMatch: boolean
    if ((found = take(/^(ip6?) saddr \. ip6? daddr @(\S+)/)))
      isMatch = address(found[1]!, 'saddr') !== undefined && table.sets.get(found[2]!)!.has(`${packet.from} . ${packet.to}`)
    else if ((found = take(/^(ip6?) daddr \. meta l4proto \. th dport @(\S+)/)))
      isMatch =
        address(found[1]!, 'daddr') !== undefined && table.sets.get(found[2]!)!.has(`${packet.to} . ${packet.protocol} . ${packet.port}`)
    else if ((found = take(/^(ip6?) ([sd]addr) @(\S+)/))) isMatch = table.sets.get(found[3]!)!.has(address(found[1]!, found[2]!) ?? 'none')
    else if ((found = take(/^(ip6?) ([sd]addr) (\{[^}]*\}|\S+)/)))
      isMatch = listed(found[3]!).some((one) => isInRange(address(found![1]!, found![2]!), one))
    else if ((found = take(/^meta nfproto ipv(.)/))) isMatch = (found[1] === '4') === isV4
    else if ((found = take(/^meta l4proto (\S+)/))) isMatch = found[1] === packet.protocol
    else if ((found = take(/^(tcp|udp|sctp) dport (\{[^}]*\}|\S+)/)))
      isMatch =
        found[1] === packet.protocol &&
        listed(found[2]!).some((one) => {
          const [first, last = first] = one.split('-').map(Number)
          return packet.port >= first! && packet.port <= last!
        })
    else throw new Error(`unknown match: ${rest}`)
    if (!isMatch) return undefined
  }
}

const listed = (text: string): string[] => text.replace(/^\{ | \}$/g, '').split(', ')
const numberOf = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)

function isInRange(address: string | undefined, text: string): boolean {
  if (address === undefined) return false
  const number = numberOf(parseIp(address)!)
  const cidr = parseCidr(text)
  if (cidr !== undefined) {
    const hostBits = BigInt(cidr.address.length * 8 - cidr.prefix)
    return number >> hostBits === numberOf(cidr.address) >> hostBits
  }
  const [first, last = first] = text.split('-').map((one) => numberOf(parseIp(one)!))
  return number >= first! && number <= last!
}
