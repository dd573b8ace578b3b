import type { SuccessPolicy } from '#api/batch/v1/types.ts'
import { difference, type IndexSet, parseIndexes, sizeOf } from './index-set.ts'

/** By which rule the indexes that succeeded are enough (KEP-3998), in the reference's words; undefined: by none. */
export function metSuccessRule(policy: SuccessPolicy | undefined, completions: number, succeeded: IndexSet): string | undefined {
  if (policy === undefined || succeeded.length === 0) return undefined
  const met = policy.rules.findIndex(({ succeededIndexes, succeededCount }) => {
    if (succeededIndexes === undefined) return succeededCount !== undefined && sizeOf(succeeded) >= succeededCount
    const wanted = parseIndexes(succeededIndexes, completions)
    if (wanted.length === 0) return false
    const missing = sizeOf(difference(wanted, succeeded))
    return missing === 0 || (succeededCount !== undefined && sizeOf(wanted) - missing >= succeededCount)
  })
  return met < 0 ? undefined : `Matched rules at index ${met}`
}
