import type { Cause } from '#lib/errors.ts'
import { duplicate, required } from '#schema/validate.ts'

/** Conditions of these kinds only have to have a type, and each its own. */
export function validateConditionTypes(conditions: readonly { readonly type?: string | undefined }[] | undefined, path: string): Cause[] {
  const seen = new Set<string>()
  return (conditions ?? []).flatMap(({ type = '' }, i) => {
    const repeated = seen.has(type) ? [duplicate(`${path}[${i}].type`, type)] : []
    seen.add(type)
    return type === '' ? [...repeated, required(`${path}[${i}].type`)] : repeated
  })
}
