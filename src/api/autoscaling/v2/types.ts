/** The types of autoscaling/v2, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import { objectFields } from '#api/meta/v1/object-fields.ts'
import * as meta from '#api/meta/v1/types.ts'
import type { Of } from '#schema/schema.ts'
import { field, int32, int64, list, message, nullable, quantity, string, time } from '#schema/schema.ts'

export const CrossVersionObjectReference = message(
  'k8s.io.api.autoscaling.v2.CrossVersionObjectReference',
  {
    kind: field(1, string(), { required: true, about: 'Kind of the object, such as Deployment.' }),
    name: field(2, string(), { required: true, about: 'Name of the object.' }),
    apiVersion: field(3, string(), { about: 'Group and version of the object, such as apps/v1.' }),
  },
  { about: 'Names an object of the same namespace by kind and name.' },
)
export type CrossVersionObjectReference = Of<typeof CrossVersionObjectReference>

export const MetricTarget = message(
  'k8s.io.api.autoscaling.v2.MetricTarget',
  {
    type: field(1, string(), { required: true, about: 'Utilization, Value or AverageValue, and the field of that sort has to be given.' }),
    value: field(2, quantity(), { pointer: true, about: 'Target for the metric as a whole, as a quantity.' }),
    averageValue: field(3, quantity(), { pointer: true, about: 'Target for the metric divided by the number of pods, as a quantity.' }),
    averageUtilization: field(4, int32(), {
      pointer: true,
      about: 'Target as a percentage of what the pods request, averaged over them; for cpu and memory only.',
    }),
  },
  { about: 'Value that a metric is to be brought to; the type says which of the fields counts.' },
)
export type MetricTarget = Of<typeof MetricTarget>

export const MetricIdentifier = message(
  'k8s.io.api.autoscaling.v2.MetricIdentifier',
  {
    name: field(1, string(), { required: true, about: 'Name of the metric.' }),
    selector: field(2, meta.LabelSelector, {
      pointer: true,
      about: 'Labels that narrow the metric down, handed on to the metrics server; without them only the name counts.',
    }),
  },
  { about: 'Names a metric.' },
)
export type MetricIdentifier = Of<typeof MetricIdentifier>

export const ObjectMetricSource = message(
  'k8s.io.api.autoscaling.v2.ObjectMetricSource',
  {
    describedObject: field(1, CrossVersionObjectReference, {
      required: true,
      about: 'Object, of the same namespace, that the metric is about.',
    }),
    target: field(2, MetricTarget, { required: true, about: 'Value to aim at: Value or AverageValue.' }),
    metric: field(3, MetricIdentifier, { required: true, about: 'Name of the metric, perhaps with labels.' }),
  },
  { about: 'Metric that describes one object, such as the requests per second of an Ingress.' },
)
export type ObjectMetricSource = Of<typeof ObjectMetricSource>

export const PodsMetricSource = message(
  'k8s.io.api.autoscaling.v2.PodsMetricSource',
  {
    metric: field(1, MetricIdentifier, { required: true, about: 'Name of the metric, perhaps with labels.' }),
    target: field(2, MetricTarget, { required: true, about: 'Value to aim at, of type AverageValue.' }),
  },
  { about: 'Metric that each of the scaled pods has, such as transactions per second; it is averaged over them.' },
)
export type PodsMetricSource = Of<typeof PodsMetricSource>

export const ResourceMetricSource = message(
  'k8s.io.api.autoscaling.v2.ResourceMetricSource',
  {
    name: field(1, string(), { required: true, about: 'Name of the resource: cpu or memory.' }),
    target: field(2, MetricTarget, { required: true, about: 'Value to aim at: Utilization or AverageValue.' }),
  },
  { about: 'Use of cpu or memory by the scaled pods, all their containers together.' },
)
export type ResourceMetricSource = Of<typeof ResourceMetricSource>

export const ContainerResourceMetricSource = message(
  'k8s.io.api.autoscaling.v2.ContainerResourceMetricSource',
  {
    name: field(1, string(), { required: true, about: 'Name of the resource: cpu or memory.' }),
    target: field(2, MetricTarget, { required: true, about: 'Value to aim at: Utilization or AverageValue.' }),
    container: field(3, string(), { required: true, about: 'Name of the container in the pods.' }),
  },
  { about: 'Use of cpu or memory by one container of the scaled pods.' },
)
export type ContainerResourceMetricSource = Of<typeof ContainerResourceMetricSource>

export const ExternalMetricSource = message(
  'k8s.io.api.autoscaling.v2.ExternalMetricSource',
  {
    metric: field(1, MetricIdentifier, { required: true, about: 'Name of the metric, perhaps with labels.' }),
    target: field(2, MetricTarget, { required: true, about: 'Value to aim at: Value or AverageValue.' }),
  },
  { about: 'Metric from outside the cluster, such as the length of a queue in a hosted service.' },
)
export type ExternalMetricSource = Of<typeof ExternalMetricSource>

export const MetricSpec = message(
  'k8s.io.api.autoscaling.v2.MetricSpec',
  {
    type: field(1, string(), { required: true, about: 'Resource, ContainerResource, Pods, Object or External.' }),
    object: field(2, ObjectMetricSource, { pointer: true, about: 'Metric of a single object, for type Object.' }),
    pods: field(3, PodsMetricSource, { pointer: true, about: 'Metric averaged over the scaled pods, for type Pods.' }),
    resource: field(4, ResourceMetricSource, { pointer: true, about: 'Use of cpu or memory by whole pods, for type Resource.' }),
    containerResource: field(7, ContainerResourceMetricSource, {
      pointer: true,
      about: 'Use of cpu or memory by one container of each pod, for type ContainerResource.',
    }),
    external: field(5, ExternalMetricSource, { pointer: true, about: 'Metric from outside the cluster, for type External.' }),
  },
  { about: 'One metric to scale by; besides the type, exactly the field of that type is given.' },
)
export type MetricSpec = Of<typeof MetricSpec>

export const HPAScalingPolicy = message(
  'k8s.io.api.autoscaling.v2.HPAScalingPolicy',
  {
    type: field(1, string(), { required: true, about: 'Pods counts pods, Percent is relative to the present number.' }),
    value: field(2, int32(), { required: true, about: 'Largest change within the period, in pods or percent; more than 0.' }),
    periodSeconds: field(3, int32(), { required: true, about: 'Length of the period in seconds, from 1 to 1800.' }),
  },
  { about: 'How much the number of pods may change within a period.' },
)
export type HPAScalingPolicy = Of<typeof HPAScalingPolicy>

export const HPAScalingRules = message(
  'k8s.io.api.autoscaling.v2.HPAScalingRules',
  {
    stabilizationWindowSeconds: field(3, int32(), {
      pointer: true,
      about: 'Seconds of past advice of which the most cautious is followed, 0 to 3600; by default 0 up and 300 down.',
    }),
    selectPolicy: field(1, string(), {
      pointer: true,
      about: 'Which policy counts: Max (the default) the largest change, Min the smallest; Disabled stops this direction.',
    }),
    policies: field(2, list(HPAScalingPolicy), {
      about: 'Limits on the change. By default 100% every 15 seconds, and upwards 4 pods every 15 seconds if that is more.',
    }),
    tolerance: field(4, quantity(), {
      pointer: true,
      about: 'How far the metric may be off the target, as a share such as 50m for 5%; by default that of the cluster, 10%.',
    }),
  },
  { about: 'How fast, and after which hesitation, the number of pods goes in one direction.' },
)
export type HPAScalingRules = Of<typeof HPAScalingRules>

export const HorizontalPodAutoscalerBehavior = message(
  'k8s.io.api.autoscaling.v2.HorizontalPodAutoscalerBehavior',
  {
    scaleUp: field(1, HPAScalingRules, { pointer: true, about: 'Rules for more pods; what is left out has its default.' }),
    scaleDown: field(2, HPAScalingRules, { pointer: true, about: 'Rules for fewer pods; what is left out has its default.' }),
  },
  { about: 'How fast the number of pods may rise and fall.' },
)
export type HorizontalPodAutoscalerBehavior = Of<typeof HorizontalPodAutoscalerBehavior>

export const HorizontalPodAutoscalerSpec = message(
  'k8s.io.api.autoscaling.v2.HorizontalPodAutoscalerSpec',
  {
    scaleTargetRef: field(1, CrossVersionObjectReference, {
      required: true,
      about: 'Object with a scale subresource, such as a Deployment, whose number of pods is set.',
    }),
    minReplicas: field(2, int32(), { pointer: true, about: 'Fewest pods; 1 by default.' }),
    maxReplicas: field(3, int32(), { required: true, about: 'Most pods, not less than minReplicas.' }),
    metrics: field(4, list(MetricSpec), {
      about: 'Metrics to scale by; the one that asks for most pods wins. By default cpu at 80% of what is requested.',
    }),
    behavior: field(5, HorizontalPodAutoscalerBehavior, {
      pointer: true,
      about: 'Limits on how fast the number changes, in either direction.',
    }),
  },
  { about: 'What is scaled, between which bounds and by which metrics.' },
)
export type HorizontalPodAutoscalerSpec = Of<typeof HorizontalPodAutoscalerSpec>

export const MetricValueStatus = message(
  'k8s.io.api.autoscaling.v2.MetricValueStatus',
  {
    value: field(1, quantity(), { pointer: true, about: 'Value of the metric as a whole.' }),
    averageValue: field(2, quantity(), { pointer: true, about: 'Value of the metric divided by the number of pods.' }),
    averageUtilization: field(3, int32(), {
      pointer: true,
      about: 'Percentage of what the pods request, averaged over them; for cpu and memory only.',
    }),
  },
  { about: 'Value of a metric as last measured.' },
)
export type MetricValueStatus = Of<typeof MetricValueStatus>

export const ObjectMetricStatus = message(
  'k8s.io.api.autoscaling.v2.ObjectMetricStatus',
  {
    metric: field(1, MetricIdentifier, { required: true, about: 'Name of the metric, perhaps with labels.' }),
    current: field(2, MetricValueStatus, { required: true, about: 'Value as last measured.' }),
    describedObject: field(3, CrossVersionObjectReference, { required: true, about: 'Object that the metric is about.' }),
  },
  { about: 'Last measured metric of a single object.' },
)
export type ObjectMetricStatus = Of<typeof ObjectMetricStatus>

export const PodsMetricStatus = message(
  'k8s.io.api.autoscaling.v2.PodsMetricStatus',
  {
    metric: field(1, MetricIdentifier, { required: true, about: 'Name of the metric, perhaps with labels.' }),
    current: field(2, MetricValueStatus, { required: true, about: 'Value as last measured.' }),
  },
  { about: 'Last measured metric averaged over the scaled pods.' },
)
export type PodsMetricStatus = Of<typeof PodsMetricStatus>

export const ResourceMetricStatus = message(
  'k8s.io.api.autoscaling.v2.ResourceMetricStatus',
  {
    name: field(1, string(), { required: true, about: 'Name of the resource.' }),
    current: field(2, MetricValueStatus, { required: true, about: 'Value as last measured.' }),
  },
  { about: 'Last measured use of cpu or memory by whole pods.' },
)
export type ResourceMetricStatus = Of<typeof ResourceMetricStatus>

export const ContainerResourceMetricStatus = message(
  'k8s.io.api.autoscaling.v2.ContainerResourceMetricStatus',
  {
    name: field(1, string(), { required: true, about: 'Name of the resource.' }),
    current: field(2, MetricValueStatus, { required: true, about: 'Value as last measured.' }),
    container: field(3, string(), { required: true, about: 'Name of the container in the pods.' }),
  },
  { about: 'Last measured use of cpu or memory by one container of each pod.' },
)
export type ContainerResourceMetricStatus = Of<typeof ContainerResourceMetricStatus>

export const ExternalMetricStatus = message(
  'k8s.io.api.autoscaling.v2.ExternalMetricStatus',
  {
    metric: field(1, MetricIdentifier, { required: true, about: 'Name of the metric, perhaps with labels.' }),
    current: field(2, MetricValueStatus, { required: true, about: 'Value as last measured.' }),
  },
  { about: 'Last measured metric from outside the cluster.' },
)
export type ExternalMetricStatus = Of<typeof ExternalMetricStatus>

export const MetricStatus = message(
  'k8s.io.api.autoscaling.v2.MetricStatus',
  {
    type: field(1, string(), { required: true, about: 'Resource, ContainerResource, Pods, Object or External.' }),
    object: field(2, ObjectMetricStatus, { pointer: true, about: 'Metric of a single object, for type Object.' }),
    pods: field(3, PodsMetricStatus, { pointer: true, about: 'Metric averaged over the scaled pods, for type Pods.' }),
    resource: field(4, ResourceMetricStatus, { pointer: true, about: 'Use of cpu or memory by whole pods, for type Resource.' }),
    containerResource: field(7, ContainerResourceMetricStatus, {
      pointer: true,
      about: 'Use of cpu or memory by one container of each pod, for type ContainerResource.',
    }),
    external: field(5, ExternalMetricStatus, { pointer: true, about: 'Metric from outside the cluster, for type External.' }),
  },
  { about: 'What was last measured of one metric; besides the type, the field of that type is set.' },
)
export type MetricStatus = Of<typeof MetricStatus>

export const HorizontalPodAutoscalerCondition = message(
  'k8s.io.api.autoscaling.v2.HorizontalPodAutoscalerCondition',
  {
    type: field(1, string(), { required: true, about: 'AbleToScale, ScalingActive or ScalingLimited; there is one entry for each.' }),
    status: field(2, string(), { required: true, about: 'True, False or Unknown.' }),
    lastTransitionTime: field(3, nullable(time()), { always: true, about: 'When the status last changed.' }),
    reason: field(4, string(), { about: 'Cause of the last change, as one CamelCase word.' }),
    message: field(5, string(), { about: 'Explanation of the last change for a person to read.' }),
  },
  { about: "One observed aspect of an autoscaler's state." },
)
export type HorizontalPodAutoscalerCondition = Of<typeof HorizontalPodAutoscalerCondition>

export const HorizontalPodAutoscalerStatus = message(
  'k8s.io.api.autoscaling.v2.HorizontalPodAutoscalerStatus',
  {
    observedGeneration: field(1, int64(), {
      pointer: true,
      about: 'metadata.generation that this status was computed for; a lower one means that it is out of date.',
    }),
    lastScaleTime: field(2, time(), {
      pointer: true,
      about: 'When the number of pods was last changed; it bounds how soon the next change may come.',
    }),
    currentReplicas: field(3, int32(), { about: 'How many pods the target had when last looked at.' }),
    desiredReplicas: field(4, int32(), { required: true, about: 'How many pods the autoscaler last asked for.' }),
    currentMetrics: field(5, list(MetricStatus), { always: true, about: 'Metrics as last measured.' }),
    conditions: field(
      6,
      list(HorizontalPodAutoscalerCondition, { apply: { type: 'map', keys: ['type'] }, patch: { strategy: 'merge', key: 'type' } }),
      { about: 'Whether it can scale, does so, and is held back by its bounds; one entry for each type.' },
    ),
  },
  { about: 'What an autoscaler last measured and decided.' },
)
export type HorizontalPodAutoscalerStatus = Of<typeof HorizontalPodAutoscalerStatus>

export const HorizontalPodAutoscaler = message(
  'k8s.io.api.autoscaling.v2.HorizontalPodAutoscaler',
  {
    ...objectFields,
    spec: field(2, HorizontalPodAutoscalerSpec, { listed: true, always: true, about: 'Target, bounds, metrics and pace.' }),
    status: field(3, HorizontalPodAutoscalerStatus, {
      always: true,
      about: 'Last measured metrics and last decision; written by the controller.',
    }),
  },
  { about: 'Sets the number of pods of a Deployment or the like so that metrics stay near their targets.' },
)
export type HorizontalPodAutoscaler = Of<typeof HorizontalPodAutoscaler>
