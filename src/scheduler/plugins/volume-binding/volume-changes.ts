import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import type { World } from '../../world/world.ts'
import { keyOfClaim } from '../volume-common/claims.ts'

/** Tells those who wait for one claim, volume or node of its changes. Kept with the world, so that a change is looked at by those alone. */
export interface VolumeChanges {
  /** `key`: by `claimChange`, `volumeChange` or `nodeChange`. Returns how to stop. */
  on(key: string, run: () => void): () => void
}

/** Keys of what bindings wait for: a claim, */
export const claimChange = (claim: PersistentVolumeClaim): string => `claim/${keyOfClaim(claim)}`
/** a volume, */
export const volumeChange = (name: string): string => `volume/${name}`
/** what is told of a node. */
export const nodeChange = (name: string): string => `node/${name}`

/** To be asked of a world: `world.kept(createVolumeChanges)`. */
export function createVolumeChanges(world: World): VolumeChanges {
  const waiting = new Map<string, Set<() => void>>()
  const tell = (key: string): void => {
    for (const run of [...(waiting.get(key) ?? [])]) run()
  }
  world.lookups.of(PersistentVolume).onChange((volume) => tell(volumeChange(volume.metadata.name)))
  world.lookups.of(PersistentVolumeClaim).onChange((claim) => tell(claimChange(claim)))
  world.observe({
    nodeAdded: ({ name }) => tell(nodeChange(name)),
    // The world tells of it before the node is gone, and who looks now would still see it.
    nodeRemoved: ({ name }) => queueMicrotask(() => tell(nodeChange(name))),
  })
  return {
    on(key, run) {
      let runs = waiting.get(key)
      if (runs === undefined) waiting.set(key, (runs = new Set()))
      runs.add(run)
      return () => {
        const left = waiting.get(key)
        left?.delete(run)
        if (left?.size === 0) waiting.delete(key)
      }
    },
  }
}
