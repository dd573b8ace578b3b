import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { Volume } from '#api/core/v1/types.ts'
import { bindCompleted } from '#api/core/v1/volume-binding.ts'
import { isControlledBy } from '#api/meta/v1/owner.ts'

const classAnnotation = 'volume.beta.kubernetes.io/storage-class'

/** Name of the claim behind a pod's volume; that of an ephemeral one is made up of both names (KEP-1698). Undefined: no claim is behind it. */
export const claimNameOf = (pod: Pod, volume: Volume): string | undefined =>
  volume.persistentVolumeClaim?.claimName ?? (volume.ephemeral === undefined ? undefined : `${pod.metadata.name}-${volume.name}`)

/** Whether any claim is behind any of the pod's volumes: asked of every pod, so it makes nothing. */
export function hasClaims({ spec: { volumes } }: Pod): boolean {
  if (volumes === undefined) return false
  for (const { persistentVolumeClaim, ephemeral } of volumes)
    if (persistentVolumeClaim !== undefined || ephemeral !== undefined) return true
  return false
}

/** Names of the claims that the pod's volumes name themselves: those of ephemeral volumes are made for it, and are not among them. */
export const namedClaims = ({ spec: { volumes = [] } }: Pod): readonly string[] =>
  volumes.flatMap(({ persistentVolumeClaim }) => (persistentVolumeClaim === undefined ? [] : [persistentVolumeClaim.claimName]))

/** Names of all claims of the pod, in the order of its volumes. */
export const claimNamesOf = (pod: Pod): readonly string[] =>
  (pod.spec.volumes ?? []).flatMap((volume) => {
    const name = claimNameOf(pod, volume)
    return name === undefined ? [] : [name]
  })

/** `namespace/name`. */
export const claimKey = (namespace: string | undefined, name: string): string => `${namespace ?? ''}/${name}`

/** Key of a claim. */
export const keyOfClaim = ({ metadata }: PersistentVolumeClaim): string => claimKey(metadata.namespace, metadata.name)

/** Why the claim of an ephemeral volume is not the pod's own, in the reference's words; undefined: it is. A stranger's must not be used. */
export const notOwned = (claim: PersistentVolumeClaim, pod: Pod): string | undefined =>
  claim.metadata.namespace === pod.metadata.namespace && isControlledBy(claim, pod)
    ? undefined
    : `PVC ${keyOfClaim(claim)} was not created for pod ${pod.metadata.namespace}/${pod.metadata.name} (pod is not owner)`

/** Class that a claim names, by the old annotation before the field; '' for none. */
export const classOfClaim = ({ metadata, spec }: PersistentVolumeClaim): string =>
  metadata.annotations?.[classAnnotation] ?? spec.storageClassName ?? ''

/** Class that a volume belongs to; '' for none. */
export const classOfVolume = ({ metadata, spec }: PersistentVolume): string =>
  metadata.annotations?.[classAnnotation] ?? spec.storageClassName ?? ''

/** Whether the claim has its volume for good. */
export const isFullyBound = ({ metadata, spec }: PersistentVolumeClaim): boolean =>
  Boolean(spec.volumeName) && metadata.annotations?.[bindCompleted] !== undefined

/** As the reference says that an object is not there. */
export const claimNotFound = (name: string): string => `persistentvolumeclaim "${name}" not found`
/** The same of a volume. */
export const volumeNotFound = (name: string): string => `persistentvolume "${name}" not found`
/** The same of a class. */
export const classNotFound = (name: string): string => `storageclass.storage.k8s.io "${name}" not found`
