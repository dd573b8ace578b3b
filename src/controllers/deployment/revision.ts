import type { Deployment } from '#api/apps/v1/deployment.ts'
import type { ReplicaSet } from '#api/apps/v1/replica-set.ts'
import { same } from '#api/strategy.ts'
import { canonical } from '../common/equal.ts'
import { safeHash } from '../common/safe-hash.ts'

export const templateHashLabel = 'pod-template-hash'
const prefix = 'deployment.kubernetes.io'
export const revisionAnnotation = `${prefix}/revision`
export const historyAnnotation = `${prefix}/revision-history`
export const desiredAnnotation = `${prefix}/desired-replicas`
export const maxAnnotation = `${prefix}/max-replicas`
export const rollbackAnnotation = 'deprecated.deployment.rollback.to'

/** Belong to one object alone: not copied from a Deployment to its sets. */
export const ownAnnotations: ReadonlySet<string> = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  rollbackAnnotation,
  revisionAnnotation,
  historyAnnotation,
  desiredAnnotation,
  maxAnnotation,
])
const historyLengthLimit = 2000

/** The set that runs the Deployment's present template: the oldest, should there be several. */
export const newReplicaSet = (deployment: Deployment, sets: readonly ReplicaSet[]): ReplicaSet | undefined =>
  sets.toSorted(byCreation).find((set) => sameTemplate(set.spec.template, deployment.spec.template))

type Template = Deployment['spec']['template']

export const sameTemplate = (a: Template, b: Template): boolean => same(withoutHash(a), withoutHash(b))

function withoutHash(template: Template): Template {
  const { [templateHashLabel]: _, ...labels } = template.metadata?.labels ?? {}
  return { ...template, metadata: { ...template.metadata, labels } }
}

/**
 * Names a template in ten characters that cannot spell a word. The value need not be the reference's, only always the same for the same
 * template; `collisionCount` gives another to two templates that share one.
 */
export function templateHash(template: Template, collisionCount: number | undefined): string {
  const text = canonical(withoutHash(template)) + (collisionCount === undefined ? '' : `/${collisionCount}`)
  return safeHash(text)
}

/** 0 when absent or unreadable: such a set takes no part in counting. */
export function revisionOf(set: ReplicaSet): number {
  const text = set.metadata.annotations?.[revisionAnnotation]
  return text !== undefined && /^[+-]?\d+$/.test(text) ? Number(text) : 0
}

/** What the new set's annotations have to be: the Deployment's own, its revision raised to `revision`, and the revisions that it was before. */
export function replicaSetAnnotations(deployment: Deployment, set: ReplicaSet | undefined, revision: number): Record<string, string> {
  const annotations = { ...set?.metadata.annotations }
  for (const [key, value] of Object.entries(deployment.metadata.annotations ?? {})) if (!ownAnnotations.has(key)) annotations[key] = value
  const before = annotations[revisionAnnotation]
  if (before !== undefined && before !== '' && !/^[+-]?\d+$/.test(before)) return annotations
  if (Number(before ?? 0) >= revision) return annotations
  annotations[revisionAnnotation] = String(revision)
  if (before !== undefined && before !== '') {
    const history = [...(annotations[historyAnnotation] ?? '').split(',').filter((one) => one !== ''), before]
    while (history.join(',').length > historyLengthLimit) history.shift()
    annotations[historyAnnotation] = history.join(',')
  }
  return annotations
}

/** Older first; of the same second by name. */
export const byCreation = (a: ReplicaSet, b: ReplicaSet): number =>
  compare(a.metadata.creationTimestamp, b.metadata.creationTimestamp) || compare(a.metadata.name, b.metadata.name)

export const compare = (a: string | number, b: string | number): number => (a < b ? -1 : a > b ? 1 : 0)
