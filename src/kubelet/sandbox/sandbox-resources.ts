import type { Pod } from '#api/core/v1/pod.ts'
import { amountsOf, podLimits, podRequests } from '#api/core/v1/resources.ts'
import { CPU_PERIOD_US, cpuQuota, cpuShares } from '../resources/cpu-share.ts'
import type { LinuxResources } from '../runtime.ts'

/**
 * What the pod as a whole gets and what its sandbox costs beside (`spec.overhead`), for runtimes that make a machine of their own for each pod.
 * Containers are bounded by themselves, and the pod by its cgroup.
 */
export function sandboxResources(
  { spec }: Pod,
  periodUs = CPU_PERIOD_US,
): { readonly resources: LinuxResources; readonly overhead: LinuxResources } {
  const { overhead = {}, ...own } = spec
  const requests = amountsOf(podRequests(own))
  const limits = amountsOf(podLimits(own))
  const extra = amountsOf(overhead)
  return {
    resources: linuxResources(requests['cpu'] ?? limits['cpu'] ?? 0, limits['cpu'] ?? 0, limits['memory'] ?? 0, periodUs),
    overhead: linuxResources(extra['cpu'] ?? 0, extra['cpu'] ?? 0, extra['memory'] ?? 0, periodUs),
  }
}

const linuxResources = (requestMilli: number, limitMilli: number, memoryLimitBytes: number, periodUs: number): LinuxResources => ({
  cpuPeriod: periodUs,
  cpuShares: cpuShares(requestMilli),
  cpuQuota: cpuQuota(limitMilli, periodUs),
  memoryLimitBytes,
  oomScoreAdj: 0,
})
