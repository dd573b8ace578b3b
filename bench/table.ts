import type { Judged } from './aims.ts'
import type { Row } from './figure.ts'

/** Rows as aligned text: the figure, ours, the reference's, how many times better we are, and what stands beside ours. */
export function table(rows: readonly Row[], reference: readonly Row[] = []): string {
  return aligned([
    ['', 'wherry', 'reference', 'better', ''],
    ...rows.map((row) => {
      const other = reference.find(({ figure }) => figure === row.figure)
      return [
        row.figure,
        `${short(row.value)} ${row.unit}`,
        other === undefined ? '' : `${short(other.value)} ${other.unit}`,
        other === undefined ? '' : `${short(timesBetter(row, other.value))}×`,
        besides(row, other),
      ]
    }),
  ])
}

/** The aims as aligned text, and how many of them are met. */
export function aimsTable(judged: readonly Judged[]): string {
  const lines = judged.map((each) => [
    each.name,
    `${plain(each.ours)} ${each.unit}`.trim(),
    each.reference === undefined ? '–' : `${plain(each.reference)} ${each.unit}`.trim(),
    each.reference === undefined ? '–' : short(each.ours / each.reference),
    aimText(each),
    each.isMet === undefined ? 'no reference' : each.isMet ? 'met' : 'NOT MET',
  ])
  const met = judged.filter(({ isMet }) => isMet).length
  return `${aligned([['aim', 'wherry', 'reference', 'ratio', 'wanted', ''], ...lines])}\n${met} of ${judged.length} aims met`
}

/** `≥ 1.5` of a ratio, `≤ 20 ms` of a number that has to hold by itself. */
function aimText({ of, least, most, unit }: Judged): string {
  const bound = least === undefined ? `≤ ${most!.toLocaleString('en-US')}` : `≥ ${least.toLocaleString('en-US')}`
  return of === 'ratio' ? bound : `${bound} ${unit}`.trim()
}

/** Words to the left, numbers to the right; the last cell of a line as it comes. */
function aligned(cells: readonly (readonly string[])[]): string {
  const last = cells[0]!.length - 1
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((line) => line[column]!.length)))
  return cells
    .map((line) =>
      line
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : column === last ? cell : cell.padStart(widths[column]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

const timesBetter = ({ value, better }: Row, reference: number): number => (better === 'more' ? value / reference : reference / value)

const besides = (row: Row, other: Row | undefined): string =>
  Object.entries(row.beside)
    .map(([name, value]) => beside(name, value, other?.beside[name]))
    .join(', ')

/** Three digits that count. */
function short(value: number): string {
  if (!Number.isFinite(value)) return '–'
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

const plain = (value: number): string =>
  Number.isInteger(value) ? value.toLocaleString('en-US') : Math.abs(value) < 0.1 ? value.toPrecision(2) : short(value)

const units: Readonly<Record<string, string>> = { Ms: 'ms', Mb: 'MB', Percent: '%', PerSecond: '/s' }

/** `p99Ms: 3.1` becomes `p99 3.1 ms`, and with the reference's beside it `p99 3.1 (9.4) ms`. */
function beside(name: string, value: number, other: number | undefined): string {
  const [, words = name, unit = ''] = /^(.+?)(Ms|Mb|Percent|PerSecond)?$/.exec(name) ?? []
  const text = words.replace(/([A-Z]+)/g, (part) => ` ${part.toLowerCase()}`)
  return `${text} ${plain(value)}${other === undefined ? '' : ` (${plain(other)})`}${unit === '' ? '' : ` ${units[unit]}`}`
}
