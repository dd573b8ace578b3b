import * as types from '#api/apps/v1/types.ts'
import { age, column } from '#api/columns.ts'
import { kind } from '#api/kind.ts'
import { same } from '#api/strategy.ts'
import type { Cause } from '#lib/errors.ts'
import type { Of } from '#schema/schema.ts'
import { immutable, notNegative, required } from '#schema/validate.ts'

export const ControllerRevision = kind(
  types.ControllerRevision,
  {
    group: 'apps',
    version: 'v1',
    kind: 'ControllerRevision',
    plural: 'controllerrevisions',
    singular: 'controllerrevision',
    scope: 'Namespaced',
    columns: [
      column<types.ControllerRevision>('Controller', controllerOf),
      column<types.ControllerRevision>('Revision', ({ revision }) => revision ?? 0),
      age,
    ],
  },
  {
    validate: (revision) => [...notNegative('revision', revision.revision), ...validateData(revision)],
    checksMetadata: 'whole',
    validateUpdate: (next, previous) => [
      ...notNegative('revision', next.revision),
      ...immutable('data', next.data ?? null, same(next.data, previous.data)),
    ],
  },
)
export type ControllerRevision = Of<typeof ControllerRevision>

function validateData({ data }: types.ControllerRevision): Cause[] {
  if (data === undefined || data === null) return [required('data', 'data is mandatory')]
  return typeof data === 'object' && !Array.isArray(data) ? [] : [required('data', 'data must be a valid JSON object')]
}

/** `deployment.apps/web`, as kubectl names resources with their kind. */
function controllerOf({ metadata }: types.ControllerRevision): string {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true)
  if (owner === undefined) return '<none>'
  const group = owner.apiVersion.includes('/') ? `.${owner.apiVersion.split('/')[0]}` : ''
  return `${owner.kind.toLowerCase()}${group}/${owner.name}`
}
