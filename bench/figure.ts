import type { Terminal } from './support/terminal.ts'

/** One measured number, with what it is to be read beside. */
export interface Row {
  readonly figure: string
  readonly value: number
  readonly unit: string
  /** Which way is good; a ratio to the original is always said as "how many times better". */
  readonly better: 'more' | 'less'
  /** Further numbers of the same measurement, by name with the unit last: `p99Ms`. */
  readonly beside: Readonly<Record<string, number>>
  /** What the original did on the machine that `original.ts` names. */
  readonly original?: number
}

/** One question that the bench answers. Leaves nothing behind. */
export interface Figure {
  readonly name: string
  /** `api` needs nothing but this program; `cluster` needs root and a machine that can run containers. */
  readonly part: 'api' | 'cluster'
  readonly about: string
  measure(options: MeasureOptions): Promise<readonly Row[]>
}

export interface MeasureOptions {
  /** How long a load lasts; the figures with fixed counts shrink with it. */
  readonly seconds: number
  readonly terminal: Terminal
}
