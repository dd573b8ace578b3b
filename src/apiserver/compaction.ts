import type { Clock } from '#lib/clock.ts'
import type { Revision, Store } from '#store/store.ts'
import type { Cacher } from './cacher/cacher.ts'

/** How long history is kept: between these five minutes, the reference's period, and one round more. */
const keptRounds = 5
const roundMs = 60_000

/**
 * Lets the store forget history that is older than five minutes, and the pages of a list with it: who asks for the next one of an older state is
 * told to begin anew. A little at a time, so that no write waits behind a long round. Runs only while something is written: each round compacts to
 * where the store stood five rounds ago, and an idle server has none.
 */
export function startCompaction(
  store: Store,
  cacher: Cacher,
  clock: Clock,
  onFailure: (error: unknown) => void,
): { noteWrite(): void; close(): void } {
  let compacted: Revision = cacher.revision()
  /** Where the store stood at each of the last rounds, the oldest first. */
  const marks = Array.from({ length: keptRounds }, () => compacted)
  let forget: (() => void) | undefined
  const arm = (): void => {
    forget ??= clock.schedule(clock.now() + roundMs, () => {
      forget = undefined
      const target = marks.shift()!
      const present = cacher.revision()
      marks.push(present)
      if (target > compacted) store.compact(target).then(() => cacher.forget(target), onFailure)
      compacted = target
      if (present > target) arm()
    })
  }
  return {
    noteWrite: arm,
    close() {
      forget?.()
      forget = undefined
    },
  }
}
