import { quote } from '#schema/go-text.ts'

/** First and last of a run of indexes. */
type Interval = readonly [first: number, last: number]
/** What is wrong with a text of indexes, in the reference's words. */
export interface Problem {
  readonly problem: string
}

/** How many indexes `1,3-5,7` names, each below `completions`; or what is wrong with the text. */
export function countIndexes(text: string, completions: number): number | Problem {
  if (text === '') return 0
  let total = 0
  let previous: number | undefined
  for (const part of text.split(',')) {
    const interval = parseInterval(part, completions)
    if ('problem' in interval) return interval
    const [first, last] = interval
    if (previous !== undefined && previous >= first) return { problem: `non-increasing order, previous: ${previous}, current: ${first}` }
    total += last - first + 1
    previous = last
  }
  return total
}

/** The first index that both texts name; parts that are none are left to `countIndexes`. */
export function firstOverlap(a: string, b: string, completions: number): number | undefined {
  const parsed = (text: string): Interval[] =>
    text.split(',').flatMap((part) => {
      const interval = parseInterval(part, completions)
      return 'problem' in interval ? [] : [interval]
    })
  const left = parsed(a)
  const right = parsed(b)
  let i = 0
  let j = 0
  while (i < left.length && j < right.length) {
    const [x, y] = left[i]!
    const [from, to] = right[j]!
    if (x <= to && from <= y) return Math.max(x, from)
    if (x <= from) i += 1
    else j += 1
  }
  return undefined
}

function parseInterval(text: string, completions: number): Interval | Problem {
  const limits = text.split('-')
  if (limits.length > 2)
    return {
      problem: `the fragment ${quote(text)} violates the requirement that an index interval can have at most two parts separated by '-'`,
    }
  const [low, high] = limits as [string, string?]
  const first = parseIndex(low, completions)
  if (typeof first !== 'number') return first
  if (high === undefined) return [first, first]
  const last = parseIndex(high, completions)
  if (typeof last !== 'number') return last
  return first >= last ? { problem: `non-increasing order, previous: ${first}, current: ${last}` } : [first, last]
}

function parseIndex(text: string, completions: number): number | Problem {
  if (!/^[+-]?\d{1,19}$/.test(text)) return { problem: `cannot convert string to integer for index: ${quote(text)}` }
  return Number(text) >= completions ? { problem: `too large index: ${quote(text)}` } : Number(text)
}
