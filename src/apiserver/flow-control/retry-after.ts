/**
 * What refused clients are told to wait, in seconds, by level: doubled while many are refused (at least three a second of the present
 * wait), up to 32, and going down by one a second once it is calm. The reference's way.
 */
export interface RetryAfter {
  refused(nowMs: number): number
}

/** Of one level. */
export function createRetryAfter(): RetryAfter {
  let seconds = 1
  let raisedAt = 0
  let current = { second: 0, count: 0 }
  let history: { readonly second: number; readonly count: number }[] = []
  return {
    refused(nowMs) {
      const now = Math.floor(nowMs / 1000)
      if (current.second === now) {
        current.count += 1
        return seconds
      }
      history.push(current)
      history = history.filter(({ second }) => current.second - second <= Math.min(2 * seconds, longest))
      current = { second: now, count: 1 }
      const dropped = history.filter(({ second }) => now - second <= seconds).reduce((sum, { count }) => sum + count, 0)
      if (now - raisedAt >= seconds && dropped >= 3 * seconds) {
        seconds = Math.min(longest, seconds * 2)
        raisedAt = now
      } else if (dropped < seconds && seconds > 1) seconds -= 1
      return seconds
    },
  }
}

const longest = 32
