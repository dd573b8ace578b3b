import type { JobSpec } from '#api/batch/v1/types.ts'
import * as types from '#api/batch/v1/types.ts'
import { validatePodTemplate } from '#api/core/v1/validation/pod-template.ts'
import { goStruct } from '#api/go-struct.ts'
import type { Cause } from '#lib/errors.ts'
import { checkDomainPrefixedPath, invalid, notNegative, notSupported, required, tooLong } from '#schema/validate.ts'
import { validatePodFailurePolicy, validateSuccessPolicy } from './validate-job-policies.ts'

/** What holds for a job and for the template of one. */
export function validateCommonSpec(spec: JobSpec, path: string): Cause[] {
  return [
    ...validateCounts(spec, path),
    ...(spec.managedBy === undefined ? [] : validateManagedBy(spec.managedBy, `${path}.managedBy`)),
    ...validateCompletionMode(spec, path),
    ...(spec.podFailurePolicy === undefined ? [] : validatePodFailurePolicy(spec, `${path}.podFailurePolicy`)),
    ...validateSuccess(spec, `${path}.successPolicy`),
    ...validateReplacement(spec, `${path}.podReplacementPolicy`),
    ...validatePodTemplate(spec.template, `${path}.template`),
    ...validateRestartPolicy(spec, `${path}.template.spec.restartPolicy`),
  ]
}

const counts = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'ttlSecondsAfterFinished',
  'backoffLimitPerIndex',
  'maxFailedIndexes',
] as const

function validateCounts(spec: JobSpec, path: string): Cause[] {
  const causes = counts.flatMap((name) => notNegative(`${path}.${name}`, spec[name]))
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined)
    causes.push(required(`${path}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified'))
  return causes
}

function validateManagedBy(manager: string, path: string): Cause[] {
  const causes = manager === '' ? [required(path)] : checkDomainPrefixedPath(manager).map(([problem, part]) => invalid(path, part, problem))
  return Buffer.byteLength(manager) > MANAGED_BY_LENGTH_MAX ? [...causes, tooLong(path, MANAGED_BY_LENGTH_MAX)] : causes
}

const MANAGED_BY_LENGTH_MAX = 63
// The sets of finished indexes stand in the status as text, which these keep short (KEP-3850).
const INDEXED_PARALLELISM_MAX = 100_000
const FAILED_INDEXES_MAX = 100_000
const COMPLETIONS_SOFT_MAX = 100_000
const HIGH_PARALLELISM_MAX = 10_000
const HIGH_FAILED_INDEXES_MAX = 10_000

function validateCompletionMode(spec: JobSpec, path: string): Cause[] {
  const { completionMode: mode, completions, parallelism = 0, maxFailedIndexes, backoffLimitPerIndex } = spec
  const causes: Cause[] = []
  if (mode !== undefined && mode !== 'NonIndexed' && mode !== 'Indexed')
    causes.push(notSupported(`${path}.completionMode`, mode, ['NonIndexed', 'Indexed']))
  if (mode === undefined || mode === 'NonIndexed') {
    for (const name of ['backoffLimitPerIndex', 'maxFailedIndexes'] as const)
      if (spec[name] !== undefined) causes.push(invalid(`${path}.${name}`, spec[name], 'requires indexed completion mode'))
    return causes
  }
  if (mode !== 'Indexed') return causes
  const tooHigh = (name: 'parallelism' | 'maxFailedIndexes', detail: string) =>
    causes.push(invalid(`${path}.${name}`, spec[name], `must be less than or equal to ${detail}`))
  const whenHigh = `when completions are above ${COMPLETIONS_SOFT_MAX} and used with backoff limit per index`
  if (completions === undefined) causes.push(required(`${path}.completions`, 'when completion mode is Indexed'))
  if (parallelism > INDEXED_PARALLELISM_MAX) tooHigh('parallelism', `${INDEXED_PARALLELISM_MAX} when completion mode is Indexed`)
  if (completions !== undefined && maxFailedIndexes !== undefined && maxFailedIndexes > completions)
    tooHigh('maxFailedIndexes', 'completions')
  if ((maxFailedIndexes ?? 0) > FAILED_INDEXES_MAX) tooHigh('maxFailedIndexes', `${FAILED_INDEXES_MAX}`)
  if ((completions ?? 0) > COMPLETIONS_SOFT_MAX && backoffLimitPerIndex !== undefined) {
    if (maxFailedIndexes === undefined)
      causes.push(required(`${path}.maxFailedIndexes`, `must be specified when completions is above ${COMPLETIONS_SOFT_MAX}`))
    if (parallelism > HIGH_PARALLELISM_MAX) tooHigh('parallelism', `${HIGH_PARALLELISM_MAX} ${whenHigh}`)
    if ((maxFailedIndexes ?? 0) > HIGH_FAILED_INDEXES_MAX) tooHigh('maxFailedIndexes', `${HIGH_FAILED_INDEXES_MAX} ${whenHigh}`)
  }
  return causes
}

function validateSuccess(spec: JobSpec, path: string): Cause[] {
  if (spec.successPolicy === undefined) return []
  return spec.completionMode === 'Indexed'
    ? validateSuccessPolicy(spec, path)
    : [invalid(path, goStruct(types.SuccessPolicy, spec.successPolicy), 'requires indexed completion mode')]
}

/** Who judges failed pods has to see them end first. */
function validateReplacement({ podReplacementPolicy: policy, podFailurePolicy }: JobSpec, path: string): Cause[] {
  const supported = podFailurePolicy === undefined ? ['Failed', 'TerminatingOrFailed'] : ['Failed']
  return policy === undefined || supported.includes(policy) ? [] : [notSupported(path, policy, supported)]
}

function validateRestartPolicy({ template, podFailurePolicy }: JobSpec, path: string): Cause[] {
  const policy = template.spec.restartPolicy as string
  if (policy === 'Always' || policy === '') return [required(path, 'valid values: "OnFailure", "Never"')]
  if (policy !== 'OnFailure' && policy !== 'Never') return [notSupported(path, policy, ['OnFailure', 'Never'])]
  return podFailurePolicy !== undefined && policy !== 'Never'
    ? [invalid(path, policy, 'only "Never" is supported when podFailurePolicy is specified')]
    : []
}
