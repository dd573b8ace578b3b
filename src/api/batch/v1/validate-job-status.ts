import type { Job, JobStatus } from '#api/batch/v1/types.ts'
import * as types from '#api/batch/v1/types.ts'
import { goStruct } from '#api/go-struct.ts'
import { same } from '#api/strategy.ts'
import type { Cause } from '#lib/errors.ts'
import { duplicate, invalid, notNegative, omitted, required } from '#schema/validate.ts'
import { countIndexes, firstOverlap } from './indexes.ts'

/**
 * A job may be run by somebody else's controller (KEP-4368), so its status is held to what readers rely on: but only where it changed,
 * since a change of the spec may make an older status wrong until the controller comes by.
 */
export function validateJobStatus(next: Job, previous: Job): Cause[] {
  const { status, spec } = next
  const old = previous.status
  const now = stateOf(status)
  const before = stateOf(old)
  const changed = (...names: readonly (keyof JobStatus)[]): boolean =>
    names.some((name) => !same(status[name] || undefined, old[name] || undefined))
  const turned = (...names: readonly (keyof State)[]): boolean => names.some((name) => now[name] !== before[name])
  const causes = [...validateCounts(status), ...validateUncounted(status)]
  const refuse = (field: keyof JobStatus, value: unknown, detail: string) => causes.push(invalid(`status.${field}`, value, detail))
  const conditions = (detail: string) => refuse('conditions', omitted, detail)
  const { startTime, completionTime } = status

  if (turned('complete', 'failed') && now.complete && now.failed) conditions('cannot set Complete=True and Failed=true conditions')
  if (turned('complete', 'failureTarget') && now.complete && now.failureTarget)
    conditions('cannot set Complete=True and FailureTarget=true conditions')
  if (turned('complete') || changed('completionTime')) {
    if (completionTime !== undefined && !now.complete)
      refuse('completionTime', completionTime, 'cannot set completionTime when there is no Complete=True condition')
    if (completionTime === undefined && now.complete)
      causes.push(required('status.completionTime', 'completionTime is required for Complete jobs'))
  }
  if (changed('startTime', 'completionTime') && startTime !== undefined && completionTime !== undefined)
    if (Date.parse(completionTime) < Date.parse(startTime))
      refuse('completionTime', completionTime, 'must be equal to or after `startTime`')
  if ((turned('failed') || changed('failedIndexes')) && now.failed && !now.failureTarget)
    conditions('cannot set Failed=True condition without the FailureTarget=true condition')
  if (turned('complete', 'successCriteriaMet') && now.complete && !now.successCriteriaMet)
    conditions('cannot set Complete=True condition without the SuccessCriteriaMet=true condition')
  if ((turned('finished') || changed('active')) && (status.active ?? 0) > 0 && now.finished)
    refuse('active', status.active, 'active>0 is invalid for finished job')
  const isSuspendedEmpty = spec.suspend === true && spec.completions === 0
  if ((turned('finished') || changed('startTime')) && !isSuspendedEmpty && startTime === undefined && now.finished)
    causes.push(required('status.startTime', 'startTime is required for finished job'))
  const uncounted = status.uncountedTerminatedPods
  if ((turned('finished') || changed('uncountedTerminatedPods')) && now.finished && uncounted !== undefined)
    if ((uncounted.failed ?? []).length + (uncounted.succeeded ?? []).length > 0)
      refuse('uncountedTerminatedPods', goStruct(types.UncountedTerminatedPods, uncounted), 'must be empty for finished job')
  causes.push(...validateIndexes(next, changed('completedIndexes'), changed('failedIndexes')))
  if ((turned('finished') || changed('terminating')) && (status.terminating ?? 0) > 0 && now.finished)
    refuse('terminating', status.terminating, 'terminating>0 is invalid for finished job')
  if (changed('ready', 'active') && status.ready !== undefined && status.ready > (status.active ?? 0))
    refuse('ready', status.ready, 'cannot set more ready pods than active')
  if (now.successCriteriaMet && now.failed) conditions('cannot set SuccessCriteriaMet=True and Failed=true conditions')
  if (now.successCriteriaMet && now.failureTarget) conditions('cannot set SuccessCriteriaMet=True and FailureTarget=true conditions')
  if (spec.successPolicy !== undefined && !now.successCriteriaMet && now.complete)
    conditions('cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True')

  for (const [name, type] of [
    ['failed', 'Failed'],
    ['complete', 'Complete'],
    ['failureTarget', 'FailureTarget'],
  ] as const)
    if (before[name] && !now[name]) conditions(`cannot disable the terminal ${type}=True condition`)
  if ((status.failed ?? 0) < (old.failed ?? 0)) refuse('failed', status.failed ?? 0, 'cannot decrease the failed counter')
  // A job that is made smaller loses what its last indexes had done.
  const canShrink = spec.completionMode === 'Indexed' && spec.completions === spec.parallelism
  if (!canShrink && (status.succeeded ?? 0) < (old.succeeded ?? 0))
    refuse('succeeded', status.succeeded ?? 0, 'cannot decrease the succeeded counter')
  if (completionTime !== undefined && old.completionTime !== undefined && completionTime !== old.completionTime)
    refuse('completionTime', completionTime, 'field is immutable')
  const isResuming = before.suspended === 'True' && now.suspended === 'False'
  if (changed('startTime') && !isResuming && old.startTime !== undefined && spec.suspend !== true)
    refuse('startTime', startTime ?? null, 'field is immutable for unsuspended job once set')
  if (before.successCriteriaMet && !now.successCriteriaMet) conditions('cannot disable the SuccessCriteriaMet=True condition')
  if (before.complete && !before.successCriteriaMet && now.successCriteriaMet)
    conditions('cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions')
  return causes
}

