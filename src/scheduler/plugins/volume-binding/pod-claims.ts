import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { isSetAsideFor, selectedNode } from '#api/core/v1/volume-binding.ts'
import { matches, selectorOf } from '#api/meta/v1/selector.ts'
import { CSIDriver } from '#api/storage/v1/csi-driver.ts'
import { StorageClass } from '#api/storage/v1/storage-class.ts'
import { parseQuantity, quantityToInteger } from '#lib/quantity.ts'
import type { World } from '../../world/world.ts'
import { claimKey, claimNameOf, claimNotFound, classOfClaim, isFullyBound, notOwned } from '../volume-common/claims.ts'
import type { CsiNodeFacts } from '../volume-common/csi-nodes.ts'
import { type Candidate, createFreeVolumes } from './free-volumes.ts'
import { type BoundReach, boundReach } from './volume-affinity.ts'

/** The claims of one pod, with all of them that does not rest on the node. */
export interface PodClaims {
  readonly bound: readonly BoundClaim[]
  /** Without a volume, of classes that wait for their first consumer: those whose node is chosen already. */
  readonly selected: readonly OpenClaim[]
  /** The others of them, the smallest first. */
  readonly open: readonly OpenClaim[]
}

/** A claim that has its volume. */
export interface BoundClaim {
  /** Undefined: the volume is not there. */
  readonly reach: ((csiNode: CsiNodeFacts | undefined) => BoundReach) | undefined
}

/** A claim for which a volume is to be found or made. */
export interface OpenClaim {
  readonly claim: PersistentVolumeClaim
  readonly className: string
  /** In thousand-millionths of a byte. */
  readonly size: bigint
  /** Undefined: the claim does not say. */
  readonly sizeBytes: number | undefined
  /** The node chosen for it. */
  readonly nodeName: string | undefined
  readonly storageClass: StorageClass
  /** The class' driver says how much storage is left, and wants to be believed. */
  readonly asksForRoom: boolean
  /** Volumes that are set aside for it and suit it, by name. */
  readonly setAside: readonly Candidate[]
  /** Whether a free volume of its class suits it, but for its size and its place. */
  readonly suits: (candidate: Candidate) => boolean
}

/** The pod's claims; or, in the reference's words, why it cannot be placed anywhere; undefined: it has none. */
export function podClaimsOf(pod: Pod, world: World): PodClaims | string | undefined {
  const claims = claimsOf(pod, world)
  if (typeof claims === 'string') return claims
  if (claims.length === 0) return undefined
  const volumes = world.lookups.of(PersistentVolume)
  const bound: BoundClaim[] = []
  const open: OpenClaim[] = []
  for (const claim of claims) {
    if (isFullyBound(claim)) {
      const volume = volumes.get(claim.spec.volumeName!)
      bound.push({ reach: volume && boundReach(volume) })
      continue
    }
    const storageClass = world.lookups.of(StorageClass).get(classOfClaim(claim))
    // One that asks for a certain volume is bound by the controller, whatever its class says.
    if (storageClass?.volumeBindingMode !== 'WaitForFirstConsumer' || claim.spec.volumeName)
      return 'pod has unbound immediate PersistentVolumeClaims'
    open.push(openClaim(claim, storageClass, world))
  }
  return {
    bound,
    selected: open.filter(({ nodeName }) => nodeName !== undefined),
    open: open.filter(({ nodeName }) => nodeName === undefined).toSorted((a, b) => (a.size < b.size ? -1 : a.size > b.size ? 1 : 0)),
  }
}

/** Each of them once, in the order of the pod's volumes; or why one of them keeps the pod from running. */
function claimsOf(pod: Pod, { lookups }: World): readonly PersistentVolumeClaim[] | string {
  const known = lookups.of(PersistentVolumeClaim)
  const claims = new Set<PersistentVolumeClaim>()
  for (const volume of pod.spec.volumes ?? []) {
    const name = claimNameOf(pod, volume)
    if (name === undefined) continue
    const isEphemeral = volume.persistentVolumeClaim === undefined
    const claim = known.get(name, pod.metadata.namespace)
    if (claim === undefined)
      return isEphemeral
        ? `waiting for ephemeral volume controller to create the ${claimNotFound(name).replace(/ not found$/, '')}`
        : claimNotFound(name)
    if (claim.status.phase === 'Lost')
      return `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${claim.spec.volumeName ?? ''}"`
    if (claim.metadata.deletionTimestamp !== undefined) return `persistentvolumeclaim "${name}" is being deleted`
    const stranger = isEphemeral ? notOwned(claim, pod) : undefined
    if (stranger !== undefined) return stranger
    claims.add(claim)
  }
  return [...claims]
}

function openClaim(claim: PersistentVolumeClaim, storageClass: StorageClass, world: World): OpenClaim {
  const { spec, metadata } = claim
  const storage = spec.resources?.requests?.['storage']
  const size = parseQuantity(storage ?? '0').nano
  const selector = spec.selector === undefined ? undefined : selectorOf(spec.selector)
  const suitsInKind = ({ volume }: Candidate): boolean =>
    (volume.spec.volumeMode ?? 'Filesystem') === (spec.volumeMode ?? 'Filesystem') &&
    (volume.spec.volumeAttributesClassName ?? '') === (spec.volumeAttributesClassName ?? '')
  const className = storageClass.metadata.name
  return {
    claim,
    className,
    size,
    sizeBytes: storage === undefined ? undefined : quantityToInteger(storage),
    nodeName: metadata.annotations?.[selectedNode],
    storageClass,
    asksForRoom: world.lookups.of(CSIDriver).get(storageClass.provisioner)?.spec.storageCapacity === true,
    setAside: begunFirst(
      world
        .kept(createFreeVolumes)
        .setAsideFor(claimKey(metadata.namespace, metadata.name))
        .filter(
          (candidate) =>
            isSetAsideFor(candidate.volume, claim) && candidate.className === className && candidate.size >= size && suitsInKind(candidate),
        ),
    ),
    suits: (candidate) =>
      suitsInKind(candidate) &&
      (spec.accessModes ?? []).every((mode) => candidate.volume.spec.accessModes?.includes(mode)) &&
      (selector === undefined || matches(selector, candidate.volume.metadata.labels)),
  }
}

/** What the claim has begun to be bound to by uid is its volume: it must not begin with a second one that a user has set aside for it. */
function begunFirst(setAside: readonly Candidate[]): readonly Candidate[] {
  const begun = setAside.filter(({ volume }) => volume.spec.claimRef?.uid)
  return begun.length > 0 ? begun : setAside
}
