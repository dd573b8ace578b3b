import type * as v1 from '#api/autoscaling/v1/types.ts'
import type * as v2 from '#api/autoscaling/v2/types.ts'
import { parseQuantity } from '#lib/quantity.ts'

/** Metrics of the two versions say the same in fields of other names; v1 has no type of target, which follows from the fields given. */

const set = <T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never

const targetOf = (
  type: string,
  fields: { value?: string | undefined; averageValue?: string | undefined; averageUtilization?: number | undefined },
): v2.MetricTarget => set({ type, ...fields }) as v2.MetricTarget

const identifier = (name: string, selector: v2.MetricIdentifier['selector']): v2.MetricIdentifier =>
  set({ name, selector }) as v2.MetricIdentifier

/** A metric of autoscaling/v1's annotations, whose target's fields stand beside its name, in the form of v2. */
export function metricToV2({ type, object, pods, resource, containerResource, external }: v1.MetricSpec): v2.MetricSpec {
  const ofResource = ({ targetAverageUtilization: averageUtilization, targetAverageValue: averageValue }: v1.ResourceMetricSource) =>
    targetOf(averageUtilization === undefined ? 'AverageValue' : 'Utilization', { averageValue, averageUtilization })
  return set({
    type,
    object: object && {
      describedObject: object.target,
      target:
        object.averageValue === undefined
          ? targetOf('Value', { value: object.targetValue })
          : // v1 cannot leave the value out: zero is none.
            targetOf('AverageValue', {
              value: parseQuantity(object.targetValue).nano === 0n ? undefined : object.targetValue,
              averageValue: object.averageValue,
            }),
      metric: identifier(object.metricName, object.selector),
    },
    pods: pods && {
      metric: identifier(pods.metricName, pods.selector),
      target: targetOf('AverageValue', { averageValue: pods.targetAverageValue }),
    },
    resource: resource && { name: resource.name, target: ofResource(resource) },
    containerResource: containerResource && {
      name: containerResource.name,
      target: ofResource(containerResource),
      container: containerResource.container,
    },
    external: external && {
      metric: identifier(external.metricName, external.metricSelector),
      target: targetOf(external.targetValue === undefined ? 'AverageValue' : 'Value', {
        value: external.targetValue,
        averageValue: external.targetAverageValue,
      }),
    },
  }) as v2.MetricSpec
}

/** A metric of v2 as autoscaling/v1's annotations have it. */
export const metricFromV2 = (metric: v2.MetricSpec): v1.MetricSpec =>
  fromV2('target', metric, {
    object: ({ value = '0', averageValue }) => ({ targetValue: value, averageValue }),
    pods: ({ averageValue = '0' }) => ({ targetAverageValue: averageValue }),
    resource: ({ averageUtilization, averageValue }) => ({
      targetAverageUtilization: averageUtilization,
      targetAverageValue: averageValue,
    }),
    external: ({ value, averageValue }) => ({ targetValue: value, targetAverageValue: averageValue }),
  }) as v1.MetricSpec

/** What a metric was, of autoscaling/v1's annotations, in the form of v2. */
export function metricStatusToV2({ type, object, pods, resource, containerResource, external }: v1.MetricStatus): v2.MetricStatus {
  const ofResource = (status: v1.ResourceMetricStatus): v2.MetricValueStatus =>
    set({ averageValue: status.currentAverageValue, averageUtilization: status.currentAverageUtilization })
  return set({
    type,
    object: object && {
      metric: identifier(object.metricName, object.selector),
      current: set({ value: object.currentValue, averageValue: object.averageValue }),
      describedObject: object.target,
    },
    pods: pods && { metric: identifier(pods.metricName, pods.selector), current: { averageValue: pods.currentAverageValue } },
    resource: resource && { name: resource.name, current: ofResource(resource) },
    containerResource: containerResource && {
      name: containerResource.name,
      current: ofResource(containerResource),
      container: containerResource.container,
    },
    external: external && {
      metric: identifier(external.metricName, external.metricSelector),
      current: set({ value: external.currentValue, averageValue: external.currentAverageValue }),
    },
  }) as v2.MetricStatus
}

/** What a metric was, of v2, as autoscaling/v1's annotations have it. */
export const metricStatusFromV2 = (metric: v2.MetricStatus): v1.MetricStatus =>
  fromV2('current', metric, {
    object: ({ value = '0', averageValue }) => ({ currentValue: value, averageValue }),
    pods: ({ averageValue = '0' }) => ({ currentAverageValue: averageValue }),
    resource: ({ averageUtilization, averageValue = '0' }) => ({
      currentAverageUtilization: averageUtilization,
      currentAverageValue: averageValue,
    }),
    external: ({ value = '0', averageValue }) => ({ currentValue: value, currentAverageValue: averageValue }),
  }) as v1.MetricStatus

type Value = Partial<Pick<v2.MetricTarget & v2.MetricValueStatus, 'value' | 'averageValue' | 'averageUtilization'>>
type Named = Pick<v2.PodsMetricSource, 'metric'>

/** What a metric of v2 has in common with its status: both are of something, and have a value of it in the field `part`. */
interface Measured<Part extends 'target' | 'current'> {
  readonly type: string
  readonly object?: (Named & Pick<v2.ObjectMetricSource, 'describedObject'> & Record<Part, Value>) | undefined
  readonly pods?: (Named & Record<Part, Value>) | undefined
  readonly resource?: (Pick<v2.ResourceMetricSource, 'name'> & Record<Part, Value>) | undefined
  readonly containerResource?: (Pick<v2.ContainerResourceMetricSource, 'name' | 'container'> & Record<Part, Value>) | undefined
  readonly external?: (Named & Record<Part, Value>) | undefined
}

/** What the fields of a value are called in v1, which has them beside those that say of what it is the value. */
type FieldsOf = Readonly<Record<'object' | 'pods' | 'resource' | 'external', (value: Value) => object>>

/** A metric with its target, or with its current value: all that they differ in is how the fields of that part are called. */
function fromV2<Part extends 'target' | 'current'>(part: Part, metric: Measured<Part>, fields: FieldsOf): object {
  const { type, object, pods, resource, containerResource, external } = metric
  return set({
    type,
    object:
      object &&
      set({
        target: object.describedObject,
        metricName: object.metric.name,
        selector: object.metric.selector,
        ...fields.object(object[part]),
      }),
    pods: pods && set({ metricName: pods.metric.name, selector: pods.metric.selector, ...fields.pods(pods[part]) }),
    resource: resource && set({ name: resource.name, ...fields.resource(resource[part]) }),
    containerResource:
      containerResource &&
      set({ name: containerResource.name, container: containerResource.container, ...fields.resource(containerResource[part]) }),
    external:
      external && set({ metricName: external.metric.name, metricSelector: external.metric.selector, ...fields.external(external[part]) }),
  })
}
