/**
 * What changed between two texts, line by line, in the unified form without a head: groups of changes with three lines of context. Empty
 * where nothing changed. It finds the same changes as Python's difflib, whose results the reference shows in its messages: the longest run
 * of equal lines first, then those before and after it. That takes up to the cube of the number of lines: once `comparisonsMax` are done,
 * what is not compared yet counts as changed.
 */
export function unifiedDiff(before: string, after: string): string {
  const old = before.split('\n')
  const next = after.split('\n')
  return groupsOf(changesBetween(old, next))
    .map((group) => shown(group, old, next))
    .join('')
}

/** A stretch of both texts: equal lines, or lines that others replace. Ends are exclusive. */
interface Stretch {
  readonly isEqual: boolean
  readonly oldStart: number
  readonly oldEnd: number
  readonly nextStart: number
  readonly nextEnd: number
}

/** Equal lines from these places on. */
interface Run {
  readonly old: number
  readonly next: number
  readonly length: number
}

const contextLines = 3

/** Some 50 ms. Objects of 3 MiB would take hours without such an end, and an object that people wrote needs far less. */
const comparisonsMax = 1_000_000

function changesBetween(old: readonly string[], next: readonly string[]): Stretch[] {
  const out: Stretch[] = []
  let oldStart = 0
  let nextStart = 0
  for (const run of [...runsOf(old, next), { old: old.length, next: next.length, length: 0 }]) {
    if (oldStart < run.old || nextStart < run.next) out.push({ isEqual: false, oldStart, oldEnd: run.old, nextStart, nextEnd: run.next })
    oldStart = run.old + run.length
    nextStart = run.next + run.length
    if (run.length > 0) out.push({ isEqual: true, oldStart: run.old, oldEnd: oldStart, nextStart: run.next, nextEnd: nextStart })
  }
  return out
}

/** Runs of equal lines, in order; those that touch are one. */
function runsOf(old: readonly string[], next: readonly string[]): Run[] {
  const places = placesOf(next)
  const found: Run[] = []
  const budget = { comparisonsLeft: comparisonsMax }
  const search = (oldStart: number, oldEnd: number, nextStart: number, nextEnd: number): void => {
    const run = longestRun(old, next, places, { oldStart, oldEnd, nextStart, nextEnd }, budget)
    if (run.length === 0) return
    if (oldStart < run.old && nextStart < run.next) search(oldStart, run.old, nextStart, run.next)
    const last = found.at(-1)
    if (last !== undefined && last.old + last.length === run.old && last.next + last.length === run.next)
      found[found.length - 1] = { ...last, length: last.length + run.length }
    else found.push(run)
    if (run.old + run.length < oldEnd && run.next + run.length < nextEnd)
      search(run.old + run.length, oldEnd, run.next + run.length, nextEnd)
  }
  search(0, old.length, 0, next.length)
  return found
}

/** Where each line stands. In a long text lines that stand nearly everywhere begin no run: they would cost much and mean little. */
function placesOf(lines: readonly string[]): ReadonlyMap<string, readonly number[]> {
  const places = new Map<string, number[]>()
  lines.forEach((line, i) => {
    const known = places.get(line)
    if (known === undefined) places.set(line, [i])
    else known.push(i)
  })
  if (lines.length < longText) return places
  const often = Math.floor(lines.length / 100) + 1
  for (const [line, found] of places) if (found.length > often) places.delete(line)
  return places
}

const longText = 200

function longestRun(
  old: readonly string[],
  next: readonly string[],
  places: ReadonlyMap<string, readonly number[]>,
  { oldStart, oldEnd, nextStart, nextEnd }: Omit<Stretch, 'isEqual'>,
  budget: { comparisonsLeft: number },
): Run {
  let best: Run = { old: oldStart, next: nextStart, length: 0 }
  /** Lengths of the runs that end with the line before, by where they end in the next text. */
  let ending = new Map<number, number>()
  for (let i = oldStart; i < oldEnd && budget.comparisonsLeft > 0; i += 1) {
    const now = new Map<number, number>()
    budget.comparisonsLeft -= 1
    for (const j of places.get(old[i]!) ?? []) {
      budget.comparisonsLeft -= 1
      if (j < nextStart) continue
      if (j >= nextEnd) break
      const length = (ending.get(j - 1) ?? 0) + 1
      now.set(j, length)
      if (length > best.length) best = { old: i - length + 1, next: j - length + 1, length }
    }
    ending = now
  }
  let { old: at, next: to, length } = best
  while (at > oldStart && to > nextStart && old[at - 1] === next[to - 1]) [at, to, length] = [at - 1, to - 1, length + 1]
  while (at + length < oldEnd && to + length < nextEnd && old[at + length] === next[to + length]) length += 1
  return { old: at, next: to, length }
}

/** Changes that lie near each other, with the equal lines around them. */
function groupsOf(stretches: readonly Stretch[]): Stretch[][] {
  const groups: Stretch[][] = []
  let group: Stretch[] = []
  for (const [i, stretch] of stretches.entries()) {
    const { isEqual, oldStart, oldEnd, nextStart, nextEnd } = stretch
    if (!isEqual) {
      group.push(stretch)
      continue
    }
    const isFirst = i === 0
    const isLast = i === stretches.length - 1
    const head = { ...stretch, oldEnd: Math.min(oldEnd, oldStart + contextLines), nextEnd: Math.min(nextEnd, nextStart + contextLines) }
    const tail = { ...stretch, oldStart: Math.max(oldStart, oldEnd - contextLines), nextStart: Math.max(nextStart, nextEnd - contextLines) }
    if (isFirst) group.push(tail)
    else if (isLast) group.push(head)
    else if (oldEnd - oldStart <= 2 * contextLines) group.push(stretch)
    else {
      groups.push([...group, head])
      group = [tail]
    }
  }
  if (group.some(({ isEqual }) => !isEqual)) groups.push(group)
  return groups
}

function shown(group: readonly Stretch[], old: readonly string[], next: readonly string[]): string {
  const first = group[0]!
  const last = group.at(-1)!
  const lines = group.flatMap(({ isEqual, oldStart, oldEnd, nextStart, nextEnd }) =>
    isEqual
      ? old.slice(oldStart, oldEnd).map((line) => ` ${line}`)
      : [...old.slice(oldStart, oldEnd).map((line) => `-${line}`), ...next.slice(nextStart, nextEnd).map((line) => `+${line}`)],
  )
  const head = `@@ -${rangeOf(first.oldStart, last.oldEnd)} +${rangeOf(first.nextStart, last.nextEnd)} @@`
  return [head, ...lines].map((line) => `${line}\n`).join('')
}

/** First line and count, as `ed` writes them. */
function rangeOf(start: number, end: number): string {
  const length = end - start
  return length === 1 ? `${start + 1}` : `${length === 0 ? start : start + 1},${length}`
}
