/** The reference's promises about a metric (KEP 1209, KEP 3498). */
export type Stability = 'ALPHA' | 'BETA' | 'STABLE'

/** What every metric says of itself. */
export interface FamilyOptions {
  readonly name: string
  /** What it counts, in one sentence. */
  readonly help: string
  readonly stability: Stability
  /** Names of its labels, in the order in which values are given. */
  readonly labels?: readonly string[]
  /** Series beyond this many share one that is not shown: labels that clients choose must not fill the memory. Default 10,000. */
  readonly seriesMax?: number
}

/** What a series prints: pairs of a line's beginning and its value. `label(extra)` is the braces with the series' labels. */
export interface Sample {
  readonly values: readonly string[]
  lines(label: (extra?: string) => string): readonly (string | number)[]
}

/** A metric with all its series, as a scrape reads them (the text format of Prometheus). */
export interface Family {
  readonly name: string
  readonly help: string
  readonly stability: Stability
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly labels: readonly string[]
  samples(): Iterable<Sample>
}

interface Printed {
  lines(name: string, label: (extra?: string) => string): readonly (string | number)[]
}

/** A family whose series are made when first asked for. */
export function familyOf<Series extends Printed>(
  options: FamilyOptions,
  type: Family['type'],
  create: () => Series,
): Family & { of(...values: readonly string[]): Series; remove(...values: readonly string[]): void } {
  const { name, help, stability, labels = [], seriesMax = 10_000 } = options
  const series = new Map<string, { readonly values: readonly string[]; readonly series: Series }>()
  let overflow: Series | undefined
  // Without labels there is one series, and it is there from the start, as with the reference.
  if (labels.length === 0) series.set('', { values: [], series: create() })
  return {
    name,
    help,
    stability,
    type,
    labels,
    of(...values) {
      const key = values.join('\u0000')
      const known = series.get(key)
      if (known !== undefined) return known.series
      if (series.size >= seriesMax) return (overflow ??= create())
      const made = create()
      series.set(key, { values, series: made })
      return made
    },
    remove: (...values) => void series.delete(values.join('\u0000')),
    *samples() {
      for (const { values, series: one } of series.values()) yield { values, lines: (label) => one.lines(name, label) }
    },
  }
}
