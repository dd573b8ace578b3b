import { PatternError, pattern } from '../re2/re2.ts'
import type { Functions } from './environment.ts'
import { fault, type Value } from './values.ts'

/** Reads a pattern and goes on with it; a broken one is a fault. */
export function withPattern(source: Value, then: (found: ReturnType<typeof pattern>) => Value): Value {
  try {
    return then(pattern(source as string))
  } catch (error) {
    if (error instanceof PatternError) return fault(error.message)
    throw error
  }
}

const matches = (text: Value, source: Value): Value => withPattern(source, (found) => found.test(text as string))

/** `matches`, as function and method: RE2 (re2/), anywhere in the text. A pattern that is none is a fault. */
export const patternFunctions: Functions = {
  matches: { matches: ['(string, string) -> bool', matches], matches_string: ['string.(string) -> bool', matches] },
}
