import { Node } from '#api/core/v1/node.ts'
import { matchesRequiredAffinity } from '#api/core/v1/node-affinity.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { isPodTerminal } from '#api/core/v1/pod-helpers.ts'
import { untoleratedTaint } from '#api/core/v1/taints.ts'
import { matches, selectorOf } from '#api/meta/v1/selector.ts'
import { keyOf, prefixOf } from '#apiserver/registry/keys.ts'
import type { Instant } from '#lib/clock.ts'
import { hostPortsOf } from '#scheduler/world/pod-info.ts'
import type { World } from '../world.ts'
import { type Invariant, idOf, type Scene } from './invariant.ts'

const pods = prefixOf(Pod)
const nodes = prefixOf(Node)

/**
 * No binding breaks a required rule. Whatever the scheduler itself has bound it knows, so rules between its pods hold at every commit; what
 * others did a moment ago (labels, taints, pods that went) it may not have heard of, and where that matters nothing is said for so long.
 */
export function placement({ world, staleMs }: Scene): Invariant {
  /** When a node last changed what rules look at. */
  const nodeChanges = new Map<string, Instant>()
  /** When any node last did: domains may have come or gone. */
  let domainsAt = -Infinity
  /** When a pod of these labels last went, or changed them: then a spread may be less even than when the next pod was decided. */
  const unevenAt = new Map<string, { readonly pod: Pod; readonly at: Instant }>()
  return {
    name: 'placement',
    onCommit(changes, who, now) {
      const problems: string[] = []
      const isRecent = (at: Instant): boolean => at >= now - 2 * staleMs
      for (const { key, before, after } of changes) {
        if (key.startsWith(nodes)) {
          if (rulesOf(before as Node | undefined) !== rulesOf(after as Node | undefined)) {
            nodeChanges.set(key, now)
            domainsAt = now
          }
          continue
        }
        if (!key.startsWith(pods)) continue
        const [was, pod] = [before as Pod | undefined, after as Pod | undefined]
        if (was !== undefined && (pod === undefined || countsOf(was) !== countsOf(pod)))
          for (const one of pod === undefined ? [was] : [was, pod]) unevenAt.set(spreadKey(one), { pod: one, at: now })
        if (who.name !== 'default-scheduler' || !pod?.spec.nodeName || was?.spec.nodeName) continue
        const node = world.byKey(nodeKey(pod)) as Node | undefined
        if (node === undefined) continue
        const say = (what: string): void => void problems.push(`${idOf(pod)} was bound to ${node.metadata.name}, ${what}`)
        if (pod.spec.schedulingGates?.length) say('and has gates')
        if (!isRecent(nodeChanges.get(nodeKey(pod)) ?? -Infinity)) {
          if (!matchesRequiredAffinity(pod.spec, node)) say('which its affinity excludes')
          const taint = untoleratedTaint(node.spec.taints, pod.spec.tolerations, ['NoSchedule', 'NoExecute'])
          if (taint !== undefined) say(`whose taint ${taint.key} it does not tolerate`)
          for (const text of apart(pod, node, world)) say(text)
        }
        for (const text of ports(pod, world)) say(text)
        if (isRecent(domainsAt)) continue
        const gone = [...unevenAt.values()].filter(({ at }) => isRecent(at)).map((one) => one.pod)
        for (const text of spread(pod, node, gone, world)) say(text)
      }
      return problems
    },
  }
}

const rulesOf = (node: Node | undefined): string =>
  JSON.stringify(node && [node.metadata.labels, node.spec.taints, node.spec.unschedulable])

const spreadKey = ({ metadata: { namespace, labels } }: Pod): string => `${namespace} ${JSON.stringify(labels)}`

const countsOf = ({ metadata, status }: Pod): string =>
  JSON.stringify([metadata.labels, metadata.deletionTimestamp !== undefined, status.phase === 'Failed' || status.phase === 'Succeeded'])

const nodeKey = ({ spec }: Pod): string => keyOf(Node, '', spec.nodeName ?? '')

const others = (pod: Pod, world: World): readonly Pod[] =>
  world.list<Pod>(Pod).filter((other) => other.spec.nodeName && other.metadata.uid !== pod.metadata.uid && !isPodTerminal(other))

function ports(pod: Pod, world: World): string[] {
  const wanted = hostPortsOf(pod)
  if (wanted.length === 0) return []
  return others(pod, world)
    .filter(({ spec }) => spec.nodeName === pod.spec.nodeName)
    .flatMap((other) =>
      hostPortsOf(other)
        .filter((held) => wanted.some(({ protocol, port }) => held.protocol === protocol && held.port === port))
        .map(({ port }) => `where ${idOf(other)} has the port ${port}`),
    )
}

/** Required anti-affinity, of the pod and of those that are there. */
function apart(pod: Pod, node: Node, world: World): string[] {
  const problems: string[] = []
  for (const other of others(pod, world)) {
    const there = world.byKey(nodeKey(other)) as Node | undefined
    if (there !== undefined && (shuns(pod, other, node, there) || shuns(other, pod, there, node)))
      problems.push(`beside ${idOf(other)}, from which it is to be apart`)
  }
  return problems
}

const shuns = (one: Pod, other: Pod, here: Node, there: Node): boolean =>
  one.metadata.namespace === other.metadata.namespace &&
  (one.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).some(
    ({ topologyKey, labelSelector, namespaces, namespaceSelector }) => {
      const domain = here.metadata.labels?.[topologyKey]
      const isPlain = namespaces === undefined && namespaceSelector === undefined
      if (!isPlain || domain === undefined || domain !== there.metadata.labels?.[topologyKey]) return false
      return matches(selectorOf(labelSelector), other.metadata.labels ?? {})
    },
  )

function spread(pod: Pod, node: Node, gone: readonly Pod[], world: World): string[] {
  const problems: string[] = []
  for (const { topologyKey, maxSkew, whenUnsatisfiable, labelSelector } of pod.spec.topologySpreadConstraints ?? []) {
    if (whenUnsatisfiable !== 'DoNotSchedule') continue
    const selector = selectorOf(labelSelector)
    const isAlike = ({ metadata: { namespace, labels = {} } }: Pod): boolean =>
      namespace === pod.metadata.namespace && matches(selector, labels)
    if (gone.some(isAlike)) continue
    const counts = new Map<string, number>()
    for (const { metadata } of world.list<Node>(Node).filter((one) => matchesRequiredAffinity(pod.spec, one)))
      if (metadata.labels?.[topologyKey] !== undefined) counts.set(metadata.labels[topologyKey], 0)
    for (const other of [...others(pod, world), pod]) {
      if (!isAlike(other) || other.metadata.deletionTimestamp !== undefined) continue
      const domain = (world.byKey(nodeKey(other)) as Node | undefined)?.metadata.labels?.[topologyKey]
      if (domain !== undefined && counts.has(domain)) counts.set(domain, counts.get(domain)! + 1)
    }
    const here = counts.get(node.metadata.labels?.[topologyKey] ?? '') ?? 0
    const least = Math.min(...counts.values())
    if (here - least > maxSkew) problems.push(`where there are ${here} alike and elsewhere ${least}, at most ${maxSkew} more are allowed`)
  }
  return problems
}
