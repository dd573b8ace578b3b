import { untoleratedTaint } from '#api/core/v1/taints.ts'
import type { Taint, Toleration } from '#api/core/v1/types.ts'
import { formatQuantity, quantityOf } from '#lib/quantity.ts'
import type { Cycle, NodeRefusal } from '../framework/plugin.ts'
import type { SpreadState } from '../plugins/pod-topology-spread/spread-state.ts'
import { labelOf, type NodeInfo } from '../world/node-info.ts'
import { hostPortsOf, type PodInfo } from '../world/pod-info.ts'
import { domainOf, noDomain } from '../world/topology-domains.ts'
import { podTerms } from '../world/topology-pod-terms.ts'
import { allSelect } from '../world/topology-scope.ts'
import type { World } from '../world/world.ts'

/**
 * The numbers and names behind a refusal, for people: `asks for cpu 2, 1.5 of 4 are free`. Worked out after the fact and only for who asks, so
 * that the refusal itself costs a decision nothing. Undefined: its reasons say all.
 */
export const describeRefusal = (cycle: Cycle, node: NodeInfo, { plugin, reasons }: NodeRefusal): string | undefined =>
  Object.hasOwn(describers, plugin) ? describers[plugin]!(cycle, node, reasons) : undefined

type Describer = (cycle: Cycle, node: NodeInfo, reasons: readonly string[]) => string | undefined

const describers: Readonly<Record<string, Describer>> = {
  NodeUnschedulable: () => 'it is cordoned (spec.unschedulable)',
  NodeName: ({ pod }) => `spec.nodeName asks for ${pod.pod.spec.nodeName}`,
  TaintToleration: ({ pod }, { node }) => taintText(untoleratedTaint(node.spec.taints, pod.pod.spec.tolerations as Toleration[], hard)),
  NodeAffinity: affinityText,
  NodePorts: portsText,
  NodeResourcesFit: ({ pod, world }, node) =>
    shortagesOn(pod, node, world)
      .map(({ resource, asked, free, total }) =>
        resource === 'pods'
          ? `it holds ${total - free} of at most ${total} pods`
          : `asks for ${resource} ${amountText(resource, asked)}, ${amountText(resource, free)} of ${amountText(resource, total)} are free`,
      )
      .join('; ') || undefined,
  PodTopologySpread: spreadText,
  InterPodAffinity: neighbourText,
}

/** What a node lacks for a pod. `cpu` in thousandths, the rest in whole units. */
export interface Shortage {
  readonly resource: string
  readonly asked: number
  readonly free: number
  readonly total: number
}

/** Every resource of which less is free than the pod asks for, `pods` first. */
export function shortagesOn({ shape }: PodInfo, { slot, table }: NodeInfo, world: World): readonly Shortage[] {
  return [{ resource: 'pods', amount: 1 }, ...shape.requests].flatMap(({ resource, amount }) => {
    const column = resource === 'pods' ? table.pods : world.nodes.column(resource)
    const total = column?.allocatable[slot] ?? 0
    const free = total - (column?.requested[slot] ?? 0)
    return amount <= free ? [] : [{ resource, asked: amount, free: Math.max(0, free), total }]
  })
}

/** An amount as people write it: processors as a decimal number, memory with a binary unit. */
export function amountText(resource: string, amount: number): string {
  if (resource === 'cpu') return `${Math.round(amount) / 1000}`
  const isBytes = resource === 'memory' || resource === 'ephemeral-storage' || resource.startsWith('hugepages-')
  // Rounded down where an exact number would be long: half a page of memory is of no interest.
  const round = isBytes && amount >= 2 ** 30 && amount % 2 ** 20 !== 0 ? Math.floor(amount / 2 ** 20) * 2 ** 20 : Math.trunc(amount)
  return formatQuantity(quantityOf(round, isBytes ? 'BinarySI' : 'DecimalSI'))
}

const hard = ['NoSchedule', 'NoExecute'] as const

const taintText = (taint: Taint | undefined): string | undefined =>
  taint && `its taint ${taint.key}${taint.value ? `=${taint.value}` : ''}:${taint.effect} is not tolerated`

