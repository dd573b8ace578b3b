import type { Instant } from '#lib/clock.ts'

/** RFC 3339 with whole seconds, as `metav1.Time` is written. */
export const formatTime = (at: Instant): string => `${new Date(at).toISOString().slice(0, 19)}Z`

/** The instant of an API time; undefined for an absent or unreadable one, which no rule may take for "now". */
export function parseTime(text: string | null | undefined): Instant | undefined {
  if (text === null || text === undefined) return undefined
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : at
}
