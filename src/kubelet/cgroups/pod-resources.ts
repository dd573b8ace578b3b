import type { Pod } from '#api/core/v1/pod.ts'
import { amountOf, isHugePages, podLimits, podRequests, sumContainers } from '#api/core/v1/resources.ts'
import { quantityToMilli } from '#lib/quantity.ts'
import { qosClass } from '../pod/qos.ts'
import { CPU_PERIOD_US, cpuQuota, cpuShares, MIN_SHARES } from '../resources/cpu-share.ts'
import { hugePageSize } from '../resources/huge-pages.ts'

/** Limits of one group. `undefined`: none. */
export interface CgroupResources {
  readonly cpuShares: number
  /** Microseconds of processor time in each `cpuPeriod`. */
  readonly cpuQuota?: number
  readonly cpuPeriod?: number
  readonly memoryBytes?: number
  /** Processes and threads. */
  readonly pids?: number
  /** Bytes by page size as the kernel names it, `2MB`; sizes left out stay as they are. */
  readonly hugePages?: Readonly<Record<string, number>>
}

/** What a pod's group depends on beside the pod. */
export interface PodCgroupOptions {
  /** KubeletConfiguration.podPidsLimit; -1 or left out: none. */
  readonly podPidsLimit?: number
  /** False: processor limits are no quotas on this node, or not for this pod, whose processors are its own. */
  readonly hasCpuQuota?: boolean
  /** In which quotas are counted; left out: the kernel's own. */
  readonly cpuPeriodUs?: number
  /** Sizes of huge pages that the node has, as the API writes them; what a pod does not ask for it does not get. */
  readonly hugePageSizes?: readonly string[]
}

/**
 * The limits of the pod's own group: a processor or memory limit only where every container has one, or the pod as a whole does (KEP-2837),
 * since otherwise the pod as a whole has none.
 */
export function podCgroupResources(pod: Pod, options: PodCgroupOptions = {}): CgroupResources {
  const { podPidsLimit = -1, hasCpuQuota = true, cpuPeriodUs = CPU_PERIOD_US, hugePageSizes = [] } = options
  const pids = podPidsLimit > 0 ? { pids: podPidsLimit } : {}
  const requests = podRequests(pod.spec)
  const hugePages: Record<string, number> = Object.fromEntries(hugePageSizes.map((size) => [hugePageSize(size), 0]))
  for (const [name, amount] of Object.entries(requests))
    if (isHugePages(name)) hugePages[hugePageSize(name.slice('hugepages-'.length))] = amountOf(name, amount)
  const others = { ...pids, ...(Object.keys(hugePages).length > 0 && { hugePages }) }
  if (qosClass(pod) === 'BestEffort') return { cpuShares: MIN_SHARES, ...others }

  const limits = podLimits(pod.spec)
  const limitOf = (name: 'cpu' | 'memory') => (isLimited(pod, name) ? amountOf(name, limits[name] ?? '0') : 0)
  const quota = hasCpuQuota ? cpuQuota(limitOf('cpu'), cpuPeriodUs) : 0
  const memoryBytes = limitOf('memory')
  return {
    cpuShares: cpuShares(cpuRequestMilli(pod)),
    ...(quota > 0 && { cpuQuota: quota, cpuPeriod: cpuPeriodUs }),
    ...(memoryBytes > 0 && { memoryBytes }),
    ...others,
  }
}

/** Thousandths of a processor that the pod asks for: the burstable group's weight is their sum. */
export const cpuRequestMilli = ({ spec }: Pod): number => quantityToMilli(podRequests(spec)['cpu'] ?? '0')

/** Whether all containers say how much they may use, or the pod says it for them. */
function isLimited({ spec }: Pod, name: 'cpu' | 'memory'): boolean {
  const isSet = (limits: Readonly<Record<string, string>> | undefined) => quantityToMilli(limits?.[name] ?? '0') > 0
  if (isSet(spec.resources?.limits)) return true
  const inits = spec.initContainers ?? []
  // While an init container runs, those sidecars run that were started before it: together they are limited if one of them is.
  const moments = inits.map((one, index) => ({
    containers: one.restartPolicy === 'Always' ? [] : [one],
    initContainers: inits.slice(0, index + 1).filter(({ restartPolicy }) => restartPolicy === 'Always'),
  }))
  return (
    spec.containers.every(({ resources }) => isSet(resources?.limits)) &&
    moments.every((moment) => quantityToMilli(sumContainers(moment, 'limits')[name] ?? '0') > 0)
  )
}
