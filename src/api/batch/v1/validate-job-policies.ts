import type { JobSpec, PodFailurePolicyRule, SuccessPolicyRule } from '#api/batch/v1/types.ts'
import type { Cause } from '#lib/errors.ts'
import { shownAsGiven } from '#schema/given-empty.ts'
import { quote } from '#schema/go-text.ts'
import {
  checkQualifiedName,
  duplicate,
  invalid,
  invalidEach,
  notNegative,
  notSupported,
  omitted,
  required,
  tooLong,
  tooMany,
} from '#schema/validate.ts'
import { countIndexes } from './indexes.ts'

const RULES_MAX = 20
const EXIT_CODES_MAX = 255
const PATTERNS_MAX = 20
const INDEXES_LENGTH_MAX = 64 * 1024

/** Which failures of pods count, are forgiven, or end the job (KEP-3329). */
export function validatePodFailurePolicy(spec: JobSpec, path: string): Cause[] {
  const rules = spec.podFailurePolicy?.rules ?? []
  const { containers = [], initContainers = [] } = spec.template.spec
  const names = new Set([...containers, ...initContainers].map(({ name }) => name))
  return [
    ...(rules.length > RULES_MAX ? [tooMany(`${path}.rules`, rules.length, RULES_MAX)] : []),
    ...rules.flatMap((rule, i) => validateRule(rule, spec, names, `${path}.rules[${i}]`)),
  ]
}

const actions = ['Count', 'FailIndex', 'FailJob', 'Ignore']
const statuses = ['False', 'True', 'Unknown']
const validValues = (values: readonly string[]): string => `valid values: [${values.map(quote).join(' ')}]`

/** One of a closed set, given by its writer. */
const oneOf = (value: string, supported: readonly string[], path: string): Cause[] => {
  if (value === '') return [required(path, validValues(supported))]
  return supported.includes(value) ? [] : [notSupported(path, value, supported)]
}

function validateRule(rule: PodFailurePolicyRule, spec: JobSpec, names: ReadonlySet<string>, path: string): Cause[] {
  const { action, onExitCodes, onPodConditions = [] } = rule
  const causes = oneOf(action, actions, `${path}.action`)
  if (action === 'FailIndex' && spec.backoffLimitPerIndex === undefined)
    causes.push(invalid(`${path}.action`, action, 'requires the backoffLimitPerIndex to be set'))
  if (onExitCodes !== undefined) causes.push(...validateExitCodes(onExitCodes, names, `${path}.onExitCodes`))
  if (onPodConditions.length > PATTERNS_MAX) causes.push(tooMany(`${path}.onPodConditions`, onPodConditions.length, PATTERNS_MAX))
  for (const [i, { type, status }] of onPodConditions.entries()) {
    const at = `${path}.onPodConditions[${i}]`
    causes.push(...invalidEach(`${at}.type`, type, checkQualifiedName(type)), ...oneOf(status, statuses, `${at}.status`))
  }
  if (onExitCodes !== undefined && onPodConditions.length > 0)
    causes.push(invalid(path, omitted, 'specifying both OnExitCodes and OnPodConditions is not supported'))
  if (onExitCodes === undefined && onPodConditions.length === 0)
    causes.push(invalid(path, omitted, 'specifying one of OnExitCodes and OnPodConditions is required'))
  return causes
}

function validateExitCodes(
  requirement: NonNullable<PodFailurePolicyRule['onExitCodes']>,
  names: ReadonlySet<string>,
  path: string,
): Cause[] {
  const { operator, containerName, values = [] } = requirement
  const causes = oneOf(operator, ['In', 'NotIn'], `${path}.operator`)
  if (containerName !== undefined && !names.has(containerName))
    causes.push(invalid(`${path}.containerName`, containerName, 'must be one of the container or initContainer names in the pod template'))
  if (values.length === 0) causes.push(invalid(`${path}.values`, shownAsGiven(requirement, 'values'), 'at least one value is required'))
  else if (values.length > EXIT_CODES_MAX) causes.push(tooMany(`${path}.values`, values.length, EXIT_CODES_MAX))
  const seen = new Set<number>()
  for (const [i, value] of values.entries()) {
    if (operator === 'In' && value === 0) causes.push(invalid(`${path}.values[${i}]`, value, 'must not be 0 for the In operator'))
    if (seen.has(value)) causes.push(duplicate(`${path}.values[${i}]`, value))
    seen.add(value)
  }
  if (values.some((value, i) => i > 0 && values[i - 1]! > value)) causes.push(invalid(`${path}.values`, values, 'must be ordered'))
  return causes
}

/** Which finished indexes make an indexed job a success before all are done (KEP-3998). */
export function validateSuccessPolicy(spec: JobSpec, path: string): Cause[] {
  const rules = spec.successPolicy?.rules ?? []
  const causes: Cause[] = []
  if (rules.length === 0) causes.push(required(`${path}.rules`, 'at least one rules must be specified when the successPolicy is specified'))
  if (rules.length > RULES_MAX) causes.push(tooMany(`${path}.rules`, rules.length, RULES_MAX))
  return [...causes, ...rules.flatMap((rule, i) => validateSuccessRule(rule, spec.completions ?? 0, `${path}.rules[${i}]`))]
}

function validateSuccessRule({ succeededIndexes, succeededCount }: SuccessPolicyRule, completions: number, path: string): Cause[] {
  const causes: Cause[] = []
  if (succeededCount === undefined && succeededIndexes === undefined)
    causes.push(required(path, 'at least one of succeededCount or succeededIndexes must be specified'))
  let total = 0
  if (succeededIndexes !== undefined) {
    const at = `${path}.succeededIndexes`
    if (Buffer.byteLength(succeededIndexes) > INDEXES_LENGTH_MAX) causes.push(tooLong(at, INDEXES_LENGTH_MAX))
    const counted = countIndexes(succeededIndexes, completions)
    if (typeof counted === 'number') total = counted
    else causes.push(invalid(at, succeededIndexes, `error parsing succeededIndexes: ${counted.problem}`))
  }
  if (succeededCount !== undefined) {
    const at = `${path}.succeededCount`
    causes.push(...notNegative(at, succeededCount))
    if (succeededCount > completions)
      causes.push(invalid(at, succeededCount, `must be less than or equal to ${completions} (the number of specified completions)`))
    if (succeededIndexes !== undefined && succeededCount > total)
      causes.push(
        invalid(
          at,
          succeededCount,
          `must be less than or equal to ${total} (the number of indexes in the specified succeededIndexes field)`,
        ),
      )
  }
  return causes
}
