import { type AddressRange, type Family, families, formatRange, isEverything } from './address-ranges.ts'
import { hashed, type NamedPort, type Peers, type PodSelection, type PolicyRule, type Ports, protocols } from './compiled-policy.ts'

/** Seen from the pod that a policy is for: what comes in to it, what goes out of it. */
export type Direction = 'ingress' | 'egress'
export const directions: readonly Direction[] = ['ingress', 'egress']

/** Whose named ports a set holds: egress may lead to any pod, ingress only to one of this node. */
export type PortScope = 'node' | 'cluster'

/** Pods' addresses by what selects them. Names follow from content: the same objects give the same table, whatever came first. */
export const podSetName = ({ id }: PodSelection, family: Family): string => `pods-${id}-${family}`
/** Addresses of pods with the number that a port's name has there. */
export const portSetName = (scope: PortScope, { protocol, name }: NamedPort, family: Family): string =>
  `ports-${hashed(`${scope} ${protocol} ${name}`)}-${family}`

/** The chain of one policy. A name too long for nft ends in what stands for the whole of it. */
export function policyChainName(direction: Direction, key: string): string {
  const name = `${shortNames[direction]}-${key}`
  return name.length <= 100 ? name : `${name.slice(0, 79)}-${hashed(key)}`
}

/** The chain of all pods of this node that are isolated in this direction and look for what may pass in these chains. */
export const podChainName = (direction: Direction, jumps: readonly string[]): string =>
  `pods-${shortNames[direction]}-${hashed(jumps.join(' '))}`

/** The rules of one policy: each lets something through, and what none of them does goes back to the chain of the pod. */
export const policyRules = (direction: Direction, rules: readonly PolicyRule[]): string[] => [
  ...new Set(rules.flatMap((rule) => ruleLines(direction, rule))),
]

/** What becomes of a packet that a policy lets through: one that may leave still has to be let in where it goes. */
const verdicts: Readonly<Record<Direction, string>> = { ingress: 'accept', egress: 'goto ingress' }
const shortNames: Readonly<Record<Direction, string>> = { ingress: 'in', egress: 'out' }

function ruleLines(direction: Direction, { peers, ports }: PolicyRule): string[] {
  const lines: string[] = []
  for (const peer of peerMatches(direction, peers))
    for (const port of portMatches(direction, ports)) {
      // A rule about both families of addresses is about none.
      if (peer.family !== undefined && port.family !== undefined && peer.family !== port.family) continue
      lines.push([peer.text, port.text, verdicts[direction]].filter((part) => part !== '').join(' '))
    }
  return lines
}

/** One part of a rule; without a family it fits packets of both. */
interface Match {
  readonly text: string
  readonly family: Family | undefined
}

const always: Match = { text: '', family: undefined }

function peerMatches(direction: Direction, peers: Peers | 'all'): Match[] {
  if (peers === 'all') return [always]
  const end = direction === 'ingress' ? 'saddr' : 'daddr'
  return families.flatMap((family) => [
    ...peers.pods.map((pods) => ({ text: `${ip(family)} ${end} @${podSetName(pods, family)}`, family })),
    ...blockMatch(peers.blocks[family], family, end),
  ])
}

function blockMatch(ranges: readonly AddressRange[], family: Family, end: string): Match[] {
  if (ranges.length === 0) return []
  if (isEverything(ranges, family)) return [{ text: `meta nfproto ipv${family}`, family }]
  return [{ text: `${ip(family)} ${end} ${anyOf(ranges.map((range) => formatRange(range, family)))}`, family }]
}

function portMatches(direction: Direction, ports: Ports | 'all'): Match[] {
  if (ports === 'all') return [always]
  const scope: PortScope = direction === 'ingress' ? 'node' : 'cluster'
  const numbers = protocols.flatMap((protocol): Match[] => {
    const ranges = ports.ranges[protocol]
    if (ranges.length === 0) return []
    if (ranges.some(({ first, last }) => first === 0 && last === 65_535)) return [{ text: `meta l4proto ${protocol}`, family: undefined }]
    const texts = ranges.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`))
    return [{ text: `${protocol} dport ${anyOf(texts)}`, family: undefined }]
  })
  const names = families.flatMap((family) =>
    ports.named.map((port) => ({
      text: `${ip(family)} daddr . meta l4proto . th dport @${portSetName(scope, port, family)}`,
      family,
    })),
  )
  return [...numbers, ...names]
}

const ip = (family: Family): string => (family === 4 ? 'ip' : 'ip6')
const anyOf = (texts: readonly string[]): string => (texts.length === 1 ? texts[0]! : `{ ${texts.join(', ')} }`)
