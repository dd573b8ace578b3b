import { isNewWish } from '#api/apps/v1/warnings.ts'
import { scaleOf } from '#api/autoscaling/v1/scale.ts'
import { age, column, containerColumns, formatLabels } from '#api/columns.ts'
import { dropDisabledOfWorkload } from '#api/core/v1/disabled-projections.ts'
import { defaultPodTemplate } from '#api/core/v1/pod-defaults.ts'
import { nameWarnings, podTemplateWarnings } from '#api/core/v1/pod-warnings.ts'
import * as types from '#api/core/v1/types.ts'
import { validateReplicatedTemplate } from '#api/core/v1/validation/pod-template.ts'
import { validateReplicaCounts } from '#api/core/v1/validation/replicas.ts'
import { kind } from '#api/kind.ts'
import { selectorOfLabels } from '#api/meta/v1/selector.ts'
import { keepStatus, statusOf } from '#api/strategy.ts'
import type { Cause } from '#lib/errors.ts'
import type { Of } from '#schema/schema.ts'
import { checkDns1123Subdomain, notNegative, required } from '#schema/validate.ts'

export const ReplicationController = kind(
  types.ReplicationController,
  {
    group: '',
    version: 'v1',
    kind: 'ReplicationController',
    plural: 'replicationcontrollers',
    storagePath: 'controllers',
    singular: 'replicationcontroller',
    shortNames: ['rc'],
    categories: ['all'],
    scope: 'Namespaced',
    columns: [
      column<types.ReplicationController>('Desired', ({ spec }) => spec.replicas, { type: 'integer' }),
      column<types.ReplicationController>('Current', ({ status }) => status.replicas, { type: 'integer' }),
      column<types.ReplicationController>('Ready', ({ status }) => status.readyReplicas ?? 0, { type: 'integer' }),
      age,
      ...containerColumns<types.ReplicationController>(({ spec }) => spec.template?.spec.containers ?? []),
      column<types.ReplicationController>('Selector', ({ spec }) => formatLabels(spec.selector), { wide: true }),
    ],
    subresources: {
      scale: scaleOf<types.ReplicationController>((controller) => selectorOfLabels(controller.spec.selector)),
      status: statusOf<types.ReplicationController>({
        validateUpdate: ({ status }) =>
          validateReplicaCounts(status, ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'], ['observedGeneration']),
      }),
    },
  },
  {
    dropDisabled: dropDisabledOfWorkload,
    defaults: (controller) => {
      const template = controller.spec.template && defaultPodTemplate(controller.spec.template)
      const labels = template?.metadata?.labels
      return {
        ...controller,
        metadata: isEmpty(controller.metadata?.labels) && labels ? { ...controller.metadata, labels } : controller.metadata,
        spec: {
          ...controller.spec,
          ...(template && { template }),
          ...(isEmpty(controller.spec.selector) && labels && { selector: labels }),
        },
      }
    },
    prepareCreate: (controller) => ({ ...controller, status: { replicas: 0 } }),
    prepareUpdate: keepStatus,
    // Its name is checked where its fields are, and nobody looks at the prefix of one.
    validateName: (name, isPrefix) => (isPrefix ? [] : checkDns1123Subdomain(name)),
    validate: validateController,
    validateUpdate: validateController,
    // As the reference: an update is warned of by the template that it replaces.
    warnings: (controller, previous) => {
      const { template } = (previous ?? controller).spec
      if (!isNewWish(controller, previous)) return []
      return [
        ...(previous === undefined ? nameWarnings(controller.metadata.name, 'pods') : []),
        ...(template === undefined ? [] : podTemplateWarnings(template, 'spec.template')),
      ]
    },
    generation: true,
    // As it was before there were owners.
    defaultPropagation: 'Orphan',
    selectableFields: { 'status.replicas': ({ status }) => String(status.replicas) },
  },
)
export type ReplicationController = Of<typeof ReplicationController>

function isEmpty(labels: object | undefined): boolean {
  return Object.keys(labels ?? {}).length === 0
}

function validateController({ spec }: types.ReplicationController): Cause[] {
  return [
    ...notNegative('spec.minReadySeconds', spec.minReadySeconds),
    ...(isEmpty(spec.selector) ? [required('spec.selector')] : []),
    ...notNegative('spec.replicas', spec.replicas),
    ...validateReplicatedTemplate(spec.template, selectorOfLabels(spec.selector), 'ReplicationController', 'spec.template'),
  ]
}
