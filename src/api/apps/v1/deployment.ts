import * as types from '#api/apps/v1/types.ts'
import { validateDeployment, validateDeploymentStatus, validateDeploymentUpdate } from '#api/apps/v1/validate-deployment.ts'
import { templateWarnings } from '#api/apps/v1/warnings.ts'
import { scaleOf } from '#api/autoscaling/v1/scale.ts'
import { age, column, containerColumns } from '#api/columns.ts'
import { dropDisabledOfWorkload } from '#api/core/v1/disabled-projections.ts'
import { defaultPodTemplate } from '#api/core/v1/pod-defaults.ts'
import { kind } from '#api/kind.ts'
import { formatSelector, selectorOf } from '#api/meta/v1/selector.ts'
import type { ObjectMeta } from '#api/meta/v1/types.ts'
import { keepStatus, same, statusOf } from '#api/strategy.ts'
import type { Of } from '#schema/schema.ts'

export const Deployment = kind(
  types.Deployment,
  {
    group: 'apps',
    version: 'v1',
    kind: 'Deployment',
    plural: 'deployments',
    singular: 'deployment',
    shortNames: ['deploy'],
    categories: ['all'],
    scope: 'Namespaced',
    columns: [
      column<types.Deployment>('Ready', ({ spec, status }) => `${status.readyReplicas ?? 0}/${spec.replicas}`),
      column<types.Deployment>('Up-to-date', ({ status }) => status.updatedReplicas ?? 0),
      column<types.Deployment>('Available', ({ status }) => status.availableReplicas ?? 0),
      age,
      ...containerColumns<types.Deployment>(({ spec }) => spec.template.spec.containers),
      column<types.Deployment>('Selector', ({ spec }) => formatSelector(selectorOf(spec.selector)), { wide: true }),
    ],
    subresources: {
      scale: scaleOf<types.Deployment>(({ spec }) => selectorOf(spec.selector)),
      status: statusOf<types.Deployment>({
        take: (previous, body) => ({ ...body, metadata: keepLabels(body.metadata, previous.metadata), spec: previous.spec }),
        validateUpdate: validateDeploymentStatus,
      }),
    },
  },
  {
    blank: (object) => ({ ...object, spec: { replicas: 0 } }),
    dropDisabled: dropDisabledOfWorkload,
    defaults: (deployment) => ({
      ...deployment,
      spec: {
        ...deployment.spec,
        strategy: defaultStrategy(deployment.spec.strategy),
        template: defaultPodTemplate(deployment.spec.template),
      },
    }),
    prepareCreate: (deployment) => ({ ...deployment, status: {} }),
    prepareUpdate: keepStatus,
    warnings: (deployment, previous) => templateWarnings(deployment, previous),
    validate: validateDeployment,
    validateUpdate: validateDeploymentUpdate,
    resetFields: { status: [['spec'], ['metadata', 'labels']] },
    // Annotations are copied to the replica sets, so a change of them is work for the controller.
    generation: (next, previous) => !same(next.spec, previous.spec) || !same(next.metadata.annotations, previous.metadata.annotations),
  },
)
export type Deployment = Of<typeof Deployment>

function defaultStrategy(strategy: types.DeploymentStrategy): types.DeploymentStrategy {
  return strategy.type !== 'RollingUpdate' || strategy.rollingUpdate !== undefined
    ? strategy
    : { ...strategy, rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } }
}

function keepLabels(next: ObjectMeta, previous: ObjectMeta): ObjectMeta {
  const { labels: _, ...rest } = next
  return previous.labels === undefined ? rest : { ...rest, labels: previous.labels }
}
