import type { Pod } from '#api/core/v1/pod.ts'
import type { PodStats } from '../stats/summary.ts'
import { type Signal, signals } from './signals.ts'
import { type DiskParts, diskUse, memoryUse, processUse, requestOf } from './usage.ts'

export interface Disks {
  /** Images and writable layers lie on a file system of their own. */
  readonly hasImageFs: boolean
  /** Writable layers lie with the node's own files although images do not. */
  readonly isSplit: boolean
}

type StatsOf = (pod: Pod) => PodStats | undefined

/**
 * Pods in the order in which they are to go (Kubernetes documentation, "Pod selection for kubelet eviction"): first those that use more than
 * they asked for, then by priority, then by how much more they use. Processes cannot be asked for, so priority comes first there. A pod that
 * nothing is known of goes before all others.
 */
export function rankForEviction(pods: readonly Pod[], signal: Signal, statsOf: StatsOf, disks: Disks): Pod[] {
  const { resource } = signals[signal]
  const use =
    resource === 'memory'
      ? (_: Pod, stats: PodStats) => memoryUse(stats)
      : resource === 'pids'
        ? (_: Pod, stats: PodStats) => processUse(stats)
        : (pod: Pod, stats: PodStats) => diskUse(pod, stats, partsOf(signal, disks), resource)
  const ranked = pods.map((pod) => {
    const stats = statsOf(pod)
    const used = stats === undefined ? 0 : use(pod, stats)
    // Inodes are compared with the storage that was asked for, as the reference does it.
    const excess = used - requestOf(pod, resource === 'inodes' ? 'ephemeral-storage' : resource)
    return {
      pod,
      isUnknown: stats === undefined,
      exceeds: resource !== 'pids' && used > requestOf(pod, resource),
      priority: pod.spec.priority ?? 0,
      excess,
    }
  })
  return ranked
    .toSorted(
      (a, b) =>
        (resource === 'pids' ? 0 : Number(b.isUnknown) - Number(a.isUnknown)) ||
        Number(b.exceeds) - Number(a.exceeds) ||
        a.priority - b.priority ||
        Number(b.isUnknown) - Number(a.isUnknown) ||
        b.excess - a.excess,
    )
    .map(({ pod }) => pod)
}

/** What lies on the file system that a signal tells of. */
function partsOf(signal: Signal, { hasImageFs, isSplit }: Disks): DiskParts {
  if (!hasImageFs) return { rootfs: true, logs: true, localVolumes: true }
  const isImageFs = signal.startsWith('imagefs.') || (signal.startsWith('containerfs.') && !isSplit)
  if (isSplit) return isImageFs ? { rootfs: false, logs: false, localVolumes: false } : { rootfs: true, logs: true, localVolumes: true }
  return isImageFs ? { rootfs: true, logs: false, localVolumes: false } : { rootfs: false, logs: true, localVolumes: true }
}
