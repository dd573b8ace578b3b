/** A run of indexes, both ends included. */
export interface Interval {
  readonly first: number
  readonly last: number
}

/** Completion indexes as the status writes them: runs in rising order with a gap between any two, so that a million indexes cost a few bytes. */
export type IndexSet = readonly Interval[]

/** Reads `1,3-5,7`. Parts that cannot be read are passed over, what is not below `completions` is cut off: the job was made smaller. */
export function parseIndexes(text: string | undefined, completions: number): IndexSet {
  const read: Interval[] = []
  for (const part of (text ?? '').split(',')) {
    const [, low, high] = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(part) ?? []
    if (low === undefined) continue
    const first = Number(low)
    const last = Math.min(high === undefined ? first : Number(high), completions - 1)
    if (first <= last) read.push({ first, last })
  }
  return joined(read)
}

/** `1,3-5,7`; two neighbours are written as `3,4`, as the reference does. */
export const formatIndexes = (set: IndexSet): string =>
  set.map(({ first, last }) => (first === last ? `${first}` : `${first}${last === first + 1 ? ',' : '-'}${last}`)).join(',')

export const indexSet = (indexes: Iterable<number>): IndexSet => joined([...indexes].map((index) => ({ first: index, last: index })))

export const union = (...sets: readonly IndexSet[]): IndexSet => joined(sets.flat())

/** What `set` has and `without` has not. */
export function difference(set: IndexSet, without: IndexSet): IndexSet {
  const left: Interval[] = []
  for (const { first, last } of set) {
    let from = first
    for (const gap of without) {
      if (gap.last < from) continue
      if (gap.first > last) break
      if (gap.first > from) left.push({ first: from, last: gap.first - 1 })
      from = gap.last + 1
    }
    if (from <= last) left.push({ first: from, last })
  }
  return left
}

export const sizeOf = (set: IndexSet): number => set.reduce((sum, { first, last }) => sum + last - first + 1, 0)

export function hasIndex(set: IndexSet, index: number): boolean {
  let low = 0
  let high = set.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (set[middle]!.last >= index) high = middle
    else low = middle + 1
  }
  return low < set.length && set[low]!.first <= index
}

/** The first `count` indexes below `completions` that are not in the set. */
export function firstMissing(set: IndexSet, count: number, completions: number): readonly number[] {
  const missing: number[] = []
  let candidate = 0
  const upTo = (end: number) => {
    for (; candidate < end && missing.length < count; candidate += 1) missing.push(candidate)
  }
  for (const { first, last } of set) {
    upTo(Math.min(first, completions))
    candidate = Math.max(candidate, last + 1)
  }
  upTo(completions)
  return missing
}

function joined(intervals: readonly Interval[]): IndexSet {
  const runs: Interval[] = []
  for (const interval of intervals.toSorted((a, b) => a.first - b.first)) {
    const run = runs.at(-1)
    if (run === undefined || interval.first > run.last + 1) runs.push(interval)
    else runs[runs.length - 1] = { first: run.first, last: Math.max(run.last, interval.last) }
  }
  return runs
}
