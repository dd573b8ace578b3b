import type { CapacityRequestPolicy, CapacityRequestPolicyRange } from '#api/resource/v1/types.ts'
import { validateSet } from '#api/resource/v1/validate-parts.ts'
import type { Cause } from '#lib/errors.ts'
import { addQuantity, compareQuantity, formatQuantity, quantityToInteger } from '#lib/quantity.ts'
import { forbidden, invalid, required } from '#schema/validate.ts'

/** What is wrong with the amounts of a capacity that may be asked for (KEP 5075). */
export function validateRequestPolicy(capacity: string, policy: CapacityRequestPolicy, path: string): Cause[] {
  const { default: fallback, validValues = [], validRange } = policy
  if (validValues.length > 0 && validRange !== undefined)
    return [forbidden(path, 'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time')]
  if (validValues.length > 0)
    return fallback === undefined
      ? [required(`${path}.default`, 'required when validValues is defined')]
      : validateValues(fallback, capacity, validValues, `${path}.validValues`)
  if (validRange === undefined) return []
  return fallback === undefined
    ? [required(`${path}.default`, 'required when validRange is defined')]
    : validateRange(fallback, capacity, validRange, `${path}.validRange`)
}

const VALUES_MAX = 10

function validateValues(fallback: string, capacity: string, values: readonly string[], path: string): Cause[] {
  return [
    ...values.flatMap((value, i) =>
      i > 0 && compareQuantity(values[i - 1]!, value) > 0
        ? [invalid(`${path}[${i}]`, value, 'values must be sorted in ascending order')]
        : [],
    ),
    ...validateSet(
      values,
      VALUES_MAX,
      path,
      (value) => `${quantityToInteger(value)}`,
      (value, at) =>
        compareQuantity(value, capacity) > 0 ? [invalid(at, value, `option is larger than capacity value: ${capacity}`)] : [],
    ),
    // As the reference: values past the greatest number are not compared.
    ...(values.length <= VALUES_MAX && values.some((value) => compareQuantity(value, fallback) === 0)
      ? []
      : [invalid(path, fallback, 'default value is not valid according to the requestPolicy')]),
  ]
}

function validateRange(fallback: string, capacity: string, { min, max, step }: CapacityRequestPolicyRange, path: string): Cause[] {
  if (min === undefined) return [required(`${path}.min`, 'required when validRange is defined')]
  const isMore = (a: string, b: string): boolean => compareQuantity(a, b) > 0
  const causes: Cause[] = []
  if (isMore(min, capacity)) causes.push(invalid(`${path}.min`, min, `min is larger than capacity value: ${capacity}`))
  if (isMore(min, fallback)) causes.push(invalid(`${path}.min`, fallback, `default is less than min: ${min}`))
  if (max !== undefined) {
    if (isMore(min, max)) causes.push(invalid(`${path}.max`, min, `min is larger than max: ${max}`))
    if (isMore(max, capacity)) causes.push(invalid(`${path}.max`, max, `max is larger than capacity value: ${capacity}`))
    if (isMore(fallback, max)) causes.push(invalid(`${path}.max`, fallback, `default is more than max: ${max}`))
  }
  if (step === undefined) return causes
  const first = addQuantity(min, step)
  if (compareQuantity(first, capacity) > 0)
    causes.push(invalid(`${path}.step`, step, `one step ${formatQuantity(first)} is larger than capacity value: ${capacity}`))
  for (const value of max === undefined ? [fallback] : [fallback, max]) {
    const size = quantityToInteger(step)
    if (size !== 0 && (quantityToInteger(value) - quantityToInteger(min)) % size !== 0)
      causes.push(invalid(`${path}.step`, value, `value is not a multiple of a given step (${step}) from (${min})`))
  }
  return causes
}
