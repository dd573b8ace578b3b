import type { Standing } from './workloads.ts'

/** How a workload fared over time. */
export interface Course {
  /** When everything it wished for was ready for the first time, and for how long before that it had been there. */
  readonly readyAtMs?: number
  readonly startMs?: number
  /** How often, and for how long, fewer were ready than wished, after they all had been. */
  readonly below: { readonly count: number; readonly totalMs: number; readonly longestMs: number }
  /** The smallest number that was ready after all had been; absent where all never were. */
  readonly fewestReady?: number
}

export interface Point extends Standing {
  readonly atMs: number
}

/** The standing at times at which it changed, told as a course up to `endMs`. Pure. */
export function courseOf(points: readonly Point[], endMs: number): Course {
  const first = points.findIndex(({ wish = 0, ready }) => ready >= wish && wish > 0)
  if (first < 0) return { below: { count: 0, totalMs: 0, longestMs: 0 } }
  const readyAtMs = points[first]!.atMs
  let [count, totalMs, longestMs] = [0, 0, 0]
  let since: number | undefined
  const close = (atMs: number): void => {
    if (since === undefined) return
    count += 1
    totalMs += atMs - since
    longestMs = Math.max(longestMs, atMs - since)
    since = undefined
  }
  for (const { atMs, wish = 0, ready } of points.slice(first)) {
    if (ready < wish) since ??= atMs
    else close(atMs)
  }
  close(endMs)
  const fewestReady = Math.min(...points.slice(first).map(({ ready }) => ready))
  return { readyAtMs, startMs: readyAtMs - points[0]!.atMs, below: { count, totalMs, longestMs }, fewestReady }
}
