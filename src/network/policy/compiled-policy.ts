import { createHash } from 'node:crypto'
import { type Requirement, type Selector, selectorOf } from '#api/meta/v1/selector.ts'
import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '#api/networking/v1/types.ts'
import { type AddressRange, blockRanges, type Family } from './address-ranges.ts'

/** What a NetworkPolicy says, in the form that rules are written from. Everything that the API leaves open is decided here. */
export interface CompiledPolicy {
  /** `namespace/name`. */
  readonly key: string
  readonly namespace: string
  /** The pods that it is for, of its own namespace. */
  readonly subject: Selector
  /** What may come in; undefined: it leaves what comes in alone; empty: nothing may. */
  readonly ingress: readonly PolicyRule[] | undefined
  readonly egress: readonly PolicyRule[] | undefined
}

export interface PolicyRule {
  readonly peers: Peers | 'all'
  readonly ports: Ports | 'all'
}

export interface Peers {
  readonly pods: readonly PodSelection[]
  readonly blocks: Readonly<Record<Family, readonly AddressRange[]>>
}

/** Pods by their labels, of one namespace or of those that a selector chooses. Two selections with the same `id` mean the same pods. */
export interface PodSelection {
  readonly id: string
  readonly namespaces: string | Selector
  readonly pods: Selector
}

export type Protocol = 'tcp' | 'udp' | 'sctp'
export const protocols: readonly Protocol[] = ['tcp', 'udp', 'sctp']

export interface Ports {
  /** In order and apart; 0–65535 is the whole protocol. */
  readonly ranges: Readonly<Record<Protocol, readonly PortRange[]>>
  readonly named: readonly NamedPort[]
}

export interface PortRange {
  readonly first: number
  readonly last: number
}

/** A container port's name; which number it is, each destination pod says for itself. */
export interface NamedPort {
  readonly protocol: Protocol
  readonly name: string
}

/** Reads a policy. What no validated policy holds (an unknown protocol, a peer without anything) allows nothing. */
export function compilePolicy(policy: NetworkPolicy): CompiledPolicy {
  const { name, namespace = '' } = policy.metadata
  const { podSelector, policyTypes = [], ingress = [], egress = [] } = policy.spec
  // Without types it is about what comes in, and about what goes out where it has rules for that.
  const types = policyTypes.length > 0 ? policyTypes : ['Ingress', ...(egress.length > 0 ? ['Egress'] : [])]
  return {
    key: `${namespace}/${name}`,
    namespace,
    subject: canonical(selectorOf(podSelector)),
    ingress: types.includes('Ingress') ? ingress.map(({ from, ports }) => rule(namespace, from, ports)) : undefined,
    egress: types.includes('Egress') ? egress.map(({ to, ports }) => rule(namespace, to, ports)) : undefined,
  }
}

/** An empty list of peers or ports means all of them, as does none. */
const rule = (namespace: string, peers: readonly NetworkPolicyPeer[] = [], ports: readonly NetworkPolicyPort[] = []): PolicyRule => ({
  peers: peers.length === 0 ? 'all' : compilePeers(namespace, peers),
  ports: ports.length === 0 ? 'all' : compilePorts(ports),
})

function compilePeers(namespace: string, peers: readonly NetworkPolicyPeer[]): Peers {
  const pods = new Map<string, PodSelection>()
  for (const { podSelector, namespaceSelector, ipBlock } of peers) {
    if (ipBlock !== undefined || (podSelector === undefined && namespaceSelector === undefined)) continue
    const within = namespaceSelector === undefined ? namespace : canonical(selectorOf(namespaceSelector))
    // With a namespace selector alone every pod in those namespaces is meant.
    const chosen = selection(within, canonical(selectorOf(podSelector ?? {})))
    pods.set(chosen.id, chosen)
  }
  const blocks = peers.flatMap(({ ipBlock }) => ipBlock ?? [])
  return { pods: [...pods.values()], blocks: { 4: blockRanges(blocks, 4), 6: blockRanges(blocks, 6) } }
}

function selection(namespaces: string | Selector, pods: Selector): PodSelection {
  const text = JSON.stringify([typeof namespaces === 'string' ? namespaces : namespaces.requirements, pods.requirements])
  return { id: hashed(text), namespaces, pods }
}

function compilePorts(ports: readonly NetworkPolicyPort[]): Ports {
  const ranges: Record<Protocol, PortRange[]> = { tcp: [], udp: [], sctp: [] }
  const named = new Map<string, NamedPort>()
  for (const { protocol: text = 'TCP', port, endPort } of ports) {
    const protocol = text.toLowerCase() as Protocol
    if (!protocols.includes(protocol)) continue
    if (typeof port === 'string') named.set(`${protocol} ${port}`, { protocol, name: port })
    else ranges[protocol].push(port === undefined ? { first: 0, last: 65_535 } : { first: port, last: endPort ?? port })
  }
  return { ranges: { tcp: merged(ranges.tcp), udp: merged(ranges.udp), sctp: merged(ranges.sctp) }, named: [...named.values()] }
}

function merged(ranges: readonly PortRange[]): PortRange[] {
  const out: { first: number; last: number }[] = []
  for (const { first, last } of ranges.toSorted((a, b) => a.first - b.first)) {
    if (last < first) continue
    const before = out.at(-1)
    if (before === undefined || first > before.last + 1) out.push({ first, last })
    else before.last = Math.max(before.last, last)
  }
  return out
}

/** One form for what means the same, so that equal selections share one set. */
function canonical({ requirements, nothing }: Selector): Selector {
  const forms = requirements.map(
    ({ key, operator, values }): Requirement =>
      operator === '==' || (operator === 'in' && values.length === 1) ? { key, operator: '=', values } : { key, operator, values },
  )
  const byText = new Map(forms.map((one) => [JSON.stringify([one.key, one.operator, one.values]), one]))
  const ordered = [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one)
  return { requirements: ordered, ...(nothing && { nothing }) }
}

/** A name for whatever is too long to be one: the first 80 bits of SHA-256 in hex. */
export const hashed = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 20)
