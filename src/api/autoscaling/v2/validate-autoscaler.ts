import type { CrossVersionObjectReference, HorizontalPodAutoscaler, HPAScalingPolicy, HPAScalingRules } from '#api/autoscaling/v2/types.ts'
import { validateNotNegativeQuantity } from '#api/core/v1/validation/resources.ts'
import { checkPathSegment } from '#api/meta/v1/validate-metadata.ts'
import type { Cause } from '#lib/errors.ts'
import { forbidden, invalid, invalidEach, notNegative, notSupported, required } from '#schema/validate.ts'
import { validateMetric } from './validate-metric.ts'

type Autoscaler = Pick<HorizontalPodAutoscaler, 'spec'>

/** An autoscaler, and against what it was before: what was wrong in older objects may stay. */
export function validateAutoscaler({ spec }: Autoscaler, previous?: Autoscaler): Cause[] {
  const { minReplicas, maxReplicas = 0, scaleTargetRef, metrics = [], behavior } = spec
  const old = previous?.spec
  // Scaling to nothing (KEP-2021) is off in v1.36.
  const least = old?.minReplicas === 0 ? 0 : 1
  const causes: Cause[] = []
  if (minReplicas !== undefined && minReplicas < least)
    causes.push(invalid('spec.minReplicas', minReplicas, `must be greater than or equal to ${least}`))
  if (maxReplicas === 0) causes.push(required('spec.maxReplicas', 'must be set and greater than 0'))
  else if (maxReplicas < 0) causes.push(invalid('spec.maxReplicas', maxReplicas, 'must be greater than or equal to 1'))
  if (minReplicas !== undefined && maxReplicas < minReplicas)
    causes.push(invalid('spec.maxReplicas', maxReplicas, 'must be greater than or equal to `minReplicas`'))
  const before = old?.scaleTargetRef
  const isSameTarget =
    before !== undefined && (before.apiVersion ?? '') === (scaleTargetRef.apiVersion ?? '') && before.kind === scaleTargetRef.kind
  // The only thing of the core group that can be scaled.
  const isCore = scaleTargetRef.kind === 'ReplicationController'
  causes.push(...validateReference(scaleTargetRef, isSameTarget ? 'any' : isCore ? 'core' : 'group', 'spec.scaleTargetRef'))
  const wasWrong = (old?.metrics ?? []).some(
    ({ type, object }) => type === 'Object' && object !== undefined && versionProblem(object.describedObject, 'core') !== undefined,
  )
  causes.push(...metrics.flatMap((metric, i) => validateMetric(metric, wasWrong ? 'any' : 'core', `spec.metrics[${i}]`)))
  if (minReplicas === 0 && !metrics.some(({ type }) => type === 'Object' || type === 'External'))
    causes.push(forbidden('spec.metrics', 'must specify at least one Object or External metric to support scaling to zero replicas'))
  for (const name of ['scaleUp', 'scaleDown'] as const)
    if (behavior?.[name] !== undefined) causes.push(...validateRules(behavior[name], `spec.behavior.${name}`))
  return causes
}

/** What is wrong with a status: negative counts. */
export const validateAutoscalerStatus = ({ status }: Pick<HorizontalPodAutoscaler, 'status'>): Cause[] => [
  ...notNegative('status.currentReplicas', status.currentReplicas),
  ...notNegative('status.desiredReplicas', status.desiredReplicas),
]

/** Which API versions a reference may name: one with a group, the core group's too, anything. */
export type Versions = 'group' | 'core' | 'any'

/** What is wrong with a reference to what is scaled or measured; `path` is where it stands. */
export function validateReference(reference: CrossVersionObjectReference, versions: Versions, path: string): Cause[] {
  const causes = (['kind', 'name'] as const).flatMap((name) => {
    const value = reference[name] ?? ''
    return value === '' ? [required(`${path}.${name}`)] : invalidEach(`${path}.${name}`, value, checkPathSegment(value))
  })
  const problem = versionProblem(reference, versions)
  return problem === undefined ? causes : [...causes, invalid(`${path}.apiVersion`, reference.apiVersion ?? '', problem)]
}

function versionProblem({ apiVersion = '' }: CrossVersionObjectReference, versions: Versions): string | undefined {
  if (versions === 'any') return undefined
  const parts = apiVersion.split('/')
  if (parts.length > 2) return `unexpected GroupVersion string: ${apiVersion}`
  const group = parts.length === 2 ? parts[0] : ''
  return versions === 'group' && group === '' ? 'apiVersion must specify API group' : undefined
}

const WINDOW_MAX_SECONDS = 3600
const PERIOD_MAX_SECONDS = 1800

function validateRules(
  { stabilizationWindowSeconds: window, selectPolicy, policies = [], tolerance }: HPAScalingRules,
  path: string,
): Cause[] {
  const causes: Cause[] = []
  const at = `${path}.stabilizationWindowSeconds`
  if (window !== undefined && window < 0) causes.push(invalid(at, window, 'must be greater than or equal to zero'))
  if (window !== undefined && window > WINDOW_MAX_SECONDS)
    causes.push(invalid(at, window, `must be less than or equal to ${WINDOW_MAX_SECONDS}`))
  if (selectPolicy !== undefined && !selectPolicies.includes(selectPolicy))
    causes.push(notSupported(`${path}.selectPolicy`, selectPolicy, selectPolicies))
  if (policies.length === 0) causes.push(required(`${path}.policies`, 'must specify at least one Policy'))
  causes.push(...policies.flatMap((policy, i) => validatePolicy(policy, `${path}.policies[${i}]`)))
  return tolerance === undefined ? causes : [...causes, ...validateNotNegativeQuantity(tolerance, `${path}.tolerance`)]
}

const selectPolicies = ['Disabled', 'Max', 'Min']

function validatePolicy({ type, value = 0, periodSeconds = 0 }: HPAScalingPolicy, path: string): Cause[] {
  const causes: Cause[] = []
  if (type !== 'Pods' && type !== 'Percent') causes.push(notSupported(`${path}.type`, type ?? '', ['Percent', 'Pods']))
  if (value <= 0) causes.push(invalid(`${path}.value`, value, 'must be greater than zero'))
  if (periodSeconds <= 0) causes.push(invalid(`${path}.periodSeconds`, periodSeconds, 'must be greater than zero'))
  if (periodSeconds > PERIOD_MAX_SECONDS)
    causes.push(invalid(`${path}.periodSeconds`, periodSeconds, `must be less than or equal to ${PERIOD_MAX_SECONDS}`))
  return causes
}
