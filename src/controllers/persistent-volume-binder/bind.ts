import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import type { PersistentVolumePhase } from '#api/core/v1/types.ts'
import { volumeBoundTo } from '#api/core/v1/volume-binding.ts'
import { same } from '#api/strategy.ts'
import { compareQuantity, isQuantity } from '#lib/quantity.ts'
import type { Command } from '#loop/controller.ts'
import { bindCompleted, boundByController, has, preResizeCapacity } from './annotations.ts'

/**
 * What is missing for the two to be bound: first the volume names its claim, on the very version that was looked at, so that of two claims only
 * one gets it; then the claim its volume. `boundAnswered` adds the status of each to its answer. Whatever an interruption leaves is completed at
 * the next look, or undone at the volume's.
 */
export function bind(volume: PersistentVolume, claim: PersistentVolumeClaim): readonly Command[] {
  const nextVolume = volumeBoundTo(volume, claim)
  const nextClaim = boundClaim(claim, volume)
  const forVolume = nextVolume === volume ? setPhase(volume, 'Bound') : [updateVolume(nextVolume)]
  const forClaim = nextClaim === undefined ? setBound(claim, volume) : [updateClaim(nextClaim)]
  // What goes on after an interruption has no write of the volume that would be refused if it is another's by now.
  const confirm: readonly Command[] =
    forVolume.length === 0 && forClaim.length > 0 ? [{ do: 'confirmUnchanged', kind: PersistentVolume, object: volume }] : []
  return [...forVolume, ...confirm, ...forClaim]
}

/** What follows when `bind` has written a volume or a claim. */
export function boundAnswered(volume: PersistentVolume | undefined, answer: PersistentVolume | PersistentVolumeClaim): readonly Command[] {
  if (isVolume(answer)) return setPhase(answer, 'Bound')
  return volume === undefined ? [] : setBound(answer, volume)
}

const isVolume = (object: PersistentVolume | PersistentVolumeClaim): object is PersistentVolume => object.kind === PersistentVolume.kind

/** The claim naming the volume; undefined: it does, for good. */
function boundClaim(claim: PersistentVolumeClaim, volume: PersistentVolume): PersistentVolumeClaim | undefined {
  const isChosen = claim.spec.volumeName === volume.metadata.name
  if (isChosen && has(claim, bindCompleted)) return undefined
  const metadata = annotated(claim, bindCompleted)
  if (isChosen) return { ...claim, metadata }
  const annotations = { [boundByController]: 'yes', ...metadata.annotations }
  return { ...claim, metadata: { ...metadata, annotations }, spec: { ...claim.spec, volumeName: volume.metadata.name } }
}

const annotated = <T extends PersistentVolume | PersistentVolumeClaim>({ metadata }: T, annotation: string): T['metadata'] => ({
  ...metadata,
  annotations: { ...metadata.annotations, [annotation]: 'yes' },
})

/** Says that a claim is bound, to what. Its size is taken once: from then on it is the resizer's to say. */
function setBound(claim: PersistentVolumeClaim, volume: PersistentVolume): readonly Command[] {
  const before = claim.status
  let status = { ...before, phase: 'Bound' as const }
  if (!same(before.accessModes, volume.spec.accessModes)) status = { ...status, accessModes: [...(volume.spec.accessModes ?? [])] }
  if (before.phase !== 'Bound') {
    const size = volume.spec.capacity?.storage
    const sizeBefore = volume.metadata.annotations?.[preResizeCapacity]
    if (sizeBefore !== undefined && isQuantity(sizeBefore)) status = { ...status, capacity: { ...before.capacity, storage: sizeBefore } }
    else if (size !== undefined && (before.capacity?.storage === undefined || compareQuantity(before.capacity.storage, size) !== 0))
      status = { ...status, capacity: { ...volume.spec.capacity } }
  }
  const { volumeAttributesClassName } = volume.spec
  if (before.phase === 'Pending' && before.currentVolumeAttributesClassName !== volumeAttributesClassName) {
    const { currentVolumeAttributesClassName: _, ...rest } = status
    status = volumeAttributesClassName === undefined ? rest : { ...rest, currentVolumeAttributesClassName: volumeAttributesClassName }
  }
  return same(status, before) ? [] : [updateClaimStatus({ ...claim, status })]
}

/** Says that a claim has no volume: not yet, or no more. */
export function setUnbound(claim: PersistentVolumeClaim, phase: 'Pending' | 'Lost'): readonly Command[] {
  const { accessModes: _modes, capacity: _capacity, currentVolumeAttributesClassName: _class, ...rest } = claim.status
  const status = { ...rest, phase }
  return same(status, claim.status) ? [] : [updateClaimStatus({ ...claim, status })]
}

/** Says in which phase a volume is, with why; nothing where it is in it already. */
export function setPhase(volume: PersistentVolume, phase: PersistentVolumePhase, message = ''): readonly Command[] {
  if (volume.status.phase === phase) return []
  const { message: _, ...rest } = volume.status
  const status = { ...rest, phase, ...(message !== '' && { message }) }
  const object: PersistentVolume = { ...volume, status }
  return [{ do: 'update', kind: PersistentVolume, object, subresource: 'status' }]
}

/** The volume without its claim: free, or set aside for a claim of that name if its user had set it aside. */
export function unbind(volume: PersistentVolume): Command {
  const { claimRef, ...spec } = volume.spec
  if (has(volume, boundByController)) {
    const { [boundByController]: _, ...annotations } = volume.metadata.annotations ?? {}
    return updateVolume({ ...volume, metadata: { ...volume.metadata, annotations }, spec })
  }
  const { uid: _, ...reference } = claimRef ?? {}
  return updateVolume({ ...volume, spec: { ...spec, claimRef: reference } })
}

export const updateVolume = (object: PersistentVolume): Command => ({ do: 'update', kind: PersistentVolume, object })
export const updateClaim = (object: PersistentVolumeClaim): Command => ({ do: 'update', kind: PersistentVolumeClaim, object })
const updateClaimStatus = (object: PersistentVolumeClaim): Command => ({
  do: 'update',
  kind: PersistentVolumeClaim,
  object,
  subresource: 'status',
})
