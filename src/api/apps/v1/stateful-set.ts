import { defaultMaxUnavailable, dropMaxUnavailable } from '#api/apps/v1/stateful-set-max-unavailable.ts'
import * as types from '#api/apps/v1/types.ts'
import { validateStatefulSet, validateStatefulSetStatus, validateStatefulSetUpdate } from '#api/apps/v1/validate-stateful-set.ts'
import { scaleOf } from '#api/autoscaling/v1/scale.ts'
import { age, column, containerColumns } from '#api/columns.ts'
import { dropDisabledOfWorkload } from '#api/core/v1/disabled-projections.ts'
import { defaultPodTemplate, roundResources } from '#api/core/v1/pod-defaults.ts'
import { podTemplateWarnings } from '#api/core/v1/pod-warnings.ts'
import type { PersistentVolumeClaim } from '#api/core/v1/types.ts'
import { claimSpecWarnings } from '#api/core/v1/volume-warnings.ts'
import { kind } from '#api/kind.ts'
import { selectorOf } from '#api/meta/v1/selector.ts'
import { keepStatus, same, statusOf } from '#api/strategy.ts'
import type { Of } from '#schema/schema.ts'
import { checkDns1123Label } from '#schema/validate.ts'

export const StatefulSet = kind(
  types.StatefulSet,
  {
    group: 'apps',
    version: 'v1',
    kind: 'StatefulSet',
    plural: 'statefulsets',
    singular: 'statefulset',
    shortNames: ['sts'],
    categories: ['all'],
    scope: 'Namespaced',
    columns: [
      column<types.StatefulSet>('Ready', ({ spec, status }) => `${status.readyReplicas ?? 0}/${spec.replicas}`),
      age,
      ...containerColumns<types.StatefulSet>(({ spec }) => spec.template.spec.containers),
    ],
    subresources: {
      scale: scaleOf<types.StatefulSet>(({ spec }) => selectorOf(spec.selector)),
      status: statusOf<types.StatefulSet>({ validateUpdate: validateStatefulSetStatus }),
    },
  },
  {
    blank: (object) => ({ ...object, spec: { replicas: 0 } }),
    dropDisabled: (next, previous, features) => dropDisabledOfWorkload(dropMaxUnavailable(next, previous, features), previous, features),
    defaults: (set) => (set.spec === undefined ? set : { ...set, spec: defaultSpec(set.spec) }),
    gatedDefaults: defaultMaxUnavailable,
    prepareCreate: (set) => ({ ...set, status: { replicas: 0, availableReplicas: 0 } }),
    prepareUpdate: keepStatus,
    validateName: checkDns1123Label,
    validate: validateStatefulSet,
    validateUpdate: validateStatefulSetUpdate,
    warnings: (set, previous) => [
      ...(previous === undefined || !same(set.spec, previous.spec) ? podTemplateWarnings(set.spec.template, 'spec.template') : []),
      // The reference spells the path of an update in its own way.
      ...(set.spec.volumeClaimTemplates ?? []).flatMap(({ spec }, i) =>
        claimSpecWarnings(spec, `spec.volumeClaimTemplates[${i}]${previous === undefined ? '' : '.Spec'}`),
      ),
      ...(set.spec.revisionHistoryLimit < 0
        ? ['spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended']
        : []),
    ],
    generation: true,
  },
)
export type StatefulSet = Of<typeof StatefulSet>

function defaultSpec(spec: types.StatefulSetSpec): types.StatefulSetSpec {
  const { updateStrategy = {}, volumeClaimTemplates } = spec
  return {
    ...spec,
    updateStrategy: defaultStrategy(updateStrategy),
    template: defaultPodTemplate(spec.template),
    ...(volumeClaimTemplates && { volumeClaimTemplates: volumeClaimTemplates.map(defaultClaim) }),
  }
}

/** Only who leaves the type out gets the structure too; a set that names its type has what it says. */
function defaultStrategy(strategy: types.StatefulSetUpdateStrategy): types.StatefulSetUpdateStrategy {
  const { type = '', rollingUpdate } = strategy
  if (type === '')
    return { ...strategy, type: 'RollingUpdate', rollingUpdate: { ...rollingUpdate, partition: rollingUpdate?.partition ?? 0 } }
  if (type !== 'RollingUpdate' || rollingUpdate === undefined || rollingUpdate.partition !== undefined) return strategy
  return { ...strategy, rollingUpdate: { ...rollingUpdate, partition: 0 } }
}

const defaultClaim = (claim: PersistentVolumeClaim): PersistentVolumeClaim => ({
  ...claim,
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  ...(claim.spec && { spec: { ...claim.spec, resources: roundResources(claim.spec.resources ?? {}) } }),
})
