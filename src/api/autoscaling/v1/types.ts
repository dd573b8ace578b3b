/** The types of autoscaling/v1, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import { objectFields } from '#api/meta/v1/object-fields.ts'
import * as meta from '#api/meta/v1/types.ts'
import type { Of } from '#schema/schema.ts'
import { field, int32, int64, message, nullable, oneOf, quantity, string, time } from '#schema/schema.ts'

export const CrossVersionObjectReference = message(
  'k8s.io.api.autoscaling.v1.CrossVersionObjectReference',
  {
    kind: field(1, string(), { required: true, about: 'Kind of the object, such as Deployment.' }),
    name: field(2, string(), { required: true, about: 'Name of the object.' }),
    apiVersion: field(3, string(), { about: 'Group and version of the object, such as apps/v1.' }),
  },
  { atomic: true, about: 'Names an object of the same namespace by kind and name.' },
)
export type CrossVersionObjectReference = Of<typeof CrossVersionObjectReference>

export const HorizontalPodAutoscalerSpec = message(
  'k8s.io.api.autoscaling.v1.HorizontalPodAutoscalerSpec',
  {
    scaleTargetRef: field(1, CrossVersionObjectReference, {
      required: true,
      about: 'Object with a scale subresource, such as a Deployment, whose number of pods is set.',
    }),
    minReplicas: field(2, int32(), { default: 1, pointer: true, about: 'Fewest pods; 1 by default.' }),
    maxReplicas: field(3, int32(), { required: true, about: 'Most pods, not less than minReplicas.' }),
    targetCPUUtilizationPercentage: field(4, int32(), {
      pointer: true,
      about: 'Use of cpu to aim at, as a percentage of what the pods request; 80 if no other metric is given.',
    }),
  },
  { about: 'What is scaled, between which bounds and for which use of cpu.' },
)
export type HorizontalPodAutoscalerSpec = Of<typeof HorizontalPodAutoscalerSpec>

export const HorizontalPodAutoscalerStatus = message(
  'k8s.io.api.autoscaling.v1.HorizontalPodAutoscalerStatus',
  {
    observedGeneration: field(1, int64(), {
      pointer: true,
      about: 'metadata.generation that this status was computed for; a lower one means that it is out of date.',
    }),
    lastScaleTime: field(2, time(), {
      pointer: true,
      about: 'When the number of pods was last changed; it bounds how soon the next change may come.',
    }),
    currentReplicas: field(3, int32(), { required: true, about: 'How many pods the target had when last looked at.' }),
    desiredReplicas: field(4, int32(), { required: true, about: 'How many pods the autoscaler last asked for.' }),
    currentCPUUtilizationPercentage: field(5, int32(), {
      pointer: true,
      about: 'Last measured use of cpu, as a percentage of what the pods request, averaged over them.',
    }),
  },
  { about: 'What an autoscaler last measured and decided.' },
)
export type HorizontalPodAutoscalerStatus = Of<typeof HorizontalPodAutoscalerStatus>

export const HorizontalPodAutoscaler = message(
  'k8s.io.api.autoscaling.v1.HorizontalPodAutoscaler',
  {
    ...objectFields,
    spec: field(2, HorizontalPodAutoscalerSpec, { listed: true, always: true, about: 'Target, bounds and use of cpu.' }),
    status: field(3, HorizontalPodAutoscalerStatus, { always: true, about: 'Last measurement and decision; written by the controller.' }),
  },
  { about: 'Sets the number of pods of a Deployment or the like by their use of cpu; autoscaling/v2 knows more metrics.' },
)
export type HorizontalPodAutoscaler = Of<typeof HorizontalPodAutoscaler>

export const ScaleSpec = message(
  'k8s.io.api.autoscaling.v1.ScaleSpec',
  {
    replicas: field(1, int32(), { published: true, default: 0, about: 'Wanted number of pods; writing it scales the object.' }),
  },
  { about: 'How many pods are wanted.' },
)
export type ScaleSpec = Of<typeof ScaleSpec>

export const ScaleStatus = message(
  'k8s.io.api.autoscaling.v1.ScaleStatus',
  {
    replicas: field(1, int32(), { required: true, about: 'How many pods the object has at present.' }),
    selector: field(2, string(), { about: 'Label selector of the pods, as text.' }),
  },
  { about: 'How many pods there are.' },
)
export type ScaleStatus = Of<typeof ScaleStatus>

export const Scale = message(
  'k8s.io.api.autoscaling.v1.Scale',
  {
    ...objectFields,
    spec: field(2, ScaleSpec, { always: true, about: 'Wanted size.' }),
    status: field(3, ScaleStatus, { always: true, about: 'Present size.' }),
  },
  { about: 'Size of an object that runs pods, in the same form for all kinds; served as its scale subresource.' },
)
export type Scale = Of<typeof Scale>

export const MetricSourceType = oneOf('Object', 'Pods', 'Resource', 'ContainerResource', 'External')
export type MetricSourceType = Of<typeof MetricSourceType>

export const ObjectMetricSource = message(
  'k8s.io.api.autoscaling.v1.ObjectMetricSource',
  {
    target: field(1, CrossVersionObjectReference, { required: true, about: 'Object, of the same namespace, that the metric is about.' }),
    metricName: field(2, string(), { required: true, about: 'Name of the metric.' }),
    targetValue: field(3, quantity(), { required: true, about: 'Value to bring the metric to.' }),
    selector: field(4, meta.LabelSelector, {
      pointer: true,
      about: 'Labels that narrow the metric down; without them only the name counts.',
    }),
    averageValue: field(5, quantity(), {
      pointer: true,
      about: 'Value to bring the metric, divided by the number of pods, to; it counts instead of targetValue.',
    }),
  },
  { about: 'Metric that describes one object, such as the requests per second of an Ingress.' },
)
export type ObjectMetricSource = Of<typeof ObjectMetricSource>

export const PodsMetricSource = message(
  'k8s.io.api.autoscaling.v1.PodsMetricSource',
  {
    metricName: field(1, string(), { required: true, about: 'Name of the metric.' }),
    targetAverageValue: field(2, quantity(), { required: true, about: 'Value to bring the average to.' }),
    selector: field(3, meta.LabelSelector, {
      pointer: true,
      about: 'Labels that narrow the metric down; without them only the name counts.',
    }),
  },
  { about: 'Metric that each of the scaled pods has; it is averaged over them.' },
)
export type PodsMetricSource = Of<typeof PodsMetricSource>

export const ResourceMetricSource = message(
  'k8s.io.api.autoscaling.v1.ResourceMetricSource',
  {
    name: field(1, string(), { required: true, about: 'Name of the resource: cpu or memory.' }),
    targetAverageUtilization: field(2, int32(), {
      pointer: true,
      about: 'Percentage of what the pods request to bring the average to; give either this or targetAverageValue.',
    }),
    targetAverageValue: field(3, quantity(), {
      pointer: true,
      about: 'Use by a pod to bring the average to, as a quantity; give either this or targetAverageUtilization.',
    }),
  },
  { about: 'Use of cpu or memory by the scaled pods, all their containers together.' },
)
export type ResourceMetricSource = Of<typeof ResourceMetricSource>

export const ContainerResourceMetricSource = message(
  'k8s.io.api.autoscaling.v1.ContainerResourceMetricSource',
  {
    name: field(1, string(), { required: true, about: 'Name of the resource: cpu or memory.' }),
    targetAverageUtilization: field(2, int32(), {
      pointer: true,
      about: 'Percentage of what the container requests to bring the average to; give either this or targetAverageValue.',
    }),
    targetAverageValue: field(3, quantity(), {
      pointer: true,
      about: 'Use by the container to bring the average to, as a quantity; give either this or targetAverageUtilization.',
    }),
    container: field(5, string(), { required: true, about: 'Name of the container in the pods.' }),
  },
  { about: 'Use of cpu or memory by one container of the scaled pods.' },
)
export type ContainerResourceMetricSource = Of<typeof ContainerResourceMetricSource>

export const ExternalMetricSource = message(
  'k8s.io.api.autoscaling.v1.ExternalMetricSource',
  {
    metricName: field(1, string(), { required: true, about: 'Name of the metric.' }),
    metricSelector: field(2, meta.LabelSelector, {
      pointer: true,
      about: 'Labels that narrow the metric down; without them only the name counts.',
    }),
    targetValue: field(3, quantity(), {
      pointer: true,
      about: 'Value to bring the metric as a whole to; give either this or targetAverageValue.',
    }),
    targetAverageValue: field(4, quantity(), {
      pointer: true,
      about: 'Value to bring the metric, divided by the number of pods, to; give either this or targetValue.',
    }),
  },
  { about: 'Metric from outside the cluster, such as the length of a queue in a hosted service.' },
)
export type ExternalMetricSource = Of<typeof ExternalMetricSource>

export const MetricSpec = message(
  'k8s.io.api.autoscaling.v1.MetricSpec',
  {
    type: field(1, MetricSourceType, { required: true, about: 'Resource, ContainerResource, Pods, Object or External.' }),
    object: field(2, ObjectMetricSource, { pointer: true, about: 'Metric of a single object, for type Object.' }),
    pods: field(3, PodsMetricSource, { pointer: true, about: 'Metric averaged over the scaled pods, for type Pods.' }),
    resource: field(4, ResourceMetricSource, { pointer: true, about: 'Use of cpu or memory by whole pods, for type Resource.' }),
    containerResource: field(7, ContainerResourceMetricSource, {
      pointer: true,
      about: 'Use of cpu or memory by one container of each pod, for type ContainerResource.',
    }),
    external: field(5, ExternalMetricSource, { pointer: true, about: 'Metric from outside the cluster, for type External.' }),
  },
  { about: 'One metric to scale by, as annotations of autoscaling/v1 hold it; besides the type, the field of that type is given.' },
)
export type MetricSpec = Of<typeof MetricSpec>

export const ObjectMetricStatus = message(
  'k8s.io.api.autoscaling.v1.ObjectMetricStatus',
  {
    target: field(1, CrossVersionObjectReference, { required: true, about: 'Object that the metric is about.' }),
    metricName: field(2, string(), { required: true, about: 'Name of the metric.' }),
    currentValue: field(3, quantity(), { required: true, about: 'Value as last measured.' }),
    selector: field(4, meta.LabelSelector, { pointer: true, about: 'Labels that the metric was narrowed down by.' }),
    averageValue: field(5, quantity(), { pointer: true, about: 'Value as last measured, divided by the number of pods.' }),
  },
  { about: 'Last measured metric of a single object.' },
)
export type ObjectMetricStatus = Of<typeof ObjectMetricStatus>

export const PodsMetricStatus = message(
  'k8s.io.api.autoscaling.v1.PodsMetricStatus',
  {
    metricName: field(1, string(), { required: true, about: 'Name of the metric.' }),
    currentAverageValue: field(2, quantity(), { required: true, about: 'Average as last measured.' }),
    selector: field(3, meta.LabelSelector, { pointer: true, about: 'Labels that the metric was narrowed down by.' }),
  },
  { about: 'Last measured metric averaged over the scaled pods.' },
)
export type PodsMetricStatus = Of<typeof PodsMetricStatus>

export const ResourceMetricStatus = message(
  'k8s.io.api.autoscaling.v1.ResourceMetricStatus',
  {
    name: field(1, string(), { required: true, about: 'Name of the resource.' }),
    currentAverageUtilization: field(2, int32(), {
      pointer: true,
      about: 'Percentage of what the pods request, averaged over them; set only if the target is a percentage.',
    }),
    currentAverageValue: field(3, quantity(), { required: true, about: 'Use by a pod, averaged over them.' }),
  },
  { about: 'Last measured use of cpu or memory by whole pods.' },
)
export type ResourceMetricStatus = Of<typeof ResourceMetricStatus>

export const ContainerResourceMetricStatus = message(
  'k8s.io.api.autoscaling.v1.ContainerResourceMetricStatus',
  {
    name: field(1, string(), { required: true, about: 'Name of the resource.' }),
    currentAverageUtilization: field(2, int32(), {
      pointer: true,
      about: 'Percentage of what the container requests, averaged over the pods; set only if the target is a percentage.',
    }),
    currentAverageValue: field(3, quantity(), { required: true, about: 'Use by the container, averaged over the pods.' }),
    container: field(4, string(), { required: true, about: 'Name of the container in the pods.' }),
  },
  { about: 'Last measured use of cpu or memory by one container of each pod.' },
)
export type ContainerResourceMetricStatus = Of<typeof ContainerResourceMetricStatus>

export const ExternalMetricStatus = message(
  'k8s.io.api.autoscaling.v1.ExternalMetricStatus',
  {
    metricName: field(1, string(), { required: true, about: 'Name of the metric.' }),
    metricSelector: field(2, meta.LabelSelector, { pointer: true, about: 'Labels that the metric was narrowed down by.' }),
    currentValue: field(3, quantity(), { required: true, about: 'Value as last measured.' }),
    currentAverageValue: field(4, quantity(), { pointer: true, about: 'Value as last measured, divided by the number of pods.' }),
  },
  { about: 'Last measured metric from outside the cluster.' },
)
export type ExternalMetricStatus = Of<typeof ExternalMetricStatus>

export const MetricStatus = message(
  'k8s.io.api.autoscaling.v1.MetricStatus',
  {
    type: field(1, MetricSourceType, { required: true, about: 'Resource, ContainerResource, Pods, Object or External.' }),
    object: field(2, ObjectMetricStatus, { pointer: true, about: 'Metric of a single object, for type Object.' }),
    pods: field(3, PodsMetricStatus, { pointer: true, about: 'Metric averaged over the scaled pods, for type Pods.' }),
    resource: field(4, ResourceMetricStatus, { pointer: true, about: 'Use of cpu or memory by whole pods, for type Resource.' }),
    containerResource: field(7, ContainerResourceMetricStatus, {
      pointer: true,
      about: 'Use of cpu or memory by one container of each pod, for type ContainerResource.',
    }),
    external: field(5, ExternalMetricStatus, { pointer: true, about: 'Metric from outside the cluster, for type External.' }),
  },
  { about: 'What was last measured of one metric, as annotations of autoscaling/v1 hold it.' },
)
export type MetricStatus = Of<typeof MetricStatus>

export const HorizontalPodAutoscalerCondition = message(
  'k8s.io.api.autoscaling.v1.HorizontalPodAutoscalerCondition',
  {
    type: field(1, string(), { required: true, about: 'AbleToScale, ScalingActive or ScalingLimited; there is one entry for each.' }),
    status: field(2, string(), { required: true, about: 'True, False or Unknown.' }),
    lastTransitionTime: field(3, nullable(time()), { always: true, about: 'When the status last changed.' }),
    reason: field(4, string(), { about: 'Cause of the last change, as one CamelCase word.' }),
    message: field(5, string(), { about: 'Explanation of the last change for a person to read.' }),
  },
  { about: "One observed aspect of an autoscaler's state, as annotations of autoscaling/v1 hold it." },
)
export type HorizontalPodAutoscalerCondition = Of<typeof HorizontalPodAutoscalerCondition>
