import { age, column } from '#api/columns.ts'
import * as types from '#api/core/v1/types.ts'
import { kind } from '#api/kind.ts'
import { part, statusOf } from '#api/strategy.ts'
import type { Of } from '#schema/schema.ts'

export const Namespace = kind(
  types.Namespace,
  {
    group: '',
    version: 'v1',
    kind: 'Namespace',
    plural: 'namespaces',
    singular: 'namespace',
    shortNames: ['ns'],
    scope: 'Cluster',
    verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
    columns: [column<types.Namespace>('Status', (namespace) => namespace.status.phase), age],
    subresources: {
      // The finalizers of the spec, which hold a terminating namespace: only written here.
      finalize: part<types.Namespace>({ verbs: ['update'], take: (previous, body) => ({ ...body, status: previous.status }) }),
      status: statusOf<types.Namespace>(),
    },
  },
  {
    defaults: (namespace) =>
      namespace.metadata?.name
        ? {
            ...namespace,
            metadata: {
              ...namespace.metadata,
              labels: { ...namespace.metadata.labels, 'kubernetes.io/metadata.name': namespace.metadata.name },
            },
          }
        : namespace,
    prepareCreate: (namespace) => ({
      ...namespace,
      metadata: { ...namespace.metadata, labels: { ...namespace.metadata.labels, 'kubernetes.io/metadata.name': namespace.metadata.name } },
      spec: { ...namespace.spec, finalizers: withKubernetes(namespace.spec.finalizers) },
      status: { phase: 'Active' as const },
    }),
    prepareUpdate: (next, previous) => ({
      ...next,
      spec: previous.spec,
      status: previous.status,
    }),
    prepareDelete: (namespace) => ({ ...namespace, status: { ...namespace.status, phase: 'Terminating' as const } }),
    isHeld: (namespace) => (namespace.spec.finalizers?.length ?? 0) > 0,
    selectableFields: { 'status.phase': (namespace) => namespace.status.phase },
  },
)
export type Namespace = Of<typeof Namespace>

/** The namespace controller lets go of a namespace only once it is empty. */
function withKubernetes(finalizers: readonly string[] = []): string[] {
  return finalizers.includes('kubernetes') ? [...finalizers] : [...finalizers, 'kubernetes']
}
