/** The types of autoscaling/v1, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import * as meta from '#api/meta/v1/types.ts'
import type { Of } from '#schema/schema.ts'
import { field, int32, int64, message, nullable, oneOf, quantity, string, time } from '#schema/schema.ts'

export const CrossVersionObjectReference = message(
  'k8s.io.api.autoscaling.v1.CrossVersionObjectReference',
  {
    kind: field(1, string(), { required: true }),
    name: field(2, string(), { required: true }),
    apiVersion: field(3, string()),
  },
  { atomic: true },
)
export type CrossVersionObjectReference = Of<typeof CrossVersionObjectReference>

export const HorizontalPodAutoscalerSpec = message('k8s.io.api.autoscaling.v1.HorizontalPodAutoscalerSpec', {
  scaleTargetRef: field(1, CrossVersionObjectReference, { required: true }),
  minReplicas: field(2, int32(), { default: 1, pointer: true }),
  maxReplicas: field(3, int32(), { required: true }),
  targetCPUUtilizationPercentage: field(4, int32(), { pointer: true }),
})
export type HorizontalPodAutoscalerSpec = Of<typeof HorizontalPodAutoscalerSpec>

export const HorizontalPodAutoscalerStatus = message('k8s.io.api.autoscaling.v1.HorizontalPodAutoscalerStatus', {
  observedGeneration: field(1, int64(), { pointer: true }),
  lastScaleTime: field(2, time(), { pointer: true }),
  currentReplicas: field(3, int32(), { required: true }),
  desiredReplicas: field(4, int32(), { required: true }),
  currentCPUUtilizationPercentage: field(5, int32(), { pointer: true }),
})
export type HorizontalPodAutoscalerStatus = Of<typeof HorizontalPodAutoscalerStatus>

export const HorizontalPodAutoscaler = message('k8s.io.api.autoscaling.v1.HorizontalPodAutoscaler', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  spec: field(2, HorizontalPodAutoscalerSpec, { always: true }),
  status: field(3, HorizontalPodAutoscalerStatus, { always: true }),
})
export type HorizontalPodAutoscaler = Of<typeof HorizontalPodAutoscaler>

export const ScaleSpec = message('k8s.io.api.autoscaling.v1.ScaleSpec', {
  replicas: field(1, int32(), { default: 0 }),
})
export type ScaleSpec = Of<typeof ScaleSpec>

export const ScaleStatus = message('k8s.io.api.autoscaling.v1.ScaleStatus', {
  replicas: field(1, int32(), { required: true }),
  selector: field(2, string()),
})
export type ScaleStatus = Of<typeof ScaleStatus>

export const Scale = message('k8s.io.api.autoscaling.v1.Scale', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  spec: field(2, ScaleSpec, { always: true }),
  status: field(3, ScaleStatus, { always: true }),
})
export type Scale = Of<typeof Scale>

export const MetricSourceType = oneOf('Object', 'Pods', 'Resource', 'ContainerResource', 'External')
export type MetricSourceType = Of<typeof MetricSourceType>

export const ObjectMetricSource = message('k8s.io.api.autoscaling.v1.ObjectMetricSource', {
  target: field(1, CrossVersionObjectReference, { required: true }),
  metricName: field(2, string(), { required: true }),
  targetValue: field(3, quantity(), { required: true }),
  selector: field(4, meta.LabelSelector, { pointer: true }),
  averageValue: field(5, quantity(), { pointer: true }),
})
export type ObjectMetricSource = Of<typeof ObjectMetricSource>

export const PodsMetricSource = message('k8s.io.api.autoscaling.v1.PodsMetricSource', {
  metricName: field(1, string(), { required: true }),
  targetAverageValue: field(2, quantity(), { required: true }),
  selector: field(3, meta.LabelSelector, { pointer: true }),
})
export type PodsMetricSource = Of<typeof PodsMetricSource>

export const ResourceMetricSource = message('k8s.io.api.autoscaling.v1.ResourceMetricSource', {
  name: field(1, string(), { required: true }),
  targetAverageUtilization: field(2, int32(), { pointer: true }),
  targetAverageValue: field(3, quantity(), { pointer: true }),
})
export type ResourceMetricSource = Of<typeof ResourceMetricSource>

export const ContainerResourceMetricSource = message('k8s.io.api.autoscaling.v1.ContainerResourceMetricSource', {
  name: field(1, string(), { required: true }),
  targetAverageUtilization: field(2, int32(), { pointer: true }),
  targetAverageValue: field(3, quantity(), { pointer: true }),
  container: field(5, string(), { required: true }),
})
export type ContainerResourceMetricSource = Of<typeof ContainerResourceMetricSource>

export const ExternalMetricSource = message('k8s.io.api.autoscaling.v1.ExternalMetricSource', {
  metricName: field(1, string(), { required: true }),
  metricSelector: field(2, meta.LabelSelector, { pointer: true }),
  targetValue: field(3, quantity(), { pointer: true }),
  targetAverageValue: field(4, quantity(), { pointer: true }),
})
export type ExternalMetricSource = Of<typeof ExternalMetricSource>

export const MetricSpec = message('k8s.io.api.autoscaling.v1.MetricSpec', {
  type: field(1, MetricSourceType, { required: true }),
  object: field(2, ObjectMetricSource, { pointer: true }),
  pods: field(3, PodsMetricSource, { pointer: true }),
  resource: field(4, ResourceMetricSource, { pointer: true }),
  containerResource: field(7, ContainerResourceMetricSource, { pointer: true }),
  external: field(5, ExternalMetricSource, { pointer: true }),
})
export type MetricSpec = Of<typeof MetricSpec>

export const ObjectMetricStatus = message('k8s.io.api.autoscaling.v1.ObjectMetricStatus', {
  target: field(1, CrossVersionObjectReference, { required: true }),
  metricName: field(2, string(), { required: true }),
  currentValue: field(3, quantity(), { required: true }),
  selector: field(4, meta.LabelSelector, { pointer: true }),
  averageValue: field(5, quantity(), { pointer: true }),
})
export type ObjectMetricStatus = Of<typeof ObjectMetricStatus>

export const PodsMetricStatus = message('k8s.io.api.autoscaling.v1.PodsMetricStatus', {
  metricName: field(1, string(), { required: true }),
  currentAverageValue: field(2, quantity(), { required: true }),
  selector: field(3, meta.LabelSelector, { pointer: true }),
})
export type PodsMetricStatus = Of<typeof PodsMetricStatus>

export const ResourceMetricStatus = message('k8s.io.api.autoscaling.v1.ResourceMetricStatus', {
  name: field(1, string(), { required: true }),
  currentAverageUtilization: field(2, int32(), { pointer: true }),
  currentAverageValue: field(3, quantity(), { required: true }),
})
export type ResourceMetricStatus = Of<typeof ResourceMetricStatus>

export const ContainerResourceMetricStatus = message('k8s.io.api.autoscaling.v1.ContainerResourceMetricStatus', {
  name: field(1, string(), { required: true }),
  currentAverageUtilization: field(2, int32(), { pointer: true }),
  currentAverageValue: field(3, quantity(), { required: true }),
  container: field(4, string(), { required: true }),
})
export type ContainerResourceMetricStatus = Of<typeof ContainerResourceMetricStatus>

export const ExternalMetricStatus = message('k8s.io.api.autoscaling.v1.ExternalMetricStatus', {
  metricName: field(1, string(), { required: true }),
  metricSelector: field(2, meta.LabelSelector, { pointer: true }),
  currentValue: field(3, quantity(), { required: true }),
  currentAverageValue: field(4, quantity(), { pointer: true }),
})
export type ExternalMetricStatus = Of<typeof ExternalMetricStatus>

export const MetricStatus = message('k8s.io.api.autoscaling.v1.MetricStatus', {
  type: field(1, MetricSourceType, { required: true }),
  object: field(2, ObjectMetricStatus, { pointer: true }),
  pods: field(3, PodsMetricStatus, { pointer: true }),
  resource: field(4, ResourceMetricStatus, { pointer: true }),
  containerResource: field(7, ContainerResourceMetricStatus, { pointer: true }),
  external: field(5, ExternalMetricStatus, { pointer: true }),
})
export type MetricStatus = Of<typeof MetricStatus>

export const HorizontalPodAutoscalerCondition = message('k8s.io.api.autoscaling.v1.HorizontalPodAutoscalerCondition', {
  type: field(1, string(), { required: true }),
  status: field(2, string(), { required: true }),
  lastTransitionTime: field(3, nullable(time()), { always: true }),
  reason: field(4, string()),
  message: field(5, string()),
})
export type HorizontalPodAutoscalerCondition = Of<typeof HorizontalPodAutoscalerCondition>
