import type { Pod } from '#api/core/v1/pod.ts'
import { quantityToInteger, quantityToMilli } from '#lib/quantity.ts'
import type { QosClass } from './cgroup-names.ts'

/** Limits of one group. `undefined`: none. */
export interface CgroupResources {
  readonly cpuShares: number
  /** Microseconds of processor time in each `cpuPeriod`. */
  readonly cpuQuota?: number
  readonly cpuPeriod?: number
  readonly memoryBytes?: number
}

/** Linux' smallest weight: what a pod without requests gets. */
export const minShares = 2
const maxShares = 262_144
const sharesPerCpu = 1024
/** KubeletConfiguration.cpuCFSQuotaPeriod, default 100 ms. */
const periodMicroseconds = 100_000
/** The kernel refuses less. */
const minQuotaMicroseconds = 1000

export const sharesOf = (cpuMilli: number): number =>
  cpuMilli === 0 ? minShares : Math.min(maxShares, Math.max(minShares, Math.floor((cpuMilli * sharesPerCpu) / 1000)))

/** cgroup v2's `cpu.weight` of v1's shares: 2 … 262144 onto 1 … 10000 (KEP-2254). */
export const weightOf = (shares: number): number =>
  shares >= maxShares ? 10_000 : 1 + Math.floor(((Math.max(shares, minShares) - 2) * 9999) / 262_142)

export const quotaOf = (cpuMilli: number): number => Math.max(minQuotaMicroseconds, Math.floor((cpuMilli * periodMicroseconds) / 1000))

/**
 * The limits of the pod's own group: a processor or memory limit only where every container has one, or the pod as a whole does (KEP-2837),
 * since otherwise the pod as a whole has none.
 */
export function podCgroupResources(pod: Pod, qos: QosClass = qosOf(pod)): CgroupResources {
  if (qos === 'BestEffort') return { cpuShares: minShares }
  const requests = podSum(pod, 'requests', 'cpu')
  const cpuLimit = podSum(pod, 'limits', 'cpu')
  const memoryLimit = podSum(pod, 'limits', 'memory')
  return {
    cpuShares: sharesOf(requests.value),
    ...(cpuLimit.complete && cpuLimit.value > 0 && { cpuQuota: quotaOf(cpuLimit.value), cpuPeriod: periodMicroseconds }),
    ...(memoryLimit.complete && memoryLimit.value > 0 && { memoryBytes: memoryLimit.value }),
  }
}

/** Thousandths of a processor that the pod asks for: the burstable group's weight is their sum. */
export const cpuRequestMilli = (pod: Pod): number => podSum(pod, 'requests', 'cpu').value

/** The pod's quality-of-service class (API docs, PodStatus.qosClass); what the status says wins, since the class never changes. */
export function qosOf(pod: Pod): QosClass {
  const said = pod.status?.qosClass
  if (said === 'Guaranteed' || said === 'Burstable' || said === 'BestEffort') return said
  const holders: readonly Resources[] = pod.spec.resources
    ? [pod.spec.resources]
    : [...(pod.spec.initContainers ?? []), ...pod.spec.containers].map(({ resources }) => resources ?? {})
  const asks = (resources: Resources, side: Side) =>
    (['cpu', 'memory'] as const).filter((resource) => amount(resources, side, resource) > 0)
  if (holders.every((resources) => asks(resources, 'requests').length + asks(resources, 'limits').length === 0)) return 'BestEffort'
  const exact = holders.every((resources) =>
    (['cpu', 'memory'] as const).every((resource) => {
      const limit = amount(resources, 'limits', resource)
      const request = resources.requests?.[resource] === undefined ? limit : amount(resources, 'requests', resource)
      return limit > 0 && request === limit
    }),
  )
  return exact ? 'Guaranteed' : 'Burstable'
}

type Side = 'requests' | 'limits'
type Resource = 'cpu' | 'memory'
interface Resources {
  readonly requests?: Readonly<Record<string, string>> | undefined
  readonly limits?: Readonly<Record<string, string>> | undefined
}

/** Processors in thousandths, memory in bytes. */
function amount(resources: Resources, side: Side, resource: Resource): number {
  const text = resources[side]?.[resource] ?? (side === 'requests' ? resources.limits?.[resource] : undefined)
  if (text === undefined) return 0
  return resource === 'cpu' ? quantityToMilli(text) : quantityToInteger(text)
}

/**
 * What the pod needs at one time: its containers and sidecars together, or the largest moment of its start, while one init container runs
 * beside the sidecars started before it (API docs, "Resource sharing within containers"). `complete`: each container says its part.
 */
function podSum(pod: Pod, side: Side, resource: Resource): { readonly value: number; readonly complete: boolean } {
  const overhead = pod.spec.overhead?.[resource]
  const overheadValue = overhead === undefined ? 0 : resource === 'cpu' ? quantityToMilli(overhead) : quantityToInteger(overhead)
  if (pod.spec.resources?.[side]?.[resource] !== undefined)
    return { value: amount(pod.spec.resources, side, resource) + overheadValue, complete: true }
  const of = (container: { readonly resources?: Resources }) => amount(container.resources ?? {}, side, resource)
  const initContainers = pod.spec.initContainers ?? []
  let sidecars = 0
  let starting = 0
  for (const container of initContainers) {
    if (container.restartPolicy === 'Always') {
      sidecars += of(container)
      starting = Math.max(starting, sidecars)
    } else starting = Math.max(starting, sidecars + of(container))
  }
  const running = pod.spec.containers.reduce((sum, container) => sum + of(container), sidecars)
  const complete = [...initContainers, ...pod.spec.containers].every((container) => of(container) > 0)
  return { value: Math.max(running, starting) + overheadValue, complete }
}
