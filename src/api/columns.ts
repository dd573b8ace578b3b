import type { Container } from '#api/core/v1/types.ts'
import type { Column } from '#api/kind.ts'

/** Cells and columns that many kinds print. Texts are those of `kubectl get` against the reference. */

type Cell = ReturnType<Column['cell']>

/** A column of objects of type `T`. `wide`: only with `-o wide`. */
export const column = <T>(
  name: string,
  cell: (object: T, now: number) => Cell,
  options: { readonly wide?: true; readonly type?: Column['type'] } = {},
): Column => ({
  name,
  type: options.type ?? 'string',
  ...(options.wide && { priority: 1 }),
  cell: cell as Column['cell'],
})

interface HasMeta {
  readonly metadata: { readonly name?: string | undefined; readonly creationTimestamp?: string | undefined }
}

/** The object's age. */
export const age: Column = column<HasMeta>('Age', (object, now) => since(object.metadata.creationTimestamp, now))

/** For kinds that the reference has no columns for: the time itself. */
export const createdAt: Column = column<HasMeta>('Created At', (object) => object.metadata.creationTimestamp ?? null, { type: 'date' })

/** Given only by kinds whose name is not the first column. */
export const nameColumn = (options: { readonly wide?: true } = {}): Column => ({
  ...column<HasMeta>('Name', (object) => object.metadata.name ?? '', options),
  format: 'name',
})

/** `2m5s`: how long ago; `<unknown>` without a time. */
export const since = (time: string | null | undefined, now: number): string =>
  time === null || time === undefined || time === '' ? '<unknown>' : humanDuration(now - Date.parse(time))

/** Two or three significant figures, coarser the longer it is: `119s`, `2m5s`, `4h30m`, `3d2h`, `2y100d`. */
export function humanDuration(ms: number): string {
  const seconds = Math.trunc(ms / 1000)
  // Clocks of two machines differ a little.
  if (seconds < -1) return '<invalid>'
  if (seconds < 0) return '0s'
  if (seconds < 120) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 10) return two(minutes, 'm', seconds % 60, 's')
  if (minutes < 180) return `${minutes}m`
  const hours = Math.floor(minutes / 60)
  if (hours < 8) return two(hours, 'h', minutes % 60, 'm')
  if (hours < 48) return `${hours}h`
  const days = Math.floor(hours / 24)
  if (days < 8) return two(days, 'd', hours % 24, 'h')
  if (days < 730) return `${days}d`
  const years = Math.floor(days / 365)
  return days < 365 * 8 ? two(years, 'y', days % 365, 'd') : `${years}y`
}

/** `a=1,b=2` by key, or `<none>`. */
export const formatLabels = (labels: Readonly<Record<string, string>> | undefined): string =>
  noneIfEmpty(
    Object.keys(labels ?? {})
      .sort()
      .map((key) => `${key}=${labels![key]}`)
      .join(','),
  )

/** The text, and `<none>` where there is nothing to show. */
export const noneIfEmpty = (text: string | undefined): string => (text === undefined || text === '' ? '<none>' : text)

/** Names and images of a template's containers. */
export const containerColumns = <T>(containersOf: (object: T) => readonly Container[]): readonly Column[] => [
  column<T>(
    'Containers',
    (object) =>
      containersOf(object)
        .map((container) => container.name)
        .join(','),
    { wide: true },
  ),
  column<T>(
    'Images',
    (object) =>
      containersOf(object)
        .map((container) => container.image ?? '')
        .join(','),
    { wide: true },
  ),
]

const two = (large: number, largeUnit: string, small: number, smallUnit: string): string =>
  small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`

/** At most three of the list, and how many more there are. */
export function firstThree(items: readonly string[], whenEmpty: string): string {
  if (items.length > 3) return `${items.slice(0, 3).join(',')} + ${items.length - 3} more...`
  return items.join(',') || whenEmpty
}
