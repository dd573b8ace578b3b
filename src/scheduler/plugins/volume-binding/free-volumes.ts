import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { parseQuantity } from '#lib/quantity.ts'
import type { World } from '../../world/world.ts'
import { claimKey, classOfVolume } from '../volume-common/claims.ts'
import { createLabelIndex, type LabelIndex, type Where } from './label-index.ts'
import { type Reach, reachOf, requiredLabel } from './volume-affinity.ts'

/** A volume that a claim may get, with what is compared again and again. */
export interface Candidate {
  readonly volume: PersistentVolume
  readonly className: string
  /** In thousand-millionths of a byte, exactly. */
  readonly size: bigint
  readonly where: Where | undefined
  readonly reach: Reach
}

/** Volumes that claims may get, kept with the world: what was assumed of a volume counts at once. */
export interface FreeVolumes {
  /** Available volumes of a class that no claim has, the smallest first. */
  ofClass(className: string): LabelIndex<Candidate>
  /** Volumes that name a claim by this key, bound or set aside, by name. */
  setAsideFor(key: string): readonly Candidate[]
}

/** To be asked of a world: `world.kept(createFreeVolumes)`. */
export function createFreeVolumes({ lookups }: World): FreeVolumes {
  const known = new Map<string, Candidate>()
  const byClass = new Map<string, LabelIndex<Candidate>>()
  const byClaim = new Map<string, Map<string, Candidate>>()

  function enter(volume: PersistentVolume): void {
    const { claimRef, nodeAffinity, capacity } = volume.spec
    if (volume.metadata.deletionTimestamp !== undefined) return
    if (claimRef === undefined && volume.status.phase !== 'Available') return
    const candidate: Candidate = {
      volume,
      className: classOfVolume(volume),
      size: parseQuantity(capacity?.['storage'] ?? '0').nano,
      where: requiredLabel(nodeAffinity?.required),
      reach: reachOf(nodeAffinity?.required),
    }
    const { name } = volume.metadata
    known.set(name, candidate)
    if (claimRef === undefined) {
      let ofClass = byClass.get(candidate.className)
      if (ofClass === undefined) byClass.set(candidate.className, (ofClass = createLabelIndex(bySize)))
      ofClass.add(candidate, candidate.where)
      return
    }
    const key = claimKey(claimRef.namespace, claimRef.name ?? '')
    const ofClaim = byClaim.get(key)
    if (ofClaim === undefined) byClaim.set(key, new Map([[name, candidate]]))
    else ofClaim.set(name, candidate)
  }

  function leave(name: string): void {
    const candidate = known.get(name)
    if (candidate === undefined) return
    known.delete(name)
    const { claimRef } = candidate.volume.spec
    if (claimRef === undefined) {
      const ofClass = byClass.get(candidate.className)
      ofClass?.remove(candidate, candidate.where)
      if (ofClass?.isEmpty) byClass.delete(candidate.className)
      return
    }
    const key = claimKey(claimRef.namespace, claimRef.name ?? '')
    const ofClaim = byClaim.get(key)
    ofClaim?.delete(name)
    if (ofClaim?.size === 0) byClaim.delete(key)
  }

  lookups.of(PersistentVolume).onChange((volume, _previous, change) => {
    leave(volume.metadata.name)
    if (change !== 'deleted') enter(volume)
  })
  return {
    ofClass: (className) => byClass.get(className) ?? none,
    setAsideFor: (key) => [...(byClaim.get(key)?.values() ?? [])].toSorted(byName),
  }
}

const none: LabelIndex<Candidate> = createLabelIndex(() => 0)

const byName = (a: Candidate, b: Candidate): number => (a.volume.metadata.name < b.volume.metadata.name ? -1 : 1)

function bySize(a: Candidate, b: Candidate): number {
  if (a.size !== b.size) return a.size < b.size ? -1 : 1
  return a.volume.metadata.name === b.volume.metadata.name ? 0 : byName(a, b)
}
