import * as types from '#api/apps/v1/types.ts'
import { templateWarnings } from '#api/apps/v1/warnings.ts'
import { scaleOf } from '#api/autoscaling/v1/scale.ts'
import { age, column, containerColumns } from '#api/columns.ts'
import { dropDisabledOfWorkload } from '#api/core/v1/disabled-projections.ts'
import { defaultPodTemplate } from '#api/core/v1/pod-defaults.ts'
import { validateReplicaCounts, validateSelectorAndTemplate } from '#api/core/v1/validation/replicas.ts'
import { kind } from '#api/kind.ts'
import { formatSelector, selectorOf } from '#api/meta/v1/selector.ts'
import { keepStatus, same, statusOf } from '#api/strategy.ts'
import type { Cause } from '#lib/errors.ts'
import type { Of } from '#schema/schema.ts'
import { immutable, notNegative } from '#schema/validate.ts'

export const ReplicaSet = kind(
  types.ReplicaSet,
  {
    group: 'apps',
    version: 'v1',
    kind: 'ReplicaSet',
    plural: 'replicasets',
    singular: 'replicaset',
    shortNames: ['rs'],
    categories: ['all'],
    scope: 'Namespaced',
    columns: [
      column<types.ReplicaSet>('Desired', ({ spec }) => spec.replicas, { type: 'integer' }),
      column<types.ReplicaSet>('Current', ({ status }) => status.replicas, { type: 'integer' }),
      column<types.ReplicaSet>('Ready', ({ status }) => status.readyReplicas ?? 0, { type: 'integer' }),
      age,
      ...containerColumns<types.ReplicaSet>(({ spec }) => spec.template.spec.containers),
      column<types.ReplicaSet>('Selector', ({ spec }) => formatSelector(selectorOf(spec.selector)) || '<none>', { wide: true }),
    ],
    subresources: {
      scale: scaleOf<types.ReplicaSet>(({ spec }) => selectorOf(spec.selector)),
      status: statusOf<types.ReplicaSet>({
        validateUpdate: ({ status }) =>
          validateReplicaCounts(
            status,
            ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'],
            ['observedGeneration', 'terminatingReplicas'],
          ),
      }),
    },
  },
  {
    blank: (object) => ({ ...object, spec: { replicas: 0 } }),
    dropDisabled: dropDisabledOfWorkload,
    defaults: (set) => ({ ...set, spec: { ...set.spec, template: defaultPodTemplate(set.spec.template) } }),
    prepareCreate: (set) => ({ ...set, status: { replicas: 0 } }),
    prepareUpdate: keepStatus,
    warnings: (set, previous) => templateWarnings(set, previous),
    validate: validateReplicaSet,
    validateUpdate: (next, previous) => [
      ...validateReplicaSet(next),
      ...immutable('spec.selector', next.spec.selector ?? null, same(next.spec.selector, previous.spec.selector)),
    ],
    generation: true,
  },
)
export type ReplicaSet = Of<typeof ReplicaSet>

function validateReplicaSet({ spec }: types.ReplicaSet): Cause[] {
  return [
    ...notNegative('spec.replicas', spec.replicas),
    ...notNegative('spec.minReadySeconds', spec.minReadySeconds),
    ...validateSelectorAndTemplate(spec, 'spec'),
  ]
}
