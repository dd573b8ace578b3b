import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { isSetAsideFor } from '#api/core/v1/volume-binding.ts'
import { matches, selectorOf } from '#api/meta/v1/selector.ts'
import { compareQuantity } from '#lib/quantity.ts'
import { classOfClaim, classOfVolume } from '../common/volumes.ts'

/**
 * The volume that suits a claim best: one that is set aside for it, else the free one with the fewest access modes beyond those asked for, and
 * of these the smallest. Where the class waits for the first consumer, free ones are the scheduler's to choose.
 *
 * A volume that is set aside comes first even where a free one has fewer modes, which the reference would take: it may be what a bind that was
 * interrupted has already written, and a claim must not begin to bind a second volume.
 */
export function findBestVolume(
  claim: PersistentVolumeClaim,
  volumes: readonly PersistentVolume[],
  isDelayed: boolean,
): PersistentVolume | undefined {
  const suitable = volumes.filter((volume) => hasAccessModes(volume, claim) && suits(volume, claim))
  const reserved = best(
    suitable.filter((volume) => isSetAsideFor(volume, claim)),
    claim,
  )
  if (reserved !== undefined) return reserved
  if (isDelayed) return undefined
  const { selector } = claim.spec
  const wanted = selector === undefined ? undefined : selectorOf(selector)
  const className = classOfClaim(claim) ?? ''
  const free = suitable.filter(
    (volume) =>
      volume.spec.claimRef === undefined &&
      volume.status.phase === 'Available' &&
      classOfVolume(volume) === className &&
      (wanted === undefined || matches(wanted, volume.metadata.labels)),
  )
  return best(free, claim)
}

/** Why the volume that a claim asks for by name cannot be its own, in the reference's words; undefined: it can. */
export function mismatch(volume: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  if (volume.metadata.deletionTimestamp !== undefined) return `the volume is marked for deletion "${volume.metadata.name}"`
  if (!isLargeEnough(volume, claim)) return 'requested PV is too small'
  if (classOfVolume(volume) !== (classOfClaim(claim) ?? '')) return 'storageClassName does not match'
  if (!hasAttributesClass(volume, claim)) return 'volumeAttributesClassName does not match'
  if (!hasVolumeMode(volume, claim)) return 'incompatible volumeMode'
  if (!hasAccessModes(volume, claim)) return 'incompatible accessMode'
  return undefined
}

/** Whether both are file systems or both are devices; who says nothing means a file system. */
export const hasVolumeMode = (volume: PersistentVolume, claim: PersistentVolumeClaim): boolean =>
  (volume.spec.volumeMode ?? 'Filesystem') === (claim.spec.volumeMode ?? 'Filesystem')

const suits = (volume: PersistentVolume, claim: PersistentVolumeClaim): boolean =>
  volume.metadata.deletionTimestamp === undefined &&
  isLargeEnough(volume, claim) &&
  hasVolumeMode(volume, claim) &&
  hasAttributesClass(volume, claim)

const sizeOf = (volume: PersistentVolume): string => volume.spec.capacity?.storage ?? '0'

const isLargeEnough = (volume: PersistentVolume, claim: PersistentVolumeClaim): boolean =>
  compareQuantity(sizeOf(volume), claim.spec.resources.requests?.storage ?? '0') >= 0

const hasAttributesClass = (volume: PersistentVolume, claim: PersistentVolumeClaim): boolean =>
  (volume.spec.volumeAttributesClassName ?? '') === (claim.spec.volumeAttributesClassName ?? '')

const hasAccessModes = (volume: PersistentVolume, claim: PersistentVolumeClaim): boolean =>
  (claim.spec.accessModes ?? []).every((mode) => volume.spec.accessModes?.includes(mode))

const modesOf = (volume: PersistentVolume): number => new Set(volume.spec.accessModes).size

const best = (volumes: readonly PersistentVolume[], claim: PersistentVolumeClaim): PersistentVolume | undefined =>
  volumes.reduce<PersistentVolume | undefined>(
    (found, volume) => (found === undefined || isBetter(volume, found, claim) ? volume : found),
    undefined,
  )

function isBetter(a: PersistentVolume, b: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const order = modesOf(a) - modesOf(b) || compareQuantity(sizeOf(a), sizeOf(b)) || drawOf(a, claim) - drawOf(b, claim)
  return order < 0 || (order === 0 && a.metadata.name < b.metadata.name)
}

/**
 * Of volumes that are equally good each claim prefers another, and at every look the same one: claims that are looked at side by side would else
 * all try to get the first, and all but one be refused. FNV-1a, 32 bits.
 */
function drawOf({ metadata }: PersistentVolume, claim: PersistentVolumeClaim): number {
  let hash = 0x811c9dc5
  for (const character of `${claim.metadata.uid}/${metadata.uid}`) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193) >>> 0
  return hash
}
