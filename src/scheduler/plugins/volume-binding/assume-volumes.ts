import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { selectedNode, volumeBoundTo } from '#api/core/v1/volume-binding.ts'
import type { Lookup } from '../../world/lookups.ts'
import type { World } from '../../world/world.ts'
import type { Found } from './find-volumes.ts'

/** What was taken for one pod, until it is given back. */
export interface Taken {
  readonly nodeName: string
  readonly volumes: readonly {
    readonly name: string
    readonly claim: PersistentVolumeClaim
    readonly hold: Hold<PersistentVolume> | undefined
  }[]
  readonly claims: readonly { readonly claim: PersistentVolumeClaim; readonly hold: Hold<PersistentVolumeClaim> | undefined }[]
}

/** One object as it is to be written. Pods that use one claim hold the same; it is written once, and given back by the last of them. */
export interface Hold<T> {
  readonly object: T
  holders: number
  /** Under way, or done. */
  write?: Promise<void>
  /** Version that the server answered with. What is written stays taken until the world sees it. */
  written?: string
}

/**
 * Takes what was found, before anything is written: the next pod must not be promised the same volume. What the server shows so already needs
 * no hold.
 */
export function assumeVolumes(found: Found, nodeName: string, world: World): Taken {
  const holds = world.kept(createHolds)
  const { lookups } = world
  const volumes = found.matched.map(({ volume, claim }) => {
    const hold = take(holds, lookups.of(PersistentVolume), volume, volumeBoundTo(volume, claim))
    return { name: volume.metadata.name, claim, hold }
  })
  const claims = found.provisioned.map((claim) => {
    const hold = take(holds, lookups.of(PersistentVolumeClaim), claim, selectedClaim(claim, nodeName))
    return { claim, hold }
  })
  return { nodeName, volumes, claims }
}

/** Gives back what was not written, and what no other pod holds. */
export function restoreVolumes({ volumes, claims }: Taken, { lookups }: World): void {
  for (const { hold } of volumes) giveBack(hold, lookups.of(PersistentVolume))
  for (const { hold } of claims) giveBack(hold, lookups.of(PersistentVolumeClaim))
}

/** By the object that was assumed. */
type Holds = WeakMap<object, Hold<never>>
const createHolds = (): Holds => new WeakMap()

function take<T extends PersistentVolume | PersistentVolumeClaim>(
  holds: Holds,
  lookup: Lookup<T>,
  before: T,
  object: T,
): Hold<T> | undefined {
  if (object === before) {
    const known = holds.get(before) as Hold<T> | undefined
    if (known !== undefined) known.holders += 1
    return known
  }
  const hold: Hold<T> = { object, holders: 1 }
  holds.set(object, hold as Hold<never>)
  lookup.assume(object)
  return hold
}

function giveBack<T extends PersistentVolume | PersistentVolumeClaim>(hold: Hold<T> | undefined, lookup: Lookup<T>): void {
  if (hold === undefined) return
  hold.holders -= 1
  if (hold.holders > 0 || hold.written !== undefined) return
  const { name, namespace } = hold.object.metadata
  // The server may have shown something later meanwhile, and others may have taken that.
  if (lookup.get(name, namespace) === hold.object) lookup.restore(name, namespace)
}

/** The claim with the node for which its volume is to be made. */
function selectedClaim(claim: PersistentVolumeClaim, nodeName: string): PersistentVolumeClaim {
  const { metadata } = claim
  if (metadata.annotations?.[selectedNode] === nodeName) return claim
  return { ...claim, metadata: { ...metadata, annotations: { ...metadata.annotations, [selectedNode]: nodeName } } }
}
