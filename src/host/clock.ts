import type { Clock } from '#lib/clock.ts'

/** Timers count in 31 bits; a longer wait is cut into pieces. */
const longestMs = 2 ** 31 - 1

/** The machine's time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  schedule(at, run) {
    if (at === Infinity) return () => {}
    let timer: NodeJS.Timeout
    const arm = (): void => {
      const leftMs = at - Date.now()
      timer = setTimeout(leftMs > longestMs ? arm : run, Math.max(0, Math.min(leftMs, longestMs)))
      timer.unref()
    }
    arm()
    return () => clearTimeout(timer)
  },
}
