import { type Clock, sleep } from './clock.ts'

/** So much of something a second, and after a rest `burst` of it at once. */
export interface Rate {
  readonly perSecond: number
  readonly burst: number
}

/** Whoever takes a token may do the thing once. */
export interface TokenBucket {
  /** 0: one was taken; otherwise in how many milliseconds there will be one. */
  take(): number
  /** Waits until one could be taken. Rejects with the signal's reason. */
  taken(signal?: AbortSignal): Promise<void>
}

/** Full at first. A burst below one would let nobody through, ever, and counts as one. */
export function createTokenBucket({ perSecond, ...rate }: Rate, clock: Clock): TokenBucket {
  const burst = Math.max(rate.burst, 1)
  let tokens = burst
  let atMs = clock.monotonicMs()

  function take(): number {
    const nowMs = clock.monotonicMs()
    tokens = Math.min(burst, tokens + ((nowMs - atMs) / 1000) * perSecond)
    atMs = nowMs
    if (tokens < 1) return Math.ceil(((1 - tokens) / perSecond) * 1000)
    tokens -= 1
    return 0
  }

  return {
    take,
    async taken(signal) {
      for (let waitMs = take(); waitMs > 0; waitMs = take()) await sleep(clock, waitMs, signal)
    },
  }
}
