import type { DaemonSet, DaemonSetUpdateStrategy } from '#api/apps/v1/types.ts'
import { validatePodTemplate } from '#api/core/v1/validation/pod-template.ts'
import { notDecremented, parseSound, refuseEmptySelector } from '#api/core/v1/validation/replicas.ts'
import { matches } from '#api/meta/v1/selector.ts'
import { validateLabelSelector } from '#api/meta/v1/validate-selector.ts'
import { same } from '#api/strategy.ts'
import type { Cause } from '#lib/errors.ts'
import { shownAsGiven } from '#schema/given-empty.ts'
import { forbidden, immutable, invalid, notNegative, notSupported, required } from '#schema/validate.ts'
import { amountOf, notOver100Percent, validateCountOrPercent } from './count-or-percent.ts'

/** What is wrong with a DaemonSet by itself. */
export function validateDaemonSet({ spec }: DaemonSet): Cause[] {
  const { template } = spec
  const selector = spec.selector as DaemonSet['spec']['selector'] | undefined
  const causes = validateLabelSelector(selector, 'spec.selector')
  const parsed = parseSound(selector)
  const labels = template.metadata?.labels
  if (parsed !== undefined && !matches(parsed, labels))
    causes.push(
      invalid('spec.template.metadata.labels', shownAsGiven(template.metadata, 'labels'), '`selector` does not match template `labels`'),
    )
  if (selector !== undefined) causes.push(...refuseEmptySelector(selector, 'spec.selector', 'daemonset'))
  causes.push(...validatePodTemplate(template, 'spec.template'))
  const { restartPolicy, activeDeadlineSeconds } = template.spec
  if (restartPolicy !== 'Always') causes.push(notSupported('spec.template.spec.restartPolicy', restartPolicy, ['Always']))
  if (activeDeadlineSeconds !== undefined)
    causes.push(forbidden('spec.template.spec.activeDeadlineSeconds', 'activeDeadlineSeconds in DaemonSet is not Supported'))
  return [
    ...causes,
    ...notNegative('spec.minReadySeconds', spec.minReadySeconds),
    ...validateStrategy(spec.updateStrategy, 'spec.updateStrategy'),
    ...notNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit),
  ]
}

/** The same of an update, which keeps the selector. */
export const validateDaemonSetUpdate = (next: DaemonSet, previous: DaemonSet): Cause[] => [
  ...immutable('spec.selector', next.spec.selector ?? null, same(next.spec.selector, previous.spec.selector)),
  ...validateDaemonSet(next),
]

/** What is wrong with a status: negative counts, and a collision count that goes down. */
export function validateDaemonSetStatus({ status: next }: DaemonSet, { status: previous }: DaemonSet): Cause[] {
  const counts = next as unknown as Readonly<Record<string, number | undefined>>
  return [
    ...counted.flatMap((name) => notNegative(`status.${name}`, counts[name])),
    ...notDecremented('status.collisionCount', next.collisionCount, previous.collisionCount),
  ]
}

const counted = [
  'currentNumberScheduled',
  'numberMisscheduled',
  'desiredNumberScheduled',
  'numberReady',
  'observedGeneration',
  'updatedNumberScheduled',
  'numberAvailable',
  'numberUnavailable',
  'collisionCount',
]

function validateStrategy(strategy: DaemonSetUpdateStrategy, path: string): Cause[] {
  const { type, rollingUpdate } = strategy
  if (type === 'OnDelete') return []
  // The reference shows its own structure here, with Go's names.
  if (type !== 'RollingUpdate') {
    const shown = rollingUpdate && { MaxUnavailable: rollingUpdate.maxUnavailable, MaxSurge: rollingUpdate.maxSurge }
    return [notSupported(path, { Type: type, RollingUpdate: shown ?? null }, ['RollingUpdate', 'OnDelete'])]
  }
  const at = `${path}.rollingUpdate`
  if (rollingUpdate === undefined) return [required(at)]
  const { maxUnavailable, maxSurge } = rollingUpdate
  const causes = [
    ...validateCountOrPercent(maxUnavailable, `${at}.maxUnavailable`),
    ...validateCountOrPercent(maxSurge, `${at}.maxSurge`),
    ...notOver100Percent(maxUnavailable, `${at}.maxUnavailable`),
    ...notOver100Percent(maxSurge, `${at}.maxSurge`),
  ]
  const hasUnavailable = amountOf(maxUnavailable) !== 0
  const hasSurge = amountOf(maxSurge) !== 0
  if (hasUnavailable && hasSurge) causes.push(invalid(`${at}.maxSurge`, maxSurge, 'may not be set when maxUnavailable is non-zero'))
  if (!hasUnavailable && !hasSurge) causes.push(required(`${at}.maxUnavailable`, 'cannot be 0 when maxSurge is 0'))
  return causes
}
