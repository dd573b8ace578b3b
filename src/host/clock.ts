import type { Clock } from '#lib/clock.ts'

/** Timers count in 31 bits; a longer wait is cut into pieces. */
const longestMs = 2 ** 31 - 1

/** The machine's time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  schedule(at, run) {
    if (at === Infinity) return () => {}
    // By what passes and not by the time of day: a request may not take an hour longer because that was set back by one.
    const endMs = performance.now() + Math.ceil(at - Date.now())
    let timer: NodeJS.Timeout
    const arm = (): void => {
      // Whole milliseconds: Node cuts the rest off.
      const leftMs = Math.ceil(endMs - performance.now())
      timer = setTimeout(come, Math.max(0, Math.min(leftMs, longestMs)))
      timer.unref()
    }
    // Node's timers may be up to a millisecond early, since they count from when their turn of the loop began.
    const come = (): void => (performance.now() < endMs ? arm() : run())
    arm()
    return () => clearTimeout(timer)
  },
}
