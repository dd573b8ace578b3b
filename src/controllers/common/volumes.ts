import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { ContainerStatus, Volume } from '#api/core/v1/types.ts'
import { isControlledBy } from '#api/meta/v1/owner.ts'

/** Name of the claim behind a pod's volume; that of an ephemeral one is made up of both names (KEP-1698). Undefined: no claim is behind it. */
export const claimNameOf = (pod: Pod, volume: Volume): string | undefined =>
  volume.persistentVolumeClaim?.claimName ?? (volume.ephemeral === undefined ? undefined : `${pod.metadata.name}-${volume.name}`)

/** Keys (`namespace/name`) of the claims that a pod's volumes name, each once. */
export const claimKeysOf = (pod: Pod): readonly string[] => [
  ...new Set(
    (pod.spec.volumes ?? []).flatMap((volume) => {
      const name = claimNameOf(pod, volume)
      return name === undefined ? [] : [`${pod.metadata.namespace}/${name}`]
    }),
  ),
]

/** Whether a claim was made for an ephemeral volume of this very pod: another's with the same name must not be used. */
export const isClaimOfPod = (claim: PersistentVolumeClaim, pod: Pod): boolean =>
  claim.metadata.namespace === pod.metadata.namespace && isControlledBy(claim, pod)

/** Whether nothing of a pod can use its volumes any more: it has ended, or is leaving and none of its containers runs. */
export function isDoneWithVolumes({ metadata, status }: Pod): boolean {
  if (status.phase === 'Failed' || status.phase === 'Succeeded') return true
  if (metadata.deletionTimestamp === undefined) return false
  return [status.initContainerStatuses, status.containerStatuses, status.ephemeralContainerStatuses].every((statuses) =>
    (statuses ?? []).every(isStill),
  )
}

const isStill = ({ state }: ContainerStatus): boolean => state?.terminated !== undefined || state?.waiting !== undefined

const classAnnotation = 'volume.beta.kubernetes.io/storage-class'

/** Class that a claim names, by the old annotation before the field; undefined: it names none, not even the empty one. */
export const classOfClaim = ({ metadata, spec }: PersistentVolumeClaim): string | undefined =>
  metadata.annotations?.[classAnnotation] ?? spec.storageClassName

/** Class that a volume belongs to; '' for none. */
export const classOfVolume = ({ metadata, spec }: PersistentVolume): string =>
  metadata.annotations?.[classAnnotation] ?? spec.storageClassName ?? ''

/** Key of the claim that a volume is bound to or set aside for. */
export const claimKeyOfVolume = ({ spec: { claimRef } }: PersistentVolume): string | undefined =>
  claimRef === undefined ? undefined : `${claimRef.namespace ?? ''}/${claimRef.name ?? ''}`

/** Names of the attributes classes that a claim has, wants or is on its way to. */
export const attributesClassesOfClaim = ({ spec, status }: PersistentVolumeClaim): readonly string[] => [
  ...new Set(
    [
      spec.volumeAttributesClassName,
      status.currentVolumeAttributesClassName,
      status.modifyVolumeStatus?.targetVolumeAttributesClassName,
    ].filter((name): name is string => name !== undefined && name !== ''),
  ),
]
