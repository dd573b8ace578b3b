import * as types from '#api/autoscaling/v1/types.ts'
import { age, column } from '#api/columns.ts'
import { type Column, kind, type Subresource } from '#api/kind.ts'
import { formatSelector, type Selector } from '#api/meta/v1/selector.ts'
import type { ObjectMeta } from '#api/meta/v1/types.ts'
import type { Of } from '#schema/schema.ts'
import { notNegative } from '#schema/validate.ts'

const columns: readonly Column[] = [
  column<types.Scale>('Name', ({ metadata }) => metadata.name ?? ''),
  column<types.Scale>('Desired', ({ spec }) => spec.replicas, { type: 'integer' }),
  column<types.Scale>('Available', ({ status }) => status.replicas, { type: 'integer' }),
  age,
]

/** How many copies there should be: the same small object for everything that has replicas. Never stored, only shown at `scale`. */
export const Scale = kind(
  types.Scale,
  { group: 'autoscaling', version: 'v1', kind: 'Scale', plural: 'scales', singular: 'scale', scope: 'Namespaced', verbs: [], columns },
  { validate: (scale) => notNegative('spec.replicas', scale.spec.replicas) },
)
export type Scale = Of<typeof Scale>

interface HasReplicas {
  readonly metadata: ObjectMeta
  readonly spec: { readonly replicas: number }
  readonly status: { readonly replicas?: number | undefined }
}

/** The `scale` subresource of a kind with `spec.replicas`. */
export const scaleOf = <T extends HasReplicas>(selector: (object: T) => Selector): Subresource => ({
  sort: 'view',
  verbs: ['get', 'patch', 'update'],
  type: Scale,
  show: (object: T): types.Scale => {
    const text = formatSelector(selector(object))
    return {
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: shownMeta(object.metadata),
      spec: { replicas: object.spec.replicas },
      status: { replicas: object.status.replicas ?? 0, ...(text !== '' && { selector: text }) },
    }
  },
  // Clients written in Go leave a zero out.
  write: (object: T, scale: types.Scale): T => ({ ...object, spec: { ...object.spec, replicas: scale.spec.replicas ?? 0 } }),
})

const shownMeta = ({ name, namespace, uid, resourceVersion, creationTimestamp }: ObjectMeta): ObjectMeta => ({
  ...(name !== undefined && { name }),
  ...(namespace !== undefined && { namespace }),
  ...(uid !== undefined && { uid }),
  ...(resourceVersion !== undefined && { resourceVersion }),
  ...(creationTimestamp !== undefined && { creationTimestamp }),
})
