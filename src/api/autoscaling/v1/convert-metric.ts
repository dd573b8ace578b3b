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

export function metricFromV2({ type, object, pods, resource, containerResource, external }: v2.MetricSpec): v1.MetricSpec {
  const ofResource = ({ averageUtilization, averageValue }: v2.MetricTarget) =>
    set({ targetAverageUtilization: averageUtilization, targetAverageValue: averageValue })
  return set({
    type: type as v1.MetricSourceType,
    object:
      object &&
      set({
        target: object.describedObject,
        metricName: object.metric.name,
        targetValue: object.target.value ?? '0',
        selector: object.metric.selector,
        averageValue: object.target.averageValue,
      }),
    pods:
      pods && set({ metricName: pods.metric.name, targetAverageValue: pods.target.averageValue ?? '0', selector: pods.metric.selector }),
    resource: resource && { name: resource.name, ...ofResource(resource.target) },
    containerResource: containerResource && {
      name: containerResource.name,
      ...ofResource(containerResource.target),
      container: containerResource.container,
    },
    external:
      external &&
      set({
        metricName: external.metric.name,
        metricSelector: external.metric.selector,
        targetValue: external.target.value,
        targetAverageValue: external.target.averageValue,
      }),
  }) as v1.MetricSpec
}

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

export function metricStatusFromV2({ type, object, pods, resource, containerResource, external }: v2.MetricStatus): v1.MetricStatus {
  const ofResource = ({ averageUtilization, averageValue = '0' }: v2.MetricValueStatus) =>
    set({ currentAverageUtilization: averageUtilization, currentAverageValue: averageValue })
  return set({
    type: type as v1.MetricSourceType,
    object:
      object &&
      set({
        target: object.describedObject,
        metricName: object.metric.name,
        currentValue: object.current.value ?? '0',
        selector: object.metric.selector,
        averageValue: object.current.averageValue,
      }),
    pods:
      pods && set({ metricName: pods.metric.name, currentAverageValue: pods.current.averageValue ?? '0', selector: pods.metric.selector }),
    resource: resource && { name: resource.name, ...ofResource(resource.current) },
    containerResource: containerResource && {
      name: containerResource.name,
      ...ofResource(containerResource.current),
      container: containerResource.container,
    },
    external:
      external &&
      set({
        metricName: external.metric.name,
        metricSelector: external.metric.selector,
        currentValue: external.current.value ?? '0',
        currentAverageValue: external.current.averageValue,
      }),
  }) as v1.MetricStatus
}
