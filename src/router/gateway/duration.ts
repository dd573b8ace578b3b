/**
 * Milliseconds of a duration as the Gateway API writes it: `1h`, `500ms`, `1h30m` (GEP-2257: at most four parts of up to five digits). The
 * definitions let nothing else pass; undefined: it is something else nevertheless.
 */
export function durationMs(text: string): number | undefined {
  if (!/^([0-9]{1,5}(h|m|s|ms)){1,4}$/.test(text)) return undefined
  let total = 0
  for (const [, count, unit] of text.matchAll(/([0-9]+)(ms|h|m|s)/g)) total += Number(count) * unitMs[unit as keyof typeof unitMs]
  return total
}

const unitMs = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 }
