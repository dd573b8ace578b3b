import type { Instant } from './clock.ts'

/** An instant as the API writes `metav1.Time`: RFC 3339, UTC, whole seconds. What is past the second is cut off. */
export function rfc3339(at: Instant): string {
  const second = Math.floor(at / 1000)
  if (second !== last.second) last = { second, text: `${new Date(at).toISOString().slice(0, 19)}Z` }
  return last.text
}

/** A write asks half a dozen times for one and the same second. */
let last = { second: NaN, text: '' }

/** An instant as the API writes `metav1.MicroTime`: RFC 3339, UTC, with six digits of which a millisecond clock fills three. */
export const rfc3339Micro = (at: Instant): string => new Date(at).toISOString().replace('Z', '000Z')
