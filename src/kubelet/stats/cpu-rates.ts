import type { Instant } from '#lib/clock.ts'

/** How many billionths of a processor each group used lately, from two counts of it. Nothing is counted unless somebody asks. */
export interface CpuRates {
  /** Takes a count and gives the rate since the one before; undefined for the first. */
  take(group: string, at: Instant, usageNanoSeconds: number): number | undefined
  /** Whether the last count of a group is so old that a rate from it would tell of history, or there is none. */
  isStale(group: string, now: Instant): boolean
  /** Forgets groups that were not counted since `at`. */
  forgetBefore(at: Instant): void
}

export function createCpuRates(): CpuRates {
  const counts = new Map<string, { readonly at: Instant; readonly usage: number; readonly rate: number | undefined }>()
  return {
    take(group, at, usage) {
      const before = counts.get(group)
      // Two who ask within a moment get the same answer: over so short a time the rate would jump about.
      if (before !== undefined && Math.abs(at - before.at) < SHORTEST_MS) return before.rate
      // A counter that went back is one of a new group with the old name; of one from a time to come, before the clock was set back, nobody knows the age.
      const isNew = before === undefined || usage < before.usage || isOld(before.at, at)
      const rate = isNew ? undefined : Math.round(((usage - before.usage) / (at - before.at)) * 1000)
      counts.set(group, { at, usage, rate })
      return rate
    },
    isStale: (group, now) => isOld(counts.get(group)?.at ?? -Infinity, now),
    forgetBefore(at) {
      for (const [group, count] of counts) if (count.at < at) counts.delete(group)
    },
  }
}

const isOld = (at: Instant, now: Instant): boolean => now < at || now - at > LONGEST_MS

const SHORTEST_MS = 200
const LONGEST_MS = 2 * 60_000
