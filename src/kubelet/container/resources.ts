import type { Pod } from '#api/core/v1/pod.ts'
import { quantityToInteger, quantityToMilli } from '#lib/quantity.ts'
import type { AnyContainer } from '../pod/containers.ts'
import { qosClass } from '../pod/qos.ts'
import type { LinuxResources } from '../runtime.ts'

/** Scheduling period of the kernel's CPU controller (cgroups, cpu.cfs_period_us), in microseconds. */
export const CPU_PERIOD_US = 100_000
const MINIMUM_SHARES = 2
const MAXIMUM_SHARES = 262_144
const MINIMUM_QUOTA_US = 1_000
/** `system-node-critical` (PriorityClass of the reference's bootstrap). */
const NODE_CRITICAL_PRIORITY = 2_000_001_000

/** Requests and limits of a container as the kernel takes them. */
export function containerResources(pod: Pod, container: AnyContainer, nodeMemoryBytes: number): LinuxResources {
  const { limits = {}, requests = {} } = container.resources
  const limitMilli = quantityToMilli(limits['cpu'] ?? '0')
  const requestMilli = quantityToMilli(requests['cpu'] ?? limits['cpu'] ?? '0')
  const hugepages = Object.entries(limits).filter(([name]) => name.startsWith('hugepages-'))
  return {
    cpuPeriod: CPU_PERIOD_US,
    cpuShares: cpuShares(requestMilli),
    cpuQuota: cpuQuota(limitMilli),
    memoryLimitBytes: quantityToInteger(limits['memory'] ?? '0'),
    oomScoreAdj: oomScoreAdjust(pod, container, nodeMemoryBytes),
    ...(hugepages.length > 0 && {
      hugepageLimits: hugepages.map(([name, amount]) => ({
        pageSize: name.slice('hugepages-'.length).replace(/i$/, 'B'),
        limitBytes: quantityToInteger(amount),
      })),
    }),
  }
}

/** 1024 for each processor. */
export const cpuShares = (milli: number): number =>
  milli === 0 ? MINIMUM_SHARES : Math.min(Math.max(Math.floor((milli * 1024) / 1000), MINIMUM_SHARES), MAXIMUM_SHARES)

/** Microseconds of processor time in each period; 0: no limit. */
export const cpuQuota = (milli: number): number =>
  milli === 0 ? 0 : Math.max(Math.floor((milli * CPU_PERIOD_US) / 1000), MINIMUM_QUOTA_US)

/**
 * Who dies first when memory runs out (Kubernetes documentation, "Node out of memory behavior"): BestEffort before Burstable, and of those
 * first who asked for little of the node's memory.
 */
export function oomScoreAdjust(pod: Pod, container: AnyContainer, nodeMemoryBytes: number): number {
  if ((pod.spec.priority ?? 0) >= NODE_CRITICAL_PRIORITY) return -997
  const qos = qosClass(pod)
  if (qos === 'Guaranteed') return -997
  if (qos === 'BestEffort') return 1000
  const requestBytes = quantityToInteger(container.resources.requests?.['memory'] ?? container.resources.limits?.['memory'] ?? '0')
  const score = 1000 - Math.floor((1000 * requestBytes) / nodeMemoryBytes)
  return Math.min(Math.max(score, 3), 999)
}
