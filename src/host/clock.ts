import type { Clock } from '#lib/clock.ts'

/**
 * A longer wait is cut into pieces, of less than the 31 bits that timers count in: what passes is not all that the time of day goes on by. It stands
 * still while the machine is suspended, and knows nothing of a clock that is set forward; a certificate of a year would be renewed weeks late.
 */
const longestMs = 3_600_000

/** The machine's time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  schedule(at, run) {
    if (at === Infinity) return () => {}
    // By what passes and not by the time of day: a request may not take an hour longer because that was set back by one.
    let endMs = performance.now() + Math.ceil(at - Date.now())
    let timer: NodeJS.Timeout
    const arm = (): void => {
      // Whole milliseconds: Node cuts the rest off.
      const leftMs = Math.ceil(endMs - performance.now())
      timer = leftMs > longestMs ? setTimeout(look, longestMs) : setTimeout(come, Math.max(0, leftMs))
      timer.unref()
    }
    const look = (): void => {
      endMs = Math.min(endMs, performance.now() + Math.ceil(at - Date.now()))
      arm()
    }
    // Node's timers may be up to a millisecond early, since they count from when their turn of the loop began.
    const come = (): void => (performance.now() < endMs ? arm() : run())
    arm()
    return () => clearTimeout(timer)
  },
}
