import type { Row } from './figure.ts'

/** Rows as aligned text: the figure, ours, the reference's, how many times better we are, and what stands beside ours. */
export function table(rows: readonly Row[], reference: readonly Row[] = []): string {
  const cells = [
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
  ]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...cells.map((line) => line[column]!.length)))
  return cells
    .map((line) =>
      line
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : column === 4 ? cell : cell.padStart(widths[column]!)))
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

const plain = (value: number): string => (Number.isInteger(value) ? String(value) : short(value))

const units: Readonly<Record<string, string>> = { Ms: 'ms', Mb: 'MB', Percent: '%', PerSecond: '/s' }

/** `p99Ms: 3.1` becomes `p99 3.1 ms`, and with the reference's beside it `p99 3.1 (9.4) ms`. */
function beside(name: string, value: number, other: number | undefined): string {
  const [, words = name, unit = ''] = /^(.+?)(Ms|Mb|Percent|PerSecond)?$/.exec(name) ?? []
  const text = words.replace(/([A-Z]+)/g, (part) => ` ${part.toLowerCase()}`)
  return `${text} ${plain(value)}${other === undefined ? '' : ` (${plain(other)})`}${unit === '' ? '' : ` ${units[unit]}`}`
}
