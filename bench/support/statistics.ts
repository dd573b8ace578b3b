/** Order statistics of one sample, by the nearest rank. Of an empty one: NaN. */
export function quantiles(sample: readonly number[]): { readonly p50: number; readonly p99: number; readonly max: number } {
  const sorted = sample.toSorted((a, b) => a - b)
  const at = (part: number): number => sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(part * sorted.length) - 1))] ?? Number.NaN
  return { p50: at(0.5), p99: at(0.99), max: at(1) }
}

/** The middle of one sample; of an empty one: NaN. */
export const median = (sample: readonly number[]): number => quantiles(sample).p50