interface State {
  readonly complete: boolean
  readonly failed: boolean
  readonly finished: boolean
  readonly failureTarget: boolean
  readonly successCriteriaMet: boolean
  readonly suspended: string | undefined
}

function stateOf({ conditions = [] }: JobStatus): State {
  const has = (type: string) => conditions.some((one) => one.type === type && one.status === 'True')
  const complete = has('Complete')
  const failed = has('Failed')
  return {
    complete,
    failed,
    finished: complete || failed,
    failureTarget: has('FailureTarget'),
    successCriteriaMet: has('SuccessCriteriaMet'),
    suspended: conditions.find(({ type }) => type === 'Suspended')?.status,
  }
}

const validateCounts = (status: JobStatus): Cause[] =>
  (['active', 'succeeded', 'failed', 'ready', 'terminating'] as const).flatMap((name) => notNegative(`status.${name}`, status[name]))

/** Each pod is told of once. */
function validateUncounted({ uncountedTerminatedPods: pods }: JobStatus): Cause[] {
  const seen = new Set<string>()
  return (['succeeded', 'failed'] as const).flatMap((list) =>
    (pods?.[list] ?? []).flatMap((uid, i) => {
      const path = `status.uncountedTerminatedPods.${list}[${i}]`
      if (uid === '') return [invalid(path, uid, 'must not be empty')]
      if (seen.has(uid)) return [duplicate(path, uid)]
      seen.add(uid)
      return []
    }),
  )
}

function validateIndexes({ spec, status }: Job, completedChanged: boolean, failedChanged: boolean): Cause[] {
  const { completions, backoffLimitPerIndex } = spec
  const { completedIndexes: completed = '', failedIndexes: failed } = status
  const causes: Cause[] = []
  const parse = (name: 'completedIndexes' | 'failedIndexes', text: string) => {
    const counted = countIndexes(text, completions!)
    if (typeof counted !== 'number') causes.push(invalid(`status.${name}`, text, `error parsing ${name}: ${counted.problem}`))
  }
  if (completedChanged && completions !== undefined) parse('completedIndexes', completed)
  if (failedChanged && completions !== undefined && backoffLimitPerIndex !== undefined && failed !== undefined)
    parse('failedIndexes', failed)
  if (completedChanged && completed !== '' && spec.completionMode !== 'Indexed')
    causes.push(invalid('status.completedIndexes', completed, 'cannot set non-empty completedIndexes when non-indexed completion mode'))
  if (failedChanged && backoffLimitPerIndex === undefined && failed !== undefined)
    causes.push(invalid('status.failedIndexes', failed, 'cannot set non-null failedIndexes when backoffLimitPerIndex is null'))
  if ((failedChanged || completedChanged) && completions !== undefined && failed && completed !== '') {
    const overlap = firstOverlap(completed, failed, completions)
    if (overlap !== undefined)
      causes.push(invalid('status.failedIndexes', failed, `failedIndexes and completedIndexes overlap at index: ${overlap}`))
  }
  return causes
}
