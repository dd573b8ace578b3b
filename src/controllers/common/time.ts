import type { Instant } from '#lib/clock.ts'

/** The instant of an API time; undefined for an absent or unreadable one, which no rule may take for "now". */
export function parseTime(text: string | null | undefined): Instant | undefined {
  if (text === null || text === undefined) return undefined
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : at
}
