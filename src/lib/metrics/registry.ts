import { WherryError } from '../errors.ts'
import { expose } from './exposition.ts'
import { type Family, type FamilyOptions, familyOf } from './family.ts'
import { createHistogram, type Histogram } from './histogram.ts'

/** A number that only grows. */
export interface Counter {
  inc(by?: number): void
}

/** A number that goes up and down. */
export interface Gauge {
  set(value: number): void
  add(by: number): void
}

/** Series of one metric by the values of its labels; whoever counts often keeps what `of` gives. Without labels: `of()`. */
export interface Vector<Series> {
  of(...values: readonly string[]): Series
  /** Forgets a series whose subject is gone. */
  remove(...values: readonly string[]): void
}

/** A histogram: observations counted by the smallest bound that they do not exceed. */
export interface HistogramOptions extends FamilyOptions {
  /** Upper bounds, ascending, without the last, infinite one. */
  readonly buckets: readonly number[]
}

/** One reading of a metric that is asked for, not counted. */
export interface Reading {
  readonly labels: readonly string[]
  readonly value: number
}

/**
 * All metrics of one process or part. Names, labels, buckets and stability are those of the reference's `/metrics`; counting costs an
 * addition, text is made only when asked for. A name is given once: a second family of the same name throws.
 */
export interface Registry {
  counter(options: FamilyOptions): Vector<Counter>
  gauge(options: FamilyOptions): Vector<Gauge>
  histogram(options: HistogramOptions): Vector<Histogram>
  /** A gauge or counter whose readings `read` gives when the text is made. */
  observed(options: FamilyOptions & { readonly type: 'gauge' | 'counter' }, read: () => Iterable<Reading>): void
  /** Prometheus text format 0.0.4, families by name. */
  text(): string
}

/** An empty registry. It throws `AlreadyExists` where two metrics have one name. */
export function createRegistry(): Registry {
  const families = new Map<string, Family>()
  const add = <F extends Family>(family: F): F => {
    if (families.has(family.name)) throw new WherryError('AlreadyExists', `the metric ${family.name} is registered twice`)
    families.set(family.name, family)
    return family
  }
  // The reference counts its own metrics; of ours none is hidden, since what is registered is shown.
  for (const name of ['disabled', 'hidden'])
    add(familyOf({ name: `${name}_metrics_total`, help: `Metrics that are ${name}.`, stability: 'BETA' }, 'counter', createCounter))
  const registered = familyOf(
    {
      name: 'registered_metrics_total',
      help: 'Metrics registered, by stability.',
      stability: 'BETA',
      labels: ['stability_level', 'deprecated_version'],
    },
    'counter',
    createCounter,
  )
  families.set(registered.name, {
    ...registered,
    *samples() {
      for (const stability of ['ALPHA', 'BETA', 'STABLE']) {
        const value = [...families.values()].filter((family) => family.stability === stability).length
        yield { values: [stability, ''], lines: (label) => [`${registered.name}${label()} `, value] }
      }
    },
  })
  return {
    counter(options) {
      const family = add(familyOf(options, 'counter', createCounter))
      return family
    },
    gauge: (options) => add(familyOf(options, 'gauge', createGauge)),
    histogram: (options) => add(familyOf(options, 'histogram', () => createHistogram(options.buckets))),
    observed(options, read) {
      const family = familyOf(options, options.type, createGauge)
      add({
        ...family,
        *samples() {
          for (const { labels, value } of read()) yield { values: labels, lines: (label) => [`${options.name}${label()} `, value] }
        },
      })
    },
    text: () => expose([...families.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))),
  }
}

interface Plain {
  value: number
  lines(name: string, label: (extra?: string) => string): readonly (string | number)[]
}

/** A class, since there are many of them and each count is a method call on the hot path. */
class PlainSeries implements Plain, Counter, Gauge {
  value = 0
  inc(by = 1): void {
    this.value += by
  }
  set(value: number): void {
    this.value = value
  }
  add(by: number): void {
    this.value += by
  }
  lines(name: string, label: (extra?: string) => string): readonly (string | number)[] {
    return [`${name}${label()} `, this.value]
  }
}

const createCounter = (): PlainSeries => new PlainSeries()
const createGauge = (): PlainSeries => new PlainSeries()
