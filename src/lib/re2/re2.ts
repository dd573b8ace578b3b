import { compileProgram, type Program } from './program.ts'
import { searchProgram, testProgram } from './search.ts'
import { PatternError, parsePattern } from './syntax.ts'

export { PatternError, PatternError as RegexpError } from './syntax.ts'

/** The same under the names that schemas use. */
export type Regexp = Pattern
/** Reads a pattern of RE2; throws a `PatternError` in Go's words for one that is none. */
export const compileRegexp = (source: string): Pattern => pattern(source)
/** Why a pattern is refused, in Go's words; `undefined` for a good one. */
export function regexpProblem(source: string): string | undefined {
  try {
    pattern(source)
    return undefined
  } catch (error) {
    if (error instanceof PatternError) return error.message
    throw error
  }
}

/** A pattern of RE2's syntax. Matching takes time linear to the text, whatever the pattern: there is no backtracking. */
export interface Pattern {
  readonly source: string
  /** Whether any part of the text matches. */
  readonly test: (text: string) => boolean
  /** The leftmost match at or behind `from` (UTF-16 offsets), of several the one that Perl would find; `undefined`: none. */
  readonly search: (text: string, from?: number) => readonly [start: number, end: number] | undefined
}

/** Reads a pattern. Throws a `PatternError` with Go's words for what RE2 does not take. */
export function pattern(source: string): Pattern {
  const known = cache.get(source)
  if (known !== undefined) return known
  const program: Program = compileProgram(parsePattern(source), source)
  const made: Pattern = {
    source,
    test: (text) => testProgram(program, text),
    search: (text, from = 0) => searchProgram(program, text, from),
  }
  if (cache.size >= maxCached) cache.delete(cache.keys().next().value as string)
  cache.set(source, made)
  return made
}

/** Patterns stand in expressions and schemas, which are few; a text from a request may also be one, so the oldest goes. */
const maxCached = 500
const cache = new Map<string, Pattern>()
