import type { Pod } from '#api/core/v1/pod.ts'
import { isHugePages } from '#api/core/v1/resources.ts'
import { quantityToInteger, quantityToMilli } from '#lib/quantity.ts'
import type { AnyContainer } from '../pod/containers.ts'
import type { LinuxResources } from '../runtime.ts'
import { cpuPeriodUs, cpuQuota, cpuShares } from './cpu-share.ts'
import { hugePageSize } from './huge-pages.ts'
import type { NodeResources } from './node-resources.ts'
import { oomScoreAdjust } from './oom-score.ts'
import { swapLimits } from './swap.ts'

/**
 * Requests and limits of a container as the kernel takes them. A container without a limit of its own has that of its pod (KEP-2837).
 * `hasExclusiveCpus`: processors that nobody else runs on need no quota.
 */
export function containerResources(pod: Pod, container: AnyContainer, node: NodeResources, hasExclusiveCpus = false): LinuxResources {
  const { config = {}, traits } = node
  const { requests = {} } = container.resources
  const limits = effectiveLimits(pod, container)
  const hasQuota = config.cpuCFSQuota !== false
  const periodUs = cpuPeriodUs(config.cpuCFSQuotaPeriod)
  const memoryLimitBytes = quantityToInteger(limits['memory'] ?? '0')
  const unified = {
    // A container that lost one of its processes is seldom whole: all end together, unless somebody wants it otherwise. Version 1 cannot.
    ...(traits?.isUnified && config.singleProcessOOMKill !== true && { 'memory.oom.group': '1' }),
    ...swapLimits(pod, container, memoryLimitBytes, node).unified,
  }
  const hugepageLimits = hugePageLimits(pod, container, node)
  return {
    cpuPeriod: hasQuota ? periodUs : 0,
    cpuShares: cpuShares(quantityToMilli(requests['cpu'] ?? limits['cpu'] ?? '0')),
    cpuQuota: !hasQuota ? 0 : hasExclusiveCpus ? -1 : cpuQuota(quantityToMilli(limits['cpu'] ?? '0'), periodUs),
    memoryLimitBytes,
    ...swapLimits(pod, container, memoryLimitBytes, node).total,
    oomScoreAdj: oomScoreAdjust(pod, container, node.memoryBytes),
    ...(hugepageLimits.length > 0 && { hugepageLimits }),
    ...(Object.keys(unified).length > 0 && { unified }),
  }
}

/** The container's limits of processor and memory, or its pod's where it has none. */
export function effectiveLimits(pod: Pick<Pod, 'spec'>, container: Pick<AnyContainer, 'resources'>): Readonly<Record<string, string>> {
  const own = container.resources.limits ?? {}
  const whole = pod.spec.resources?.limits ?? {}
  const missing = ['cpu', 'memory'].filter((name) => isZero(own[name]) && !isZero(whole[name]))
  return missing.length === 0 ? own : { ...own, ...Object.fromEntries(missing.map((name) => [name, whole[name]!])) }
}

const isZero = (amount: string | undefined): boolean => amount === undefined || quantityToMilli(amount) === 0

/** Every size that the node has: none, unless the container or (where it says nothing) the pod asks for it. */
function hugePageLimits(pod: Pod, container: AnyContainer, { hugePageSizes = [], traits }: NodeResources) {
  const asked = Object.entries({ ...pod.spec.resources?.limits, ...container.resources.limits }).filter(([name]) => isHugePages(name))
  const sizes = traits?.hasHugePages ? hugePageSizes : []
  const limits = new Map(sizes.map((size) => [hugePageSize(size), 0]))
  for (const [name, amount] of asked) limits.set(hugePageSize(name.slice('hugepages-'.length)), quantityToInteger(amount))
  return [...limits].map(([pageSize, limitBytes]) => ({ pageSize, limitBytes }))
}
