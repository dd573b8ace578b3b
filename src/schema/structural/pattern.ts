import { compileRegexp, type Regexp, RegexpError } from '#lib/re2/re2.ts'

/** A compiled pattern, or what is wrong with it. */
export interface Pattern {
  readonly problem?: string
  readonly regexp?: Regexp
}

/** The pattern, compiled once. */
export function reOf(source: string): Pattern {
  const known = patterns.get(source)
  if (known !== undefined) return known
  const made = make(source)
  // Patterns come from definitions, of which a server has few; a flood of changed ones must not stay in memory.
  if (patterns.size >= patternsMax) patterns.clear()
  patterns.set(source, made)
  return made
}

function make(source: string): Pattern {
  try {
    return { regexp: compileRegexp(source) }
  } catch (error) {
    if (error instanceof RegexpError) return { problem: error.message }
    throw error
  }
}

const patterns = new Map<string, Pattern>()
const patternsMax = 2_000
