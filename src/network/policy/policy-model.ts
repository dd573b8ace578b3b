import { type Labels, matches } from '#api/meta/v1/selector.ts'
import { canary } from '../rules-check.ts'
import { families } from './address-ranges.ts'
import type { CompiledPolicy, PolicyRule } from './compiled-policy.ts'
import { createLabelIndex, type LabelIndex } from './label-index.ts'
import { addressType, createPodSets } from './pod-sets.ts'
import { isSamePod, type PolicyPod } from './policy-pod.ts'
import { type Direction, directions, type PortScope, podChainName, policyChainName, policyRules } from './rule-text.ts'
import { createTableDraft } from './table-draft.ts'

/**
 * Policies, pods and namespaces as they are, turned into the rules of one node. It is a fold: in whatever order it hears of them, it ends with
 * the same table. Nothing of a policy is in the table as long as it selects no pod of this node.
 */
export interface PolicyModel {
  setPolicy(key: string, policy: CompiledPolicy | undefined): void
  /** `key` is the pod's identity: of two pods with one name, one ending and one beginning, both are there. */
  setPod(key: string, pod: PolicyPod | undefined): void
  setNamespace(name: string, labels: Labels | undefined): void
  /** The transaction that brings the kernel from what was taken last to what is true now; '' where nothing differs. */
  takeChanges(): string
  /** The transaction that puts the whole table in place of what is there, at once: at no moment is it missing or half. */
  takeWhole(): string
}

/** The transaction after which there is no such table. */
export const noTable = (name: string): string => `table inet ${name} {}\ndelete table inet ${name}\n`

interface Policy {
  readonly compiled: CompiledPolicy
  /** Those of this node that it selects. */
  readonly pods: Set<LocalPod>
}

interface LocalPod {
  readonly key: string
  readonly pod: PolicyPod
  readonly policies: readonly Policy[]
  /** Undefined: not isolated. */
  readonly jumps: Readonly<Record<Direction, readonly string[] | undefined>>
}

