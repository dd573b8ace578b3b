import { age, column } from '#api/columns.ts'
import * as types from '#api/core/v1/types.ts'
import { kind } from '#api/kind.ts'
import { validateFinalizerDomain } from '#api/meta/v1/validate-metadata.ts'
import { part, statusOf } from '#api/strategy.ts'
import type { Cause } from '#lib/errors.ts'
import type { Of } from '#schema/schema.ts'
import { checkDns1123Label, checkLabelValue, checkQualifiedName, invalid, invalidEach } from '#schema/validate.ts'

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
      finalize: part<types.Namespace>({
        verbs: ['update'],
        take: (previous, body) => ({ ...body, status: previous.status }),
        validateUpdate: ({ spec }) => validateFinalizers(spec, (i) => `spec.finalizers[${i}]`),
      }),
      status: statusOf<types.Namespace>({ validateUpdate: validatePhase }),
    },
  },
  {
    defaults: withNameLabel,
    prepareCreate: (namespace) => ({
      ...withNameLabel(namespace),
      spec: { ...namespace.spec, finalizers: withKubernetes(namespace.spec.finalizers) },
      status: { phase: 'Active' as const },
    }),
    prepareUpdate: (next, previous) => ({
      ...next,
      spec: previous.spec,
      status: previous.status,
    }),
    prepareDelete: ({ metadata: { deletionGracePeriodSeconds: _grace, ...metadata }, ...namespace }) => ({
      ...namespace,
      metadata,
      status: { ...namespace.status, phase: 'Terminating' as const },
    }),
    returnsDeleted: true,
    isHeld: (namespace) => (namespace.spec.finalizers?.length ?? 0) > 0,
    selectableFields: { 'status.phase': (namespace) => namespace.status.phase },
    validateName: checkDns1123Label,
    validate: ({ spec }) => validateFinalizers(spec, () => 'spec.finalizers'),
    checksMetadata: 'whole',
    resetFields: { finalize: [['status']] },
    validateUpdate: ({ spec }) => validateFinalizers(spec, () => 'spec.finalizers'),
  },
)
export type Namespace = Of<typeof Namespace>

/** The namespace controller lets go of a namespace only once it is empty. */
function withKubernetes(finalizers: readonly string[] = []): string[] {
  return finalizers.includes('kubernetes') ? [...finalizers] : [...finalizers, 'kubernetes']
}

function validateFinalizers({ finalizers = [] }: types.NamespaceSpec, path: (i: number) => string): Cause[] {
  return finalizers.flatMap((name, i) => [
    ...invalidEach(path(i), name, checkQualifiedName(name)),
    ...validateFinalizerDomain(name, path(i)),
  ])
}

function validatePhase({ metadata, status }: types.Namespace): Cause[] {
  const isDeleted = metadata.deletionTimestamp !== undefined
  const phase = isDeleted ? 'Terminating' : 'Active'
  if (status.phase === phase) return []
  return [invalid('status.Phase', status.phase, `may only be '${phase}' if \`deletionTimestamp\` is ${isDeleted ? 'not ' : ''}empty`)]
}

/** Every namespace can be selected by its name. A generated name comes only after the defaults. */
function withNameLabel<N extends types.Namespace>(namespace: N): N {
  const { name, generateName, labels } = namespace.metadata
  // A generated name that is no good is refused as a name, not as a label.
  return name && !(generateName && checkLabelValue(name).length > 0)
    ? { ...namespace, metadata: { ...namespace.metadata, labels: { ...labels, 'kubernetes.io/metadata.name': name } } }
    : namespace
}
