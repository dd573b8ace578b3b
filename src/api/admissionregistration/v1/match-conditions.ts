import type { MatchCondition } from '#api/admissionregistration/v1/types.ts'
import type { Cause } from '#lib/errors.ts'
import { checkQualifiedName, duplicate, invalidEach, required, tooMany } from '#schema/validate.ts'

/** What is wrong with the conditions under which a webhook or a policy is asked at all. */
export function validateMatchConditions(conditions: readonly MatchCondition[] | undefined, path: string): Cause[] {
  const seen = new Set<string>()
  const causes = (conditions ?? []).flatMap(({ name, expression }, i) => {
    const isRepeated = name !== '' && seen.has(name)
    seen.add(name)
    return [
      ...(expression.trim() === '' ? [required(`${path}[${i}].expression`)] : []),
      ...(name === '' ? [required(`${path}[${i}].name`)] : invalidEach(`${path}[${i}].name`, name, checkQualifiedName(name))),
      ...(isRepeated ? [duplicate(`${path}[${i}].name`, name)] : []),
    ]
  })
  const count = conditions?.length ?? 0
  return count > CONDITIONS_MAX ? [tooMany(path, count, CONDITIONS_MAX), ...causes] : causes
}

const CONDITIONS_MAX = 64
