import type { Node } from '#api/core/v1/node.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { Amounts } from '#api/core/v1/resources.ts'
import { amountsOf, podRequests, sumContainers } from '#api/core/v1/resources.ts'

/** One node as the scheduler counts it: what it has, and what the pods on it take. Changed only through the snapshot that holds it. */
export interface NodeInfo {
  readonly node: Node
  /** `cpu` in thousandths, the rest in whole units. */
  readonly allocatable: Amounts
  readonly requested: Amounts
  /** Scores count a pod that asks for nothing as if it asked for a little; otherwise all such pods would pile up on one node. */
  readonly scored: Amounts
  readonly pods: Map<string, PodInfo>
  /** How many pods hold each host port, by `protocol/address/port`. */
  readonly ports: ReadonlyMap<string, number>
  /** Names under which the node holds images, with their size. */
  readonly imageBytes: ReadonlyMap<string, number>
}

/** One pod with what the scheduler asks of it again and again, worked out once. */
export interface PodInfo {
  readonly pod: Pod
  readonly requests: Amounts
  readonly scored: Amounts
  readonly hostPorts: readonly HostPort[]
}

export interface HostPort {
  readonly protocol: string
  /** '0.0.0.0' stands for every address. */
  readonly address: string
  readonly port: number
}

/** What a container without a request counts for in scores (kube-scheduler util/pod_resources.go). */
const assumed = { cpu: 100, memory: 200 << 20 } as const

export function podInfo(pod: Pod): PodInfo {
  const requests = amountsOf(podRequests(pod.spec))
  const withDefaults = {
    ...pod.spec,
    containers: pod.spec.containers.map((container) => ({
      resources: { requests: { cpu: '100m', memory: '200Mi', ...container.resources.requests } },
    })),
  }
  const scored = amountsOf(sumContainers(withDefaults, 'requests'))
  return {
    pod,
    requests,
    scored: {
      ...requests,
      cpu: Math.max(requests['cpu'] ?? 0, scored['cpu'] ?? assumed.cpu),
      memory: Math.max(requests['memory'] ?? 0, scored['memory'] ?? assumed.memory),
    },
    hostPorts: hostPortsOf(pod),
  }
}

export function emptyNodeInfo(node: Node): NodeInfo {
  const imageBytes = new Map(
    (node.status.images ?? []).flatMap(({ names = [], sizeBytes = 0 }) => names.map((name) => [name, sizeBytes] as const)),
  )
  return { node, allocatable: amountsOf(node.status.allocatable), requested: {}, scored: {}, pods: new Map(), ports: new Map(), imageBytes }
}

export const addPodTo = (info: NodeInfo, pod: PodInfo): NodeInfo => countPod(info, pod, 1)
export const removePodFrom = (info: NodeInfo, pod: PodInfo): NodeInfo => countPod(info, pod, -1)

function countPod(info: NodeInfo, pod: PodInfo, sign: 1 | -1): NodeInfo {
  const pods = new Map(info.pods)
  if (sign === 1) pods.set(pod.pod.metadata.uid, pod)
  else pods.delete(pod.pod.metadata.uid)
  const ports = new Map(info.ports)
  for (const hostPort of pod.hostPorts) {
    const count = (ports.get(portKey(hostPort)) ?? 0) + sign
    if (count > 0) ports.set(portKey(hostPort), count)
    else ports.delete(portKey(hostPort))
  }
  return { ...info, pods, ports, requested: add(info.requested, pod.requests, sign), scored: add(info.scored, pod.scored, sign) }
}

export const portKey = ({ protocol, address, port }: HostPort): string => `${protocol}/${address}/${port}`

function add(sum: Amounts, more: Amounts, sign: number): Amounts {
  const out = { ...sum }
  for (const [name, amount] of Object.entries(more)) out[name] = (out[name] ?? 0) + sign * amount
  return out
}

function hostPortsOf(pod: Pod): HostPort[] {
  return [...(pod.spec.initContainers ?? []).filter((container) => container.restartPolicy === 'Always'), ...pod.spec.containers]
    .flatMap((container) => container.ports ?? [])
    .filter((port) => (port.hostPort ?? 0) > 0)
    .map((port) => ({ protocol: port.protocol, address: port.hostIP || '0.0.0.0', port: port.hostPort! }))
}
