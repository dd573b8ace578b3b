import type { Condition } from '#api/meta/v1/types.ts'
import type { Cause } from '#lib/errors.ts'
import {
  checkQualifiedName,
  duplicate,
  invalid,
  invalidEach,
  notSupported,
  oneOf,
  regexProblem,
  required,
  tooLong,
} from '#schema/validate.ts'

/** What is wrong with a list of conditions in the form that all newer kinds share. */
export function validateConditions(conditions: readonly Condition[] | undefined, path: string): Cause[] {
  const seen = new Set<string>()
  return (conditions ?? []).flatMap((condition, i) => {
    const repeated = seen.has(condition.type) ? [duplicate(`${path}[${i}].type`, condition.type)] : []
    seen.add(condition.type)
    return [...repeated, ...validateCondition(condition, `${path}[${i}]`)]
  })
}

/** Conditions of older kinds, which have but a type and a status to look at. */
export const validateConditionStatuses = (conditions: readonly { readonly status: string }[] | undefined, path: string): Cause[] =>
  (conditions ?? []).flatMap(({ status }, i) =>
    ['True', 'False', 'Unknown'].includes(status) ? [] : [notSupported(`${path}[${i}].status`, status, ['True', 'False', 'Unknown'])],
  )

function validateCondition(condition: Condition, path: string): Cause[] {
  const { type, status, observedGeneration = 0, lastTransitionTime, reason, message = '' } = condition
  const causes = [...invalidEach(`${path}.type`, type, checkQualifiedName(type)), ...oneOf(`${path}.status`, status, statuses)]
  if (observedGeneration < 0)
    causes.push(invalid(`${path}.observedGeneration`, observedGeneration, 'must be greater than or equal to zero'))
  if (!lastTransitionTime) causes.push(required(`${path}.lastTransitionTime`))
  if (reason === '') causes.push(required(`${path}.reason`))
  else {
    if (!reasonRegex.test(reason)) causes.push(invalid(`${path}.reason`, reason, reasonProblem))
    if (Buffer.byteLength(reason) > REASON_LENGTH_MAX) causes.push(tooLong(`${path}.reason`, REASON_LENGTH_MAX))
  }
  if (Buffer.byteLength(message) > MESSAGE_LENGTH_MAX) causes.push(tooLong(`${path}.message`, MESSAGE_LENGTH_MAX))
  return causes
}

const statuses = ['False', 'True', 'Unknown']
const REASON_LENGTH_MAX = 1024
const MESSAGE_LENGTH_MAX = 32 * 1024
const reasonPattern = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?'
const reasonRegex = new RegExp(`^${reasonPattern}$`)
const reasonProblem = regexProblem(
  "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'",
  reasonPattern,
  'my_name',
  'MY_NAME',
  'MyName',
  'ReasonA,ReasonB',
  'ReasonA:ReasonB',
)
