import { isObject } from '#schema/fields.ts'
import { applyJsonPatch } from '#schema/patch/json-patch.ts'
import { patchProblem } from './policy/patch-problem.ts'

/**
 * Why a JSON patch does not apply, in the words of the reference's library, which it shows where a webhook made the patch. To be asked only
 * once it is known that the patch fails.
 */
export function jsonPatchProblem(document: unknown, operations: readonly unknown[]): string {
  let present = document
  for (const operation of operations) {
    try {
      present = applyJsonPatch(present, [operation])
    } catch {
      const { op, path, from } = (isObject(operation) ? operation : {}) as Readonly<Record<string, string | undefined>>
      if (typeof op !== 'string') return 'Unexpected kind: unknown'
      if (typeof path !== 'string') return `${op} operation failed to decode path: missing value`
      return patchProblem(present, { op, path, ...(typeof from === 'string' && { from }) }) ?? `testing value ${path} failed: test failed`
    }
  }
  return 'the patch fails as a whole'
}
