import type { LabelSelector } from '#api/meta/v1/types.ts'
import { validateLabels } from '#api/meta/v1/validate-metadata.ts'
import type { Cause } from '#lib/errors.ts'
import { checkLabelValue, checkQualifiedName, forbidden, invalid, invalidEach, required } from '#schema/validate.ts'

/** What is wrong with the object form of a label selector; nothing is wrong with an absent one. */
export function validateLabelSelector(selector: LabelSelector | undefined, path: string): Cause[] {
  if (selector === undefined) return []
  return [
    ...validateLabels(selector.matchLabels, `${path}.matchLabels`),
    ...(selector.matchExpressions ?? []).flatMap((requirement, i) => validateRequirement(requirement, `${path}.matchExpressions[${i}]`)),
  ]
}

function validateRequirement(
  { key, operator, values = [] }: NonNullable<LabelSelector['matchExpressions']>[number],
  path: string,
): Cause[] {
  const causes: Cause[] = []
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0) causes.push(required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"))
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0) causes.push(forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
  } else causes.push(invalid(`${path}.operator`, operator, 'not a valid selector operator'))
  return [
    ...causes,
    ...invalidEach(`${path}.key`, key, checkQualifiedName(key)),
    ...values.flatMap((value, i) => invalidEach(`${path}.values[${i}]`, value, checkLabelValue(value))),
  ]
}
