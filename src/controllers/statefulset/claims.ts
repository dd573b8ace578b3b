import { StatefulSet } from '#api/apps/v1/stateful-set.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { type AnyKind, apiVersionOf } from '#api/kind.ts'
import { ownerReference } from '#api/meta/v1/owner.ts'
import type { OwnerReference } from '#api/meta/v1/types.ts'
import type { Single } from '#loop/controller.ts'
import { isWanted, ordinalOf } from './identity.ts'

/** A pod, or one that is still to be made: then its uid is ''. */
export interface PodIdentity {
  readonly metadata: { readonly name: string; readonly uid: string }
}

/** A claim that a pod of the set needs; `present` where it is there. */
export interface NeededClaim {
  readonly name: string
  readonly template: PersistentVolumeClaim
  readonly present: PersistentVolumeClaim | undefined
}

export type ClaimNamed = (name: string) => PersistentVolumeClaim | undefined

/** The name that scheduling heuristics and users know: `<template>-<set>-<ordinal>`. */
export const claimName = (templateName: string, set: StatefulSet, ordinal: number): string =>
  `${templateName}-${set.metadata.name}-${ordinal}`

export const neededClaims = (set: StatefulSet, ordinal: number, named: ClaimNamed): readonly NeededClaim[] =>
  templatesOf(set).map((template) => {
    const name = claimName(template.metadata.name, set, ordinal)
    return { name, template, present: named(name) }
  })

export const templatesOf = ({ spec }: StatefulSet): readonly PersistentVolumeClaim[] =>
  (spec.volumeClaimTemplates ?? []) as readonly PersistentVolumeClaim[]

/** Owned from the beginning by whoever the set's policy says. */
export function createClaim(set: StatefulSet, { name, template }: NeededClaim): Single {
  const { labels, annotations, finalizers } = template.metadata
  const { namespace } = set.metadata
  return {
    do: 'create',
    kind: PersistentVolumeClaim,
    namespace,
    object: {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: {
        name,
        namespace,
        labels: { ...labels, ...set.spec.selector.matchLabels },
        ...(annotations === undefined ? {} : { annotations }),
        ...(finalizers === undefined ? {} : { finalizers }),
        ...(policyOf(set).whenDeleted === 'Delete' ? { ownerReferences: [ownerReference(StatefulSet, set)] } : {}),
      },
      spec: template.spec,
    },
  }
}

/**
 * Whether a claim waits for its deletion with an earlier pod of this name, as it does after a scale-down with `whenScaled: Delete`. A new pod
 * must not begin to use it.
 */
export const isStale = (set: StatefulSet, { present }: NeededClaim, pod: PodIdentity): boolean =>
  policyOf(set).whenScaled === 'Delete' && present !== undefined && hasStaleReference(present, Pod, pod)

/** Whether somebody else controls a claim that the policy would have the set or the pod control. */
export function hasForeignController(claim: PersistentVolumeClaim, set: StatefulSet, pod: PodIdentity): boolean {
  const { whenScaled, whenDeleted } = policyOf(set)
  if (whenScaled !== 'Delete' && whenDeleted !== 'Delete') return false
  return references(claim).some((reference) => {
    if (refersTo(reference, StatefulSet, set)) return reference.uid !== set.metadata.uid
    if (refersTo(reference, Pod, pod)) return reference.uid !== pod.metadata.uid
    return reference.controller === true
  })
}

/**
 * Who has to own the claim after the set's policy (KEP-1847): the pod that is scaled down, where `whenScaled` says Delete; the set, where
 * `whenDeleted` does and the pod does not. Undefined: as it is. References that an earlier set or pod left are the garbage collector's.
 */
export function claimOwners(claim: PersistentVolumeClaim, set: StatefulSet, pod: PodIdentity): readonly OwnerReference[] | undefined {
  if (hasStaleReference(claim, StatefulSet, set) || hasStaleReference(claim, Pod, pod)) return undefined
  const own = references(claim).filter(({ uid }) => uid === set.metadata.uid || uid === pod.metadata.uid)
  const others = references(claim).filter((one) => !refersTo(one, StatefulSet, set) && !refersTo(one, Pod, pod))
  if (hasForeignController(claim, set, pod)) return own.length === 0 ? undefined : others
  const wanted = wantedOwner(set, pod)
  const isRight = own.every(({ uid, controller }) => controller === true && uid === wanted?.uid) && (wanted === undefined || own.length > 0)
  if (isRight) return undefined
  return wanted === undefined ? others : [...others, wanted]
}

function wantedOwner(set: StatefulSet, pod: PodIdentity): OwnerReference | undefined {
  const { whenScaled, whenDeleted } = policyOf(set)
  if (whenScaled === 'Delete' && !isWanted(set, ordinalOf(pod))) return ownerReference(Pod, pod)
  return whenDeleted === 'Delete' ? ownerReference(StatefulSet, set) : undefined
}

const policyOf = ({ spec }: StatefulSet) => spec.persistentVolumeClaimRetentionPolicy ?? { whenScaled: 'Retain', whenDeleted: 'Retain' }

const references = ({ metadata }: PersistentVolumeClaim): readonly OwnerReference[] => metadata.ownerReferences ?? []

const refersTo = (reference: OwnerReference, kind: AnyKind, { metadata }: { readonly metadata: { readonly name: string } }): boolean =>
  reference.apiVersion === apiVersionOf(kind) && reference.kind === kind.kind && reference.name === metadata.name

function hasStaleReference(claim: PersistentVolumeClaim, kind: AnyKind, owner: PodIdentity): boolean {
  const reference = references(claim).find((one) => refersTo(one, kind, owner))
  return reference !== undefined && reference.uid !== owner.metadata.uid
}