/** `bridge`: the device that pods of this node hang on. */
export function createPolicyModel(table: string, bridge = 'none'): PolicyModel {
  const draft = createTableDraft(`inet ${table}`)
  const sets = createPodSets(draft)
  const policies = new Map<string, Policy>()
  /** By namespace: the policies in it, by the pods that they are for. */
  const subjects = new Map<string, LabelIndex<Policy>>()
  const known = new Map<string, PolicyPod>()
  const locals = new Map<string, LocalPod>()
  const localsByNamespace = new Map<string, Set<string>>()
  /** Pods of this node that have an address: more than one while one ends and the next begins. */
  const owners = new Map<string, Set<LocalPod>>()
  /** How many pods use a chain of pods. */
  const uses = new Map<string, number>()

  /** Pods of this node that any policy isolates. */
  let isolated = 0
  const closeOneLink = (isClosed: boolean): void => {
    for (const [name, rules] of Object.entries(oneLink)) draft.chain(name, isClosed ? rules(bridge) : [])
  }
  closeOneLink(false)

  for (const family of families) {
    for (const direction of directions)
      draft.declare(`${direction}-${family}`, { is: 'map', spec: `type ${addressType(family)} : verdict;` })
    draft.declare(`self-${family}`, { is: 'set', spec: `type ${addressType(family)} . ${addressType(family)};` })
    draft.declare(`here-${family}`, { is: 'set', spec: `type ${addressType(family)};` })
  }

  // --- policies that select something here -----------------------------------------------------------------------------------------

  function activate(compiled: CompiledPolicy): void {
    for (const direction of directions) {
      const rules = compiled[direction]
      if (!rules?.length) continue
      hold(direction, rules)
      draft.chain(policyChainName(direction, compiled.key), policyRules(direction, rules))
    }
  }

  function deactivate(policy: Policy): void {
    const { compiled } = policy
    const heir = policies.get(compiled.key)
    for (const direction of directions) {
      const rules = compiled[direction]
      if (!rules?.length) continue
      // A later version of the policy has the chain by now.
      const isInherited = heir !== undefined && heir !== policy && heir.pods.size > 0 && (heir.compiled[direction]?.length ?? 0) > 0
      if (!isInherited) draft.dropChain(policyChainName(direction, compiled.key))
      release(direction, rules)
    }
  }

  function hold(direction: Direction, rules: readonly PolicyRule[]): void {
    for (const { peers, ports } of rules) {
      if (peers !== 'all') for (const selection of peers.pods) sets.hold(selection)
      if (ports !== 'all') for (const port of ports.named) sets.holdPort(scopes[direction], port)
    }
  }

  function release(direction: Direction, rules: readonly PolicyRule[]): void {
    for (const { peers, ports } of rules) {
      if (peers !== 'all') for (const selection of peers.pods) sets.release(selection)
      if (ports !== 'all') for (const port of ports.named) sets.releasePort(scopes[direction], port)
    }
  }

  // --- pods of this node -----------------------------------------------------------------------------------------------------------

  /** Looks up anew which policies select a pod of this node, and leads its addresses to where they are asked. */
  function settle(key: string): void {
    const before = locals.get(key)
    const pod = known.get(key)
    const now = pod?.isLocal ? localPod(key, pod) : undefined
    if (before === undefined && now === undefined) return
    if (now !== undefined) {
      locals.set(key, now)
      let keys = localsByNamespace.get(now.pod.namespace)
      if (keys === undefined) localsByNamespace.set(now.pod.namespace, (keys = new Set()))
      keys.add(key)
    } else locals.delete(key)
    if (before !== undefined && before.pod.namespace !== now?.pod.namespace) {
      const keys = localsByNamespace.get(before.pod.namespace)!
      keys.delete(key)
      if (keys.size === 0) localsByNamespace.delete(before.pod.namespace)
    }
    // What is new comes first, so that what stays is never taken down in between.
    for (const policy of now?.policies ?? []) {
      policy.pods.add(now!)
      if (policy.pods.size === 1) activate(policy.compiled)
    }
    for (const [direction, jumps] of chainsOf(now)) useChain(podChainName(direction, jumps), jumps)
    lead(before, now)
    const isolatedBefore = isolated
    isolated += Math.sign(chainsOf(now).length) - Math.sign(chainsOf(before).length)
    if (isolatedBefore === 0 || isolated === 0) closeOneLink(isolated > 0)
    for (const [direction, jumps] of chainsOf(before)) leaveChain(podChainName(direction, jumps))
    for (const policy of before?.policies ?? []) {
      policy.pods.delete(before!)
      if (policy.pods.size === 0) deactivate(policy)
    }
  }

  function localPod(key: string, pod: PolicyPod): LocalPod {
    const selecting = subjects.get(pod.namespace)?.matching(pod.labels) ?? []
    return { key, pod, policies: selecting, jumps: { ingress: jumpsOf(selecting, 'ingress'), egress: jumpsOf(selecting, 'egress') } }
  }

  /** Pods whose policies say the same share one chain: what none of these lets through is dropped. */
  function useChain(name: string, jumps: readonly string[]): void {
    const used = uses.get(name) ?? 0
    uses.set(name, used + 1)
    if (used === 0) draft.chain(name, [...jumps, 'counter drop'])
  }

  function leaveChain(name: string): void {
    const left = uses.get(name)! - 1
    if (left > 0) uses.set(name, left)
    else {
      uses.delete(name)
      draft.dropChain(name)
    }
  }

  /** From each address to the chains of the pod that has it. */
  function lead(before: LocalPod | undefined, now: LocalPod | undefined): void {
    const touched = new Map([...(before?.pod.addresses ?? []), ...(now?.pod.addresses ?? [])].map(({ text, family }) => [text, family]))
    for (const { text } of now?.pod.addresses ?? []) {
      let pods = owners.get(text)
      if (pods === undefined) owners.set(text, (pods = new Set()))
      pods.add(now!)
    }
    for (const { text } of before?.pod.addresses ?? []) {
      const pods = owners.get(text)!
      pods.delete(before!)
      if (pods.size === 0) owners.delete(text)
    }
    for (const [address, family] of touched) {
      const owner = newest(owners.get(address))
      for (const direction of directions) {
        const jumps = owner?.jumps[direction]
        if (jumps === undefined) draft.remove(`${direction}-${family}`, address)
        else draft.put(`${direction}-${family}`, address, `goto ${podChainName(direction, jumps)}`)
      }
      if (owner === undefined) draft.remove(`here-${family}`, address)
      else draft.put(`here-${family}`, address)
      if (chainsOf(owner).length > 0) draft.put(`self-${family}`, `${address} . ${address}`)
      else draft.remove(`self-${family}`, `${address} . ${address}`)
    }
  }

  return {
    setPolicy(key, compiled) {
      const before = policies.get(key)
      const now = compiled && { compiled, pods: new Set<LocalPod>() }
      const concerned = new Set([...(before?.pods ?? [])].map((local) => local.key))
      if (before !== undefined) {
        const { namespace, subject } = before.compiled
        const index = subjects.get(namespace)!
        index.delete(subject, before)
        if (index.size === 0) subjects.delete(namespace)
        policies.delete(key)
      }
      if (now !== undefined) {
        const { namespace, subject } = now.compiled
        let index = subjects.get(namespace)
        if (index === undefined) subjects.set(namespace, (index = createLabelIndex()))
        index.add(subject, now)
        policies.set(key, now)
        for (const local of localsByNamespace.get(namespace) ?? []) if (matches(subject, known.get(local)!.labels)) concerned.add(local)
      }
      for (const local of concerned) settle(local)
    },
    setPod(key, pod) {
      if (isSamePod(known.get(key), pod)) return
      if (pod === undefined) known.delete(key)
      else known.set(key, pod)
      sets.setPod(key, pod)
      settle(key)
    },
    setNamespace: sets.setNamespace,
    takeChanges: draft.takeChanges,
    takeWhole: () => noTable(table) + frame(table) + draft.takeWhole() + entry(table),
  }
}

