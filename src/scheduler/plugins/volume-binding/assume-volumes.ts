import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { apiVersionOf } from '#api/kind.ts'
import type { World } from '../../world/world.ts'
import { boundByController, isSetAsideFor, selectedNode } from '../volume-common/claims.ts'
import type { Found } from './find-volumes.ts'

/** What was taken for one pod, until it is written. */
export interface Taken {
  readonly nodeName: string
  readonly volumes: readonly TakenVolume[]
  readonly claims: readonly TakenClaim[]
}

interface TakenVolume {
  /** As it is to be written. */
  readonly object: PersistentVolume
  readonly claim: PersistentVolumeClaim
  /** There is something to write. */
  readonly isChanged: boolean
  /** Version that the server answered the write with; it stays taken until the world sees that. */
  written?: string
}

interface TakenClaim {
  readonly object: PersistentVolumeClaim
  readonly isChanged: boolean
  written?: string
}

/** Takes what was found, before anything is written: the next pod must not be promised the same volume. */
export function assumeVolumes(found: Found, nodeName: string, { lookups }: World): Taken {
  const volumes = found.matched.map(({ volume, claim }) => {
    const object = boundVolume(volume, claim)
    if (object !== volume) lookups.of(PersistentVolume).assume(object)
    return { object, claim, isChanged: object !== volume }
  })
  const claims = found.provisioned.map((claim) => {
    const object = selectedClaim(claim, nodeName)
    if (object !== claim) lookups.of(PersistentVolumeClaim).assume(object)
    return { object, isChanged: object !== claim }
  })
  return { nodeName, volumes, claims }
}

/**
 * Gives back what was not written. What was written stays taken until the world sees the write. What another pod has taken over since then is
 * not touched: two pods may use one claim.
 */
export function restoreVolumes({ volumes, claims }: Taken, { lookups }: World): void {
  const ofVolumes = lookups.of(PersistentVolume)
  for (const { object, written } of volumes) {
    const { name } = object.metadata
    if (written === undefined && ofVolumes.get(name) === object && ofVolumes.actual(name) !== object) ofVolumes.restore(name)
  }
  const ofClaims = lookups.of(PersistentVolumeClaim)
  for (const { object, written } of claims) {
    const { name, namespace } = object.metadata
    if (written === undefined && ofClaims.get(name, namespace) === object && ofClaims.actual(name, namespace) !== object)
      ofClaims.restore(name, namespace)
  }
}

/** The volume naming the claim; the same object where it does so already. */
function boundVolume(volume: PersistentVolume, claim: PersistentVolumeClaim): PersistentVolume {
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

/** The claim with the node for which its volume is to be made. */
function selectedClaim(claim: PersistentVolumeClaim, nodeName: string): PersistentVolumeClaim {
  const { metadata } = claim
  if (metadata.annotations?.[selectedNode] === nodeName) return claim
  return { ...claim, metadata: { ...metadata, annotations: { ...metadata.annotations, [selectedNode]: nodeName } } }
}
