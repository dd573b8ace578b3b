import type { Clock } from '#lib/clock.ts'
import type { Revision, Store } from '#store/store.ts'
import type { Cacher } from './cacher/cacher.ts'

/**
 * Lets the store forget history that is older than a period (the reference's five minutes), and the pages of a list with it: who asks for the
 * next one of an older state is told to begin anew. Runs only while something is written: each
 * round compacts to where the last one stood, and an idle server has no round.
 */
export function startCompaction(
  store: Store,
  cacher: Cacher,
  clock: Clock,
  onFailure: (error: unknown) => void,
  everyMs = 300_000,
): { noteWrite(): void; close(): void } {
  let mark: Revision = cacher.revision()
  let forget: (() => void) | undefined
  const arm = (): void => {
    forget ??= clock.schedule(clock.now() + everyMs, () => {
      forget = undefined
      const target = mark
      mark = cacher.revision()
      store.compact(target).then(() => cacher.forget(target), onFailure)
      if (mark > target) arm()
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
