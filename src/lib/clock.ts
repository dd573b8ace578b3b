/** Milliseconds since the epoch; `Infinity` means never. */
export type Instant = number

/** Time, handed in: `host/clock.ts` is the machine's, `sim/clock.ts` a virtual one. Nothing else may ask for the time or wait. */
export interface Clock {
  now(): Instant
  /** Never goes back, origin unspecified: for durations. */
  monotonicMs(): number
  /**
   * Runs once at or after `at` and returns a function that forgets it. `Infinity` never runs. Does not keep the process alive. A clock that is
   * set back meanwhile makes it no later, so that `at` may then still be to come: who acts by the time of day looks at it again.
   */
  schedule(at: Instant, run: () => void): () => void
}

/** Resolves after `ms`, or rejects with the signal's reason. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const stop = () => {
      forget()
      reject(signal?.reason)
    }
    const forget = clock.schedule(clock.now() + ms, () => {
      signal?.removeEventListener('abort', stop)
      resolve()
    })
    signal?.addEventListener('abort', stop, { once: true })
  })
}
