import { goFloat } from './exposition.ts'

/** How often a value fell under each bound. */
export interface Histogram {
  observe(value: number): void
}

/** A histogram over ascending upper bounds; what is above the last is counted in the infinite bucket. */
export const createHistogram = (bounds: readonly number[]): HistogramSeries => new HistogramSeries(bounds)

/** A class, since there are many of them and each observation is a method call on the hot path. */
class HistogramSeries implements Histogram {
  readonly #bounds: readonly number[]
  readonly #counts: Float64Array
  #sum = 0

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
    this.#counts = new Float64Array(bounds.length + 1)
  }

  observe(value: number): void {
    const bounds = this.#bounds
    // Most values are small, and there are some twenty bounds: going up finds the bucket sooner than halving does.
    let i = 0
    while (i < bounds.length && value > bounds[i]!) i += 1
    this.#counts[i]! += 1
    this.#sum += value
  }

  lines(name: string, label: (extra?: string) => string): readonly (string | number)[] {
    const out: (string | number)[] = []
    let count = 0
    for (let i = 0; i < this.#counts.length; i += 1) {
      count += this.#counts[i]!
      const bound = i < this.#bounds.length ? goFloat(this.#bounds[i]!) : '+Inf'
      out.push(`${name}_bucket${label(`le="${bound}"`)} `, count)
    }
    out.push(`${name}_sum${label()} `, this.#sum, `${name}_count${label()} `, count)
    return out
  }
}

/** `count` bounds from `start`, each `factor` times the one before. */
export function exponentialBuckets(start: number, factor: number, count: number): readonly number[] {
  const out: number[] = []
  for (let bound = start; out.length < count; bound *= factor) out.push(bound)
  return out
}
