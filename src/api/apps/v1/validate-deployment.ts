import type { Deployment, DeploymentStrategy } from '#api/apps/v1/types.ts'
import { notDecremented, validateReplicaCounts, validateSelectorAndTemplate } from '#api/core/v1/validation/replicas.ts'
import { same } from '#api/strategy.ts'
import type { Cause } from '#lib/errors.ts'
import { forbidden, invalid, notNegative, notSupported } from '#schema/validate.ts'
import { amountOf, notOver100Percent, validateCountOrPercent } from './count-or-percent.ts'

/** What is wrong with a Deployment by itself. */
export function validateDeployment({ spec }: Deployment): Cause[] {
  const { progressDeadlineSeconds: deadline, minReadySeconds = 0 } = spec
  return [
    ...notNegative('spec.replicas', spec.replicas),
    ...validateSelectorAndTemplate(spec, 'spec'),
    ...validateStrategy(spec.strategy, 'spec.strategy'),
    ...notNegative('spec.minReadySeconds', spec.minReadySeconds),
    ...notNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit),
    ...notNegative('spec.progressDeadlineSeconds', deadline),
    ...(deadline <= minReadySeconds ? [invalid('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds')] : []),
  ]
}

/** The same of an update, which keeps the selector. */
export function validateDeploymentUpdate(next: Deployment, previous: Deployment): Cause[] {
  const causes = validateDeployment(next)
  return same(next.spec.selector, previous.spec.selector)
    ? causes
    : [...causes, invalid('spec.selector', next.spec.selector ?? null, 'field is immutable')]
}

/** What is wrong with a status: counts that are negative or larger than that of all replicas, and a collision count that goes down. */
export function validateDeploymentStatus({ status: next }: Deployment, { status: previous }: Deployment): Cause[] {
  return [
    ...validateReplicaCounts(
      next,
      ['updatedReplicas', 'readyReplicas', 'availableReplicas'],
      ['observedGeneration', 'unavailableReplicas', 'terminatingReplicas', 'collisionCount'],
    ),
    ...notDecremented('status.collisionCount', next.collisionCount, previous.collisionCount),
  ]
}

function validateStrategy(strategy: DeploymentStrategy, path: string): Cause[] {
  const { type, rollingUpdate } = strategy
  if (type === 'Recreate')
    return rollingUpdate === undefined
      ? []
      : [forbidden(`${path}.rollingUpdate`, "may not be specified when strategy `type` is 'Recreate'")]
  // The reference shows its own structure here, with Go's names.
  if (type !== 'RollingUpdate')
    return [
      notSupported(path, { Type: type, RollingUpdate: rollingUpdate ? shownRolling(rollingUpdate) : null }, ['Recreate', 'RollingUpdate']),
    ]
  if (rollingUpdate === undefined) return []
  const { maxUnavailable, maxSurge } = rollingUpdate
  const at = `${path}.rollingUpdate`
  return [
    ...validateCountOrPercent(maxUnavailable, `${at}.maxUnavailable`),
    ...validateCountOrPercent(maxSurge, `${at}.maxSurge`),
    ...(amountOf(maxUnavailable) === 0 && amountOf(maxSurge) === 0
      ? [invalid(`${at}.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0')]
      : []),
    ...notOver100Percent(maxUnavailable, `${at}.maxUnavailable`),
  ]
}

const shownRolling = ({ maxUnavailable, maxSurge }: NonNullable<DeploymentStrategy['rollingUpdate']>) => ({
  MaxUnavailable: maxUnavailable,
  MaxSurge: maxSurge,
})
