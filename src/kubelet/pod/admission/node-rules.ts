import type { Node } from '#api/core/v1/node.ts'
import { matchesRequiredAffinity } from '#api/core/v1/node-affinity.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { type Amounts, amountsOf, podRequests } from '#api/core/v1/resources.ts'
import { untoleratedTaint } from '#api/core/v1/taints.ts'
import { withoutClaimed } from '../../dra/claimed-resources.ts'
import { isSidecar } from '../containers.ts'
import { isStaticPod } from '../pod-source.ts'
import type { Refusal } from './refusal.ts'

/** What a pod is measured against. */
export interface NodeRoom {
  readonly node: Node
  readonly allocatable: Readonly<Record<string, string>>
  /** The pods that have been admitted and still hold something. */
  readonly others: readonly Pod[]
}

/** What a resource lacks; in thousandths for `cpu`, else in whole units. */
export interface Shortage {
  readonly resource: string
  readonly requested: number
  readonly used: number
  readonly capacity: number
}

/** What the scheduler looks at, asked once more by who knows best; nothing here can be cured by ending other pods. */
export function refusalByNode(pod: Pod, { node, others }: NodeRoom): Refusal | undefined {
  if (!matchesRequiredAffinity(pod.spec, node)) return failed('NodeAffinity', "node(s) didn't match Pod's node affinity/selector")
  if (pod.spec.nodeName && pod.spec.nodeName !== node.metadata.name)
    return failed('NodeName', "node(s) didn't match the requested node name")
  const taken = others.flatMap(hostPorts)
  if (hostPorts(pod).some((port) => taken.some((one) => isSamePort(port, one))))
    return failed('NodePorts', "node(s) didn't have free ports for the requested pod ports")
  // Who put a pod on the node's own disk means it, whatever the node is tainted with.
  if (!isStaticPod(pod) && untoleratedTaint(node.spec.taints, pod.spec.tolerations, ['NoExecute']) !== undefined)
    return failed('TaintToleration', "node(s) had taints that the pod didn't tolerate")
  return undefined
}

const failed = (rule: string, why: string): Refusal => ({ reason: rule, message: `Predicate ${rule} failed: ${why}` })

/** What this node can never do, whoever else is on it. */
export function refusalByKind(pod: Pod, node: Node): Refusal | undefined {
  const os = pod.metadata.labels?.['kubernetes.io/os']
  if (os !== undefined && os !== 'linux')
    return {
      reason: 'PodOSSelectorNodeLabelDoesNotMatch',
      message: "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label",
    }
  if (pod.spec.os !== undefined && pod.spec.os.name !== 'linux')
    return { reason: 'PodOSNotSupported', message: "Failed to admit pod as the OS field doesn't match node OS" }
  if (pod.spec.securityContext?.supplementalGroupsPolicy === 'Strict' && node.status?.features?.supplementalGroupsPolicy !== true)
    return {
      reason: 'SupplementalGroupsPolicyNotSupported',
      message: 'SupplementalGroupsPolicy=Strict is not supported in this node',
    }
  return undefined
}

/** Resources of which too little is left, in the order in which the reference names them. */
export function shortages(pod: Pod, { allocatable, others }: Pick<NodeRoom, 'allocatable' | 'others'>): Shortage[] {
  const capacity = amountsOf(allocatable)
  const short: Shortage[] = []
  if (others.length + 1 > (capacity['pods'] ?? 0))
    short.push({ resource: 'pods', requested: 1, used: others.length, capacity: capacity['pods'] ?? 0 })
  const requests = requestsOf(pod)
  const used = others.map(requestsOf)
  const names = [...new Set(['cpu', 'memory', 'ephemeral-storage', ...Object.keys(requests).toSorted()])]
  for (const resource of names) {
    const requested = requests[resource] ?? 0
    // What no part of the node has ever heard of is not the node's to count: cluster-wide resources, and those that claims stand for.
    if (requested === 0 || (isExtended(resource) && capacity[resource] === undefined)) continue
    const taken = used.reduce((sum, amounts) => sum + (amounts[resource] ?? 0), 0)
    if (requested > (capacity[resource] ?? 0) - taken) short.push({ resource, requested, used: taken, capacity: capacity[resource] ?? 0 })
  }
  return short
}

/** What pods ask for, kept as long as they are: with every pod that comes, all are counted. */
const counted = new WeakMap<Pod['spec'], Amounts>()
export function requestsOf(pod: Pod): Amounts {
  const { spec, status } = pod
  if (status?.extendedResourceClaimStatus !== undefined) return amountsOf(podRequests(withoutClaimed(pod)))
  const known = counted.get(spec) ?? amountsOf(podRequests(spec))
  counted.set(spec, known)
  return known
}

export const refusalOf = ({ resource, requested, used, capacity }: Shortage): Refusal => ({
  reason: `OutOf${resource}`,
  message: `Node didn't have enough resource: ${resource}, requested: ${requested}, used: ${used}, capacity: ${capacity}`,
})

/** Named by a domain that is not Kubernetes' own (API documentation, "Extended resources"). */
const isExtended = (name: string): boolean => name.includes('/') && !name.includes('kubernetes.io/') && !name.startsWith('requests.')

interface HostPort {
  readonly protocol: string
  readonly address: string
  readonly port: number
}

const hostPorts = ({ spec }: Pod): HostPort[] =>
  [...(spec.initContainers ?? []).filter((one) => isSidecar(one, 'init')), ...spec.containers]
    .flatMap(({ ports = [] }) => ports)
    .flatMap(({ hostPort = 0, protocol, hostIP }) => (hostPort > 0 ? [{ protocol, address: hostIP || ANY, port: hostPort }] : []))

const ANY = '0.0.0.0'
const isSamePort = (a: HostPort, b: HostPort): boolean =>
  a.port === b.port && a.protocol === b.protocol && (a.address === b.address || a.address === ANY || b.address === ANY)
