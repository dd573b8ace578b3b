import type { Instant } from '#lib/clock.ts'

/** What to do with a log that is too big, in this order; then the runtime reopens it. */
export interface Rotation {
  readonly remove: readonly string[]
  readonly compress: readonly string[]
  readonly moveTo: string
}

/**
 * Names as the reference's: `0.log` moves to `0.log.20060102-150405`; older ones are compressed to `….gz`; with the present file there are
 * at most `maxFiles`. `names` is what the folder holds. What an interrupted rotation left (`.tmp`, or a file beside its `.gz`) goes; `busy` is
 * a file that is being compressed just now: it counts, and stays.
 */
export function planRotation(name: string, names: readonly string[], now: Instant, maxFiles: number, busy?: string): Rotation {
  const parts = names.filter((file) => file.startsWith(`${name}.`) && ![busy, `${busy}.gz`, `${busy}.gz.tmp`].includes(file))
  const olderFiles = busy === undefined ? maxFiles - 2 : maxFiles - 3
  const halfDone = parts.filter((file) => file.endsWith('.tmp') || parts.includes(`${file}.gz`))
  // The time in the name makes the order of the names the order of time.
  const rotated = parts.filter((file) => !halfDone.includes(file)).toSorted((a, b) => (stem(a) < stem(b) ? -1 : 1))
  const surplus = rotated.slice(0, Math.max(0, rotated.length - Math.max(0, olderFiles)))
  const kept = rotated.slice(surplus.length)
  const stamp = new Date(now).toISOString().replaceAll(/[-:]/g, '').replace('T', '-').slice(0, 15)
  let moveTo = `${name}.${stamp}`
  // Twice within a second: a name of its own that still sorts behind.
  for (let i = 1; parts.some((file) => file === moveTo || file === `${moveTo}.gz`); i += 1) moveTo = `${name}.${stamp}-${i}`
  return { remove: [...halfDone, ...surplus], compress: kept.filter((file) => !file.endsWith('.gz')), moveTo }
}

const stem = (file: string): string => file.replace(/\.gz$/, '')
