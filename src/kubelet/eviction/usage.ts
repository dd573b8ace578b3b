import type { Pod } from '#api/core/v1/pod.ts'
import { podRequests } from '#api/core/v1/resources.ts'
import { quantityToInteger } from '#lib/quantity.ts'
import type { FsStats, PodStats } from '../stats/summary.ts'

/** What of a pod's use of disks is counted: all of it where images, layers and volumes share one file system, else the part that lies there. */
export interface DiskParts {
  readonly rootfs: boolean
  readonly logs: boolean
  readonly localVolumes: boolean
}

export const memoryUse = (stats: PodStats): number => stats.memory?.workingSetBytes ?? 0
export const processUse = (stats: PodStats): number => stats.process_stats?.process_count ?? 0

/** Bytes or inodes that the pod takes. */
export function diskUse(pod: Pod, stats: PodStats, parts: DiskParts, resource: 'ephemeral-storage' | 'inodes'): number {
  const pick = (fs: FsStats | undefined) => (resource === 'inodes' ? fs?.inodesUsed : fs?.usedBytes) ?? 0
  let sum = 0
  for (const { rootfs, logs } of stats.containers) sum += (parts.rootfs ? pick(rootfs) : 0) + (parts.logs ? pick(logs) : 0)
  if (!parts.localVolumes) return sum
  const local = new Set(localVolumes(pod))
  for (const volume of stats.volume ?? []) if (local.has(volume.name)) sum += pick(volume)
  return sum
}

/** Volumes that lie on the node's own disk. */
const localVolumes = (pod: Pod): string[] =>
  (pod.spec.volumes ?? [])
    .filter(({ hostPath, emptyDir, configMap }) => hostPath || (emptyDir && (emptyDir.medium ?? '') === '') || configMap)
    .map(({ name }) => name)

/** What the pod asked for of a resource; 0 for inodes and processes, which nobody can ask for. */
export function requestOf(pod: Pod, resource: string): number {
  const request = podRequests(pod.spec)[resource]
  return request === undefined ? 0 : quantityToInteger(request)
}