/** Labels are told one by one; of the terms of an affinity, which are alternatives, only how many there are. */
function affinityText({ pod: { pod } }: Cycle, node: NodeInfo): string | undefined {
  const wrong = Object.entries(pod.spec.nodeSelector ?? {}).filter(([key, value]) => labelOf(node, key) !== value)
  if (wrong.length > 0)
    return wrong
      .map(([key, value]) => {
        const own = labelOf(node, key)
        return `asks for the label ${key}=${value}, ${own === undefined ? 'it has none' : `it has ${key}=${own}`}`
      })
      .join('; ')
  const terms = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []
  const told = terms.map(({ matchExpressions = [], matchFields = [] }) =>
    [...matchExpressions, ...matchFields]
      .map(({ key, operator, values = [] }) => [key, operator, values.join(',')].filter((word) => word !== '').join(' '))
      .join(' and '),
  )
  return told.length === 0 ? undefined : `asks for ${told.join(', or ')}`
}

function portsText({ pod }: Cycle, node: NodeInfo): string | undefined {
  const taken = pod.shape.hostPorts.flatMap(({ protocol, port }) => {
    const holder = [...node.pods.values()].find((other) =>
      hostPortsOf(other.pod).some((held) => held.port === port && held.protocol === protocol),
    )
    return holder === undefined ? [] : [`host port ${protocol} ${port} is held by pod ${nameOf(holder)}`]
  })
  return taken.join('; ') || undefined
}

function spreadText({ states }: Cycle, node: NodeInfo): string | undefined {
  for (const { constraint, tally } of (states.get('PodTopologySpread') as SpreadState | undefined) ?? []) {
    const { topologyKey, maxSkew, self, minDomains } = constraint
    const domain = domainOf(tally.ground.topology, node)
    if (domain === noDomain) return `is spread by ${topologyKey}, a label that it has not`
    const count = tally.counts.values[domain] ?? 0
    const least = tally.ground.domains < minDomains ? 0 : tally.least
    if (count + self - least <= maxSkew) continue
    return `${topologyKey}=${labelOf(node, topologyKey)} has ${count} of its like, the emptiest has ${least}, and maxSkew is ${maxSkew}`
  }
  return undefined
}

function neighbourText({ pod, world }: Cycle, node: NodeInfo, reasons: readonly string[]): string | undefined {
  const { requiredAffinity, requiredAntiAffinity } = podTerms(pod)
  const labelsOf = (namespace: string) => world.namespaceLabels(namespace)
  if (reasons.some((reason) => reason.includes('match pod affinity rules'))) {
    const keys = [...new Set(requiredAffinity.map(({ topologyKey }) => topologyKey))]
    return (
      keys.map((key) => `no pod that it has to be near is in ${key}=${labelOf(node, key) ?? '(no such label)'}`).join('; ') || undefined
    )
  }
  for (const other of nearestFirst(node, world)) {
    const own = requiredAntiAffinity.find(
      ({ topologyKey, scope }) => sharesDomain(node, other.node, topologyKey) && allSelect([scope], other.info.pod.metadata, labelsOf),
    )
    if (own !== undefined) return `must not be near pod ${nameOf(other.info)} in ${own.topologyKey}=${labelOf(node, own.topologyKey)}`
    const its = podTerms(other.info).requiredAntiAffinity.find(
      ({ topologyKey, scope }) => sharesDomain(node, other.node, topologyKey) && allSelect([scope], pod.pod.metadata, labelsOf),
    )
    if (its !== undefined) return `pod ${nameOf(other.info)} will not have it in ${its.topologyKey}=${labelOf(node, its.topologyKey)}`
  }
  return undefined
}

/** Pods of the node itself, where most rules find whom they look for, then all others. */
function* nearestFirst(node: NodeInfo, world: World): Generator<{ readonly info: PodInfo; readonly node: NodeInfo }> {
  for (const info of node.pods.values()) yield { info, node }
  for (const other of world.nodes.order) if (other !== node) for (const info of other.pods.values()) yield { info, node: other }
}

const sharesDomain = (a: NodeInfo, b: NodeInfo, key: string): boolean =>
  labelOf(a, key) !== undefined && labelOf(a, key) === labelOf(b, key)

const nameOf = ({ pod: { metadata } }: PodInfo): string => `${metadata.namespace}/${metadata.name}`
