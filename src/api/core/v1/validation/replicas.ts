import type { PodTemplateSpec } from '#api/core/v1/types.ts'
import { nothing, type Selector, selectorOf } from '#api/meta/v1/selector.ts'
import type { LabelSelector } from '#api/meta/v1/types.ts'
import { validateLabelSelector } from '#api/meta/v1/validate-selector.ts'
import type { Cause } from '#lib/errors.ts'
import { invalid, notNegative, required } from '#schema/validate.ts'
import { validateReplicatedTemplate } from './pod-template.ts'

/** What Deployment and ReplicaSet share. */
export function validateSelectorAndTemplate(
  { selector, template }: { readonly selector: LabelSelector; readonly template: PodTemplateSpec },
  path: string,
): Cause[] {
  const given = selector as LabelSelector | undefined
  const causes =
    given === undefined
      ? [required(`${path}.selector`)]
      : [...validateLabelSelector(given, `${path}.selector`), ...refuseEmptySelector(given, `${path}.selector`, 'deployment')]
  const parsed = parseSound(given)
  if (parsed === undefined) return [...causes, invalid(`${path}.selector`, given, 'invalid label selector')]
  return [...causes, ...validateReplicatedTemplate(template, parsed, 'ReplicaSet', `${path}.template`)]
}

/** A selector that matches everything would take every pod for its own. `kind` is the word that the reference uses. */
export const refuseEmptySelector = (selector: LabelSelector, path: string, kind: string): Cause[] =>
  Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length === 0
    ? [invalid(path, selector, `empty selector is invalid for ${kind}`)]
    : []

/** Undefined: it cannot be understood at all, and the template is not compared with it. */
export function parseSound(selector: LabelSelector | undefined): Selector | undefined {
  if (selector === undefined) return nothing
  const isSound = validateLabelSelector(selector, '').every(({ field }) => field === undefined)
  return isSound ? selectorOf(selector) : undefined
}

/** Counts of a status: none negative, and no part larger than the whole. */
export function validateReplicaCounts(
  status: {
    readonly replicas?: number | undefined
    readonly readyReplicas?: number | undefined
    readonly availableReplicas?: number | undefined
  },
  parts: readonly string[],
  others: readonly string[],
): Cause[] {
  const counts = status as Readonly<Record<string, number | undefined>>
  const { replicas = 0, readyReplicas = 0, availableReplicas = 0 } = status
  const causes: Cause[] = ['replicas', ...parts, ...others].flatMap((name) => notNegative(`status.${name}`, counts[name]))
  for (const name of parts)
    if ((counts[name] ?? 0) > replicas) causes.push(invalid(`status.${name}`, counts[name] ?? 0, 'cannot be greater than status.replicas'))
  if (availableReplicas > readyReplicas)
    causes.push(invalid('status.availableReplicas', availableReplicas, 'cannot be greater than readyReplicas'))
  return causes
}

/** A count of hash collisions only grows. */
export const notDecremented = (path: string, next: number | undefined, previous: number | undefined): Cause[] =>
  previous !== undefined && (next === undefined || next < previous) ? [invalid(path, next ?? 0, 'cannot be decremented')] : []
