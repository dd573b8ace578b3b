import type { Row } from './figure.ts'

/** Rows as aligned text: the figure, ours, the original's, how many times better we are, and what stands beside. */
export function table(rows: readonly Row[]): string {
  const cells = [
    ['', 'wherry', 'original', 'better', ''],
    ...rows.map((row) => [
      row.figure,
      `${short(row.value)} ${row.unit}`,
      row.original === undefined ? '' : `${short(row.original)} ${row.unit}`,
      row.original === undefined ? '' : `${short(timesBetter(row, row.original))}×`,
      Object.entries(row.beside)
        .map(([name, value]) => beside(name, value))
        .join(', '),
    ]),
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

/** Three digits that count. */
function short(value: number): string {
  if (!Number.isFinite(value)) return '–'
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

const units: Readonly<Record<string, string>> = { Ms: 'ms', Mb: 'MB', Percent: '%', PerSecond: '/s' }

/** `p99Ms: 3.1` becomes `p99 3.1 ms`. */
function beside(name: string, value: number): string {
  const [, words = name, unit = ''] = /^(.+?)(Ms|Mb|Percent|PerSecond)?$/.exec(name) ?? []
  const plain = words.replace(/([A-Z]+)/g, (part) => ` ${part.toLowerCase()}`)
  return `${plain} ${Number.isInteger(value) ? value : short(value)}${unit === '' ? '' : ` ${units[unit]}`}`
}
