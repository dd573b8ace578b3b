import * as types from '#api/apps/v1/types.ts'
import { validateDaemonSet, validateDaemonSetStatus, validateDaemonSetUpdate } from '#api/apps/v1/validate-daemon-set.ts'
import { isNewWish } from '#api/apps/v1/warnings.ts'
import { age, column, containerColumns, formatLabels } from '#api/columns.ts'
import { dropDisabledOfWorkload } from '#api/core/v1/disabled-projections.ts'
import { defaultPodTemplate } from '#api/core/v1/pod-defaults.ts'
import { podTemplateWarnings } from '#api/core/v1/pod-warnings.ts'
import { kind } from '#api/kind.ts'
import { formatSelector, selectorOf } from '#api/meta/v1/selector.ts'
import type { ObjectMeta } from '#api/meta/v1/types.ts'
import { keepStatus, same, statusOf } from '#api/strategy.ts'
import type { Of } from '#schema/schema.ts'

export const DaemonSet = kind(
  types.DaemonSet,
  {
    group: 'apps',
    version: 'v1',
    kind: 'DaemonSet',
    plural: 'daemonsets',
    singular: 'daemonset',
    shortNames: ['ds'],
    categories: ['all'],
    scope: 'Namespaced',
    columns: [
      column<types.DaemonSet>('Desired', ({ status }) => status.desiredNumberScheduled ?? 0, { type: 'integer' }),
      column<types.DaemonSet>('Current', ({ status }) => status.currentNumberScheduled ?? 0, { type: 'integer' }),
      column<types.DaemonSet>('Ready', ({ status }) => status.numberReady ?? 0, { type: 'integer' }),
      column<types.DaemonSet>('Up-to-date', ({ status }) => status.updatedNumberScheduled ?? 0, { type: 'integer' }),
      column<types.DaemonSet>('Available', ({ status }) => status.numberAvailable ?? 0, { type: 'integer' }),
      column<types.DaemonSet>('Node Selector', ({ spec }) => formatLabels(spec.template.spec.nodeSelector)),
      age,
      ...containerColumns<types.DaemonSet>(({ spec }) => spec.template.spec.containers),
      column<types.DaemonSet>('Selector', ({ spec }) => formatSelector(selectorOf(spec.selector)) || '<none>', { wide: true }),
    ],
    partialMetadata: withoutTemplateGeneration,
    subresources: {
      status: statusOf<types.DaemonSet>({
        take: (previous, body) => ({
          ...body,
          metadata: withTemplateGeneration(body.metadata, templateGenerationOf(previous.metadata)),
          spec: previous.spec,
        }),
        validateUpdate: validateDaemonSetStatus,
      }),
    },
  },
  {
    blank: ({ metadata, ...object }) => ({
      ...object,
      metadata: { ...metadata, annotations: { 'deprecated.daemonset.template.generation': '0', ...metadata.annotations } },
    }),
    dropDisabled: dropDisabledOfWorkload,
    defaults: (set) =>
      set.spec === undefined
        ? set
        : {
            ...set,
            // The reference keeps it as a field of its own, which every version of the object shows as this annotation.
            metadata: withTemplateGeneration(set.metadata, templateGenerationOf(set.metadata)),
            spec: {
              ...set.spec,
              template: defaultPodTemplate(set.spec.template),
              updateStrategy: defaultStrategy(set.spec.updateStrategy),
            },
          },
    prepareCreate: (set) => ({
      ...set,
      metadata: withTemplateGeneration(set.metadata, Math.max(1, templateGenerationOf(set.metadata))),
      status: { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 },
    }),
    prepareUpdate: (next, previous) => ({
      ...keepStatus(next, previous),
      metadata: withTemplateGeneration(
        next.metadata,
        templateGenerationOf(previous.metadata) + (same(next.spec.template, previous.spec.template) ? 0 : 1),
      ),
    }),
    validate: validateDaemonSet,
    validateUpdate: validateDaemonSetUpdate,
    warnings: (set, previous) =>
      isNewWish(set, previous) && (previous === undefined || !same(set.spec.template, previous.spec.template))
        ? podTemplateWarnings(set.spec.template, 'spec.template')
        : [],
    generation: true,
  },
)
export type DaemonSet = Of<typeof DaemonSet>

function defaultStrategy(strategy: types.DaemonSetUpdateStrategy): types.DaemonSetUpdateStrategy {
  return strategy.type !== 'RollingUpdate' || strategy.rollingUpdate !== undefined
    ? strategy
    : { ...strategy, rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } }
}

const annotation = 'deprecated.daemonset.template.generation'

/** How often the template changed: a field of older versions, which this one keeps in an annotation that only the server writes. */
const templateGenerationOf = ({ annotations }: ObjectMeta): number => Number(annotations?.[annotation] ?? 0) || 0

function withoutTemplateGeneration<M extends ObjectMeta>(metadata: M): M {
  const { [annotation]: _, ...annotations } = metadata.annotations ?? {}
  const { annotations: _all, ...rest } = metadata
  return (Object.keys(annotations).length === 0 ? rest : { ...rest, annotations }) as M
}

const withTemplateGeneration = <M extends ObjectMeta>(metadata: M, generation: number): M => ({
  ...metadata,
  annotations: { ...metadata.annotations, [annotation]: String(generation) },
})
