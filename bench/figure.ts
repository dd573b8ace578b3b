import type { StartServer } from './support/server.ts'
import type { Terminal } from './support/terminal.ts'

/** One measured number, with what it is to be read beside. */
export interface Row {
  readonly figure: string
  readonly value: number
  readonly unit: string
  /** Which way is good; a ratio to the reference is always said as "how many times better". */
  readonly better: 'more' | 'less'
  /** Further numbers of the same measurement, by name with the unit last: `p99Ms`. */
  readonly beside: Readonly<Record<string, number>>
}

/** One question that the bench answers. Leaves nothing behind. */
export type Figure =
  /** Needs nothing but this program, and is asked of the reference as well where it is there. */
  | {
      readonly name: string
      readonly part: 'api'
      readonly about: string
      /** The reference is then started without the rate limits of its controllers, which would be all that is measured. */
      readonly isUnlimited?: true
      /** What of the control plane is started; absent: all of it. `scheduling`: no controllers. */
      readonly runs?: 'scheduling'
      measure(options: MeasureOptions & { readonly start: StartServer }): Promise<readonly Row[]>
    }
  /** Needs root and a machine that can run containers. */
  | { readonly name: string; readonly part: 'cluster'; readonly about: string; measure(options: MeasureOptions): Promise<readonly Row[]> }

/** What every figure is measured with. */
export interface MeasureOptions {
  /** How long a load lasts; the figures with fixed counts shrink with it. */
  readonly seconds: number
  readonly terminal: Terminal
  /** For the figures that have sizes and cases: which. Absent: those that each figure names. */
  readonly nodes?: readonly number[]
  readonly pods?: readonly number[]
  readonly only?: readonly string[]
}
