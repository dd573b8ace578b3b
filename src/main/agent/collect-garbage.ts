import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Clock, Instant } from '#lib/clock.ts'

/** What is collected, and when it is worth it. */
export interface GarbageOptions {
  readonly clock: Clock
  /** Bytes that the heap takes from the machine, full or not. */
  readonly heapBytes: () => number
  readonly collect: () => void
}

/** Where pods change all the time, the engine collects by itself: this is for what follows a burst. */
const calmMs = 5_000
/** Less is not worth a tenth of a second of a processor. */
const worthBytes = 4 << 20

/**
 * Gives memory back to the machine once pods have not changed for a while. The engine collects when more is asked for than it has; a node on
 * which a hundred pods have just started asks for nothing any more, and would keep what their start took for ever. Call what this returns
 * whenever something happens. Nothing is scheduled while nothing does.
 */
export function collectWhenCalm({ clock, heapBytes, collect }: GarbageOptions): {
  readonly happened: () => void
  readonly stop: () => void
} {
  let keptBytes = 0
  let lastAt: Instant = 0
  let forget: (() => void) | undefined

  function waitUntil(at: Instant): void {
    forget = clock.schedule(at, () => {
      forget = undefined
      // A clock that was set back makes no longer wait than the usual.
      const leftMs = Math.min(lastAt + calmMs - clock.now(), calmMs)
      if (leftMs > 0) return waitUntil(clock.now() + leftMs)
      if (heapBytes() < keptBytes + worthBytes) return
      collect()
      keptBytes = heapBytes()
    })
  }

  return {
    happened() {
      lastAt = clock.now()
      if (forget === undefined) waitUntil(lastAt + calmMs)
    },
    stop: () => forget?.(),
  }
}

/** This process's own memory. */
export function ownGarbage(): Pick<GarbageOptions, 'heapBytes' | 'collect'> {
  // Node has no other way to ask for it while it runs.
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as (how: object) => void
  return {
    heapBytes: () => getHeapStatistics().total_physical_size,
    // An ordinary collection frees objects and keeps their pages; this one gives the pages back.
    collect: () => collect({ type: 'major', execution: 'sync', flavor: 'last-resort' }),
  }
}
