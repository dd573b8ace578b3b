import { Deployment } from '#api/apps/v1/deployment.ts'
import type { ReplicaSet } from '#api/apps/v1/replica-set.ts'
import type { Command } from '#loop/controller.ts'
import type { Draft } from './draft.ts'
import { ownAnnotations, revisionOf, rollbackAnnotation, sameTemplate, templateHashLabel } from './revision.ts'

/**
 * Which revision the Deployment asks to go back to (0: the last one before the present), in the annotation that stands for the field
 * `rollbackTo` of older versions. Undefined: none, or nothing that can be read.
 */
export function rollbackRevision({ metadata }: Deployment): number | undefined {
  const text = metadata.annotations?.[rollbackAnnotation]
  return text !== undefined && /^[+-]?\d+$/.test(text) ? Number(text) : undefined
}

/** Takes the template of an earlier revision, if there is one; in any case it was asked once, and is asked no more. */
export function rollBack({ deployment, all }: Draft, asked: number): readonly Command[] {
  const revision = asked === 0 ? lastRevision(all) : asked
  if (revision === 0) return refuse(deployment, 'DeploymentRollbackRevisionNotFound', 'Unable to find last revision.')
  const set = all.find((one) => revisionOf(one) === revision)
  if (set === undefined) return refuse(deployment, 'DeploymentRollbackRevisionNotFound', 'Unable to find the revision to rollback to.')
  const { name } = deployment.metadata
  if (sameTemplate(set.spec.template, deployment.spec.template)) {
    const message = `The rollback revision contains the same template as current deployment "${name}"`
    return refuse(deployment, 'DeploymentRollbackTemplateUnchanged', message)
  }
  const message = `Rolled back deployment "${name}" to revision ${revision}`
  return [
    { do: 'update', kind: Deployment, object: withTemplateOf(deployment, set) },
    { do: 'event', regarding: deployment, type: 'Normal', reason: 'DeploymentRollback', message },
  ]
}

const refuse = (regarding: Deployment, reason: string, message: string): readonly Command[] => [
  { do: 'event', regarding, type: 'Warning', reason, message },
  { do: 'update', kind: Deployment, object: withAnnotations(regarding, regarding.metadata.annotations ?? {}) },
]

/** The second highest; 0 where there is none. */
const lastRevision = (sets: readonly ReplicaSet[]): number => sets.map(revisionOf).toSorted((a, b) => b - a)[1] ?? 0

/** With the set's annotations too: they say why that revision was made. */
function withTemplateOf(deployment: Deployment, { metadata, spec }: ReplicaSet): Deployment {
  const own = Object.entries(deployment.metadata.annotations ?? {}).filter(([key]) => ownAnnotations.has(key))
  const old = Object.entries(metadata.annotations ?? {}).filter(([key]) => !ownAnnotations.has(key))
  const { [templateHashLabel]: _hash, ...labels } = spec.template.metadata?.labels ?? {}
  const template = { ...spec.template, metadata: { ...spec.template.metadata, labels } }
  const object = withAnnotations(deployment, Object.fromEntries([...own, ...old]))
  return { ...object, spec: { ...object.spec, template } }
}

function withAnnotations(deployment: Deployment, { [rollbackAnnotation]: _asked, ...annotations }: Record<string, string>): Deployment {
  return { ...deployment, metadata: { ...deployment.metadata, annotations } }
}
