import type { Instant } from '#lib/clock.ts'
import { goFloat } from '#lib/metrics/exposition.ts'

/** One metric as a scrape shows it. */
export interface MetricFamily {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge'
  readonly samples: readonly MetricSample[]
}

export interface MetricSample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
  /** When it was measured, where that was not now. */
  readonly at?: Instant | undefined
}

/** Prometheus' text format 0.0.4, families and labels by name. Families without samples are left out. */
export function metricText(families: readonly MetricFamily[]): string {
  const out: string[] = []
  for (const { name, help, type, samples } of families.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (samples.length === 0) continue
    out.push(`# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`)
    for (const { labels, value, at } of samples)
      out.push(`${name}${labelText(labels)} ${goFloat(value)}${at === undefined ? '' : ` ${at}`}\n`)
  }
  return out.join('')
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const names = Object.keys(labels).toSorted()
  if (names.length === 0) return ''
  return `{${names.map((name) => `${name}="${labels[name]!.replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`))}"`).join(',')}}`
}
