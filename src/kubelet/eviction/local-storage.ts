import type { Pod } from '#api/core/v1/pod.ts'
import { podLimits } from '#api/core/v1/resources.ts'
import type { ResourceRequirements } from '#api/core/v1/types.ts'
import { canonicalQuantity, formatQuantity, quantityToNumber } from '#lib/quantity.ts'
import type { PodStats } from '../stats/summary.ts'

/** Why a pod has to go because of its own limits of local storage; `signal` is what the metric of evictions calls it. */
export interface StorageExcess {
  readonly signal: 'emptydirfs.limit' | 'ephemeralpodfs.limit' | 'ephemeralcontainerfs.limit'
  readonly message: string
}

/** Whether the pod has any limit that has to be measured: tmpfs volumes are bounded by the kernel, but count all the same. */
export function hasStorageLimit(pod: Pod): boolean {
  const isLimited = ({ limits }: ResourceRequirements) => limits?.['ephemeral-storage'] !== undefined
  return (
    pod.spec.containers.some(({ resources = {} }) => isLimited(resources)) ||
    (pod.spec.initContainers ?? []).some(({ resources = {} }) => isLimited(resources)) ||
    (pod.spec.volumes ?? []).some(({ emptyDir }) => limitOf(emptyDir?.sizeLimit) > 0)
  )
}

/**
 * The first limit of local storage that the pod exceeds: of an emptyDir, of the pod, of a container. `countsLayers`: writable layers lie on the
 * node's own file system, and so count for their container.
 */
export function storageExcess(pod: Pod, stats: PodStats, countsLayers: boolean): StorageExcess | undefined {
  for (const { name, emptyDir } of pod.spec.volumes ?? []) {
    const used = stats.volume?.find((volume) => volume.name === name)?.usedBytes
    const limit = limitOf(emptyDir?.sizeLimit)
    if (used !== undefined && limit > 0 && used > limit)
      return {
        signal: 'emptydirfs.limit',
        message: `Usage of EmptyDir volume "${name}" exceeds the limit "${canonicalQuantity(emptyDir!.sizeLimit!)}". `,
      }
  }
  const podLimit = podLimits(pod.spec)['ephemeral-storage']
  if (podLimit !== undefined && (stats['ephemeral-storage']?.usedBytes ?? 0) > quantityToNumber(podLimit))
    return {
      signal: 'ephemeralpodfs.limit',
      message: `Pod ephemeral local storage usage exceeds the total limit of containers ${formatQuantity(podLimit)}. `,
    }
  for (const { name, logs, rootfs } of stats.containers) {
    const text = pod.spec.containers.find((one) => one.name === name)?.resources?.limits?.['ephemeral-storage']
    const used = (logs?.usedBytes ?? 0) + (countsLayers ? (rootfs?.usedBytes ?? 0) : 0)
    if (text !== undefined && limitOf(text) > 0 && used > limitOf(text))
      return {
        signal: 'ephemeralcontainerfs.limit',
        message: `Container ${name} exceeded its local ephemeral storage limit "${canonicalQuantity(text)}". `,
      }
  }
  return undefined
}

/** Bytes that may still be written before the nearest limit; how soon to measure again follows from it. */
export function storageHeadroom(pod: Pod, stats: PodStats, countsLayers: boolean): number {
  let least = Infinity
  for (const { name, emptyDir } of pod.spec.volumes ?? []) {
    const limit = limitOf(emptyDir?.sizeLimit)
    if (limit > 0) least = Math.min(least, limit - (stats.volume?.find((volume) => volume.name === name)?.usedBytes ?? 0))
  }
  const podLimit = podLimits(pod.spec)['ephemeral-storage']
  if (podLimit !== undefined) least = Math.min(least, quantityToNumber(podLimit) - (stats['ephemeral-storage']?.usedBytes ?? 0))
  for (const { name, resources } of pod.spec.containers) {
    const limit = limitOf(resources?.limits?.['ephemeral-storage'])
    const one = stats.containers.find((container) => container.name === name)
    if (limit > 0) least = Math.min(least, limit - (one?.logs?.usedBytes ?? 0) - (countsLayers ? (one?.rootfs?.usedBytes ?? 0) : 0))
  }
  return least
}

const limitOf = (text: string | undefined): number => (text === undefined ? 0 : quantityToNumber(text))
