import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { apiVersionOf } from '#api/kind.ts'

/** Annotations that claims and volumes carry between the scheduler, the binder and provisioners (k8s.io/component-helpers, storage/volume). */

/** On a claim: the node that was chosen for its first consumer. */
export const selectedNode = 'volume.kubernetes.io/selected-node'
/** On a claim: it has its volume for good; what is missing now is lost. */
export const bindCompleted = 'pv.kubernetes.io/bind-completed'
/** On claims and volumes: who chose the other one was no user. */
export const boundByController = 'pv.kubernetes.io/bound-by-controller'

/** Whether a volume is bound to or set aside for this claim: by name alone where its user set it aside, else by uid too. */
export function isSetAsideFor({ spec: { claimRef } }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  if (claimRef === undefined || claimRef.name !== metadata.name || claimRef.namespace !== metadata.namespace) return false
  return !claimRef.uid || claimRef.uid === metadata.uid
}

/** The volume naming the claim; the same object where it does so already. */
export function volumeBoundTo(volume: PersistentVolume, claim: PersistentVolumeClaim): PersistentVolume {
  const { name, namespace, uid, resourceVersion } = claim.metadata
  const { claimRef } = volume.spec
  if (claimRef?.name === name && claimRef.namespace === namespace && claimRef.uid === uid) return volume
  const reference = {
    kind: PersistentVolumeClaim.kind,
    apiVersion: apiVersionOf(PersistentVolumeClaim),
    name,
    namespace,
    uid,
    resourceVersion,
  }
  const bound: PersistentVolume = { ...volume, spec: { ...volume.spec, claimRef: reference } }
  // Who set the volume aside for the claim keeps it set aside when they part.
  if (isSetAsideFor(volume, claim) || volume.metadata.annotations?.[boundByController] !== undefined) return bound
  return { ...bound, metadata: { ...volume.metadata, annotations: { ...volume.metadata.annotations, [boundByController]: 'yes' } } }
}