/** The chains that every packet passes. They are empty until the rest stands, and all of it comes at once. */
const frame = (table: string): string => `table inet ${table} {
  chain forward { type filter hook forward priority filter; policy accept; }
  chain input { type filter hook input priority filter; policy accept; }
  chain under-way { }
  chain egress { }
  chain ingress { }
  chain ${canary} { }
}
`

/**
 * What is under way goes on, and so do errors about it (`related`) and the neighbours of IPv6, which pods on one bridge look for through these
 * hooks. Then the sender's policies are asked, then the receiver's: `accept` ends both, so who lets something out leads on to `ingress` instead.
 * A pod reaches itself whatever its policies say, also through a Service. What the node itself sends passes neither hook: it always reaches its
 * own pods, and their answers are under way. What pods send to the node itself has no second side. No packet gets to the chain `canary`.
 */
const entry = (table: string): string => `table inet ${table} {
  chain under-way {
    ct state established,related accept
    icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } accept
    ip saddr . ip daddr @self-4 accept
    ip6 saddr . ip6 daddr @self-6 accept
  }
  chain egress {
    ip saddr vmap @egress-4
    ip6 saddr vmap @egress-6
  }
  chain ingress {
    ip daddr vmap @ingress-4
    ip6 daddr vmap @ingress-6
    accept
  }
  chain forward { jump under-way; jump one-link; jump egress; goto ingress; goto ${canary}; }
  chain input { jump under-way; jump one-link-to-node; jump egress; }
}
`

/**
 * Pods on one bridge also reach each other, and the node, by what no map knows: their link-local addresses, and packets to everybody. And they could
 * give themselves an address that is nobody's, which no policy isolates. Where a pod is isolated these ways are closed to all pods of the node, since
 * a packet does not tell whose it is. Other bridges of the machine have nothing to do with it.
 */
const oneLink: Readonly<Record<string, (bridge: string) => readonly string[]>> = {
  'one-link': (bridge) => [
    `iifname "${bridge}" ip6 saddr fe80::/10 counter drop`,
    `iifname "${bridge}" meta pkttype { broadcast, multicast } counter drop`,
    ...nobodys(bridge),
  ],
  'one-link-to-node': (bridge) => [`iifname "${bridge}" ip6 saddr fe80::/10 counter drop`, ...nobodys(bridge)],
}
const nobodys = (bridge: string): readonly string[] => [
  `iifname "${bridge}" ip saddr != @here-4 counter drop`,
  `iifname "${bridge}" ip6 saddr != @here-6 counter drop`,
]

/** Named ports of what comes in are those of pods of this node, since nothing else is stopped here. */
const scopes: Readonly<Record<Direction, PortScope>> = { ingress: 'node', egress: 'cluster' }

/** Where the policies that isolate a pod in this direction say what may pass; undefined: none isolates it. */
function jumpsOf(policies: readonly Policy[], direction: Direction): readonly string[] | undefined {
  const isolating = policies.filter(({ compiled }) => compiled[direction] !== undefined)
  if (isolating.length === 0) return undefined
  return isolating
    .filter(({ compiled }) => compiled[direction]!.length > 0)
    .map(({ compiled }) => `jump ${policyChainName(direction, compiled.key)}`)
    .sort()
}

const chainsOf = (local: LocalPod | undefined): (readonly [Direction, readonly string[]])[] =>
  directions.flatMap((direction) => {
    const jumps = local?.jumps[direction]
    return jumps === undefined ? [] : [[direction, jumps] as const]
  })

/** The one that has its address since later than the others. */
function newest(pods: Iterable<LocalPod> = []): LocalPod | undefined {
  let found: LocalPod | undefined
  for (const one of pods)
    if (found === undefined || one.pod.since > found.pod.since || (one.pod.since === found.pod.since && one.key > found.key)) found = one
  return found
}
