import type { Functions, Prepare } from '#lib/cel/environment.ts'
import { PlanError } from '#lib/cel/evaluate.ts'
import { withPattern } from '#lib/cel/patterns.ts'
import { listOf, type Value } from '#lib/cel/values.ts'
import { PatternError, pattern } from '#lib/re2/re2.ts'

const illegal = (value: Value): Value =>
  value !== null && typeof value === 'object' && 'kind' in value && value.kind === 'fault'
    ? { kind: 'fault', message: `Illegal regex: ${value.message}` }
    : value

const find = (text: Value, source: Value): Value =>
  illegal(
    withPattern(source, (found) => {
      const place = found.search(text as string)
      return place === undefined ? '' : (text as string).slice(place[0], place[1])
    }),
  )

/** Matches one after another, as `FindAllString` of Go: an empty one right behind a match does not count. */
function findAll(text: Value, source: Value, limit: Value = -1n): Value {
  return illegal(
    withPattern(source, (found) => {
      const all: string[] = []
      const whole = text as string
      let last = -1
      for (let from = 0; from <= whole.length && (limit === -1n || (limit as bigint) < 0n || all.length < Number(limit)); ) {
        const place = found.search(whole, from)
        if (place === undefined) break
        const [start, end] = place
        if (end > start || start !== last) all.push(whole.slice(start, end))
        last = end
        from = end > start ? end : end + ((whole.codePointAt(end) ?? 0) > 0xffff ? 2 : 1)
      }
      return listOf(all)
    }),
  )
}

/** Kubernetes' functions of patterns (documentation, "Kubernetes regex library"). */
export const regexFunctions: Functions = {
  find: { string_find_string: ['string.(string) -> string', find] },
  findAll: {
    string_find_all_string: ['string.(string) -> list(string)', findAll],
    string_find_all_string_int: ['string.(string, int) -> list(string)', findAll],
  },
}

/** Patterns that stand in the expression are read before it runs. */
export const preparePatterns: Prepare = (name, constants) => {
  if (name !== 'find' && name !== 'findAll' && name !== 'matches') return
  const source = constants[1]
  if (typeof source !== 'string') return
  try {
    pattern(source)
  } catch (error) {
    if (error instanceof PatternError) throw new PlanError(error.message)
    throw error
  }
}
