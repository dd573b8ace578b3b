import type { Family } from './family.ts'

/** Content type of what `expose` makes, as the reference's library says it. */
export const expositionType = 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores'

/** Families in the text format of Prometheus (version 0.0.4), labels by name. Families without a series are left out, as the reference does. */
export function expose(families: readonly Family[]): string {
  const out: string[] = []
  for (const family of families) {
    const order = family.labels.map((name, i) => [name, i] as const).toSorted(([a], [b]) => (a < b ? -1 : 1))
    let isHeaded = false
    for (const sample of family.samples()) {
      if (!isHeaded) {
        out.push(`# HELP ${family.name} [${family.stability}] ${escapeHelp(family.help)}\n`, `# TYPE ${family.name} ${family.type}\n`)
        isHeaded = true
      }
      const base = order.map(([name, i]) => `${name}="${escapeValue(sample.values[i] ?? '')}"`).join(',')
      const lines = sample.lines((extra) => {
        const all = extra === undefined ? base : base === '' ? extra : `${base},${extra}`
        return all === '' ? '' : `{${all}}`
      })
      for (let i = 0; i < lines.length; i += 2) out.push(lines[i] as string, goFloat(lines[i + 1] as number), '\n')
    }
  }
  return out.join('')
}

/** A number as Go prints it (`strconv.FormatFloat(x, 'g', -1, 64)`): with an exponent from a million on, and below a ten-thousandth. */
export function goFloat(value: number): string {
  if (value === Infinity) return '+Inf'
  if (value === -Infinity) return '-Inf'
  const size = Math.abs(value)
  if (Number.isNaN(value) || size === 0 || (size >= 1e-4 && size < 1e6)) return String(value)
  const [digits, exponent] = value.toExponential().split('e') as [string, string]
  return `${digits}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`
}

const escapeHelp = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
const escapeValue = (text: string): string =>
  /["\\\n]/.test(text) ? text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n') : text
