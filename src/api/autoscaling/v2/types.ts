/** The types of autoscaling/v2, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import * as meta from '#api/meta/v1/types.ts'
import type { Of } from '#schema/schema.ts'
import { field, int32, int64, list, message, nullable, quantity, string, time } from '#schema/schema.ts'

export const CrossVersionObjectReference = message('k8s.io.api.autoscaling.v2.CrossVersionObjectReference', {
  kind: field(1, string(), { required: true }),
  name: field(2, string(), { required: true }),
  apiVersion: field(3, string()),
})
export type CrossVersionObjectReference = Of<typeof CrossVersionObjectReference>

export const MetricTarget = message('k8s.io.api.autoscaling.v2.MetricTarget', {
  type: field(1, string(), { required: true }),
  value: field(2, quantity(), { pointer: true }),
  averageValue: field(3, quantity(), { pointer: true }),
  averageUtilization: field(4, int32(), { pointer: true }),
})
export type MetricTarget = Of<typeof MetricTarget>

export const MetricIdentifier = message('k8s.io.api.autoscaling.v2.MetricIdentifier', {
  name: field(1, string(), { required: true }),
  selector: field(2, meta.LabelSelector, { pointer: true }),
})
export type MetricIdentifier = Of<typeof MetricIdentifier>

export const ObjectMetricSource = message('k8s.io.api.autoscaling.v2.ObjectMetricSource', {
  describedObject: field(1, CrossVersionObjectReference, { required: true }),
  target: field(2, MetricTarget, { required: true }),
  metric: field(3, MetricIdentifier, { required: true }),
})
export type ObjectMetricSource = Of<typeof ObjectMetricSource>

export const PodsMetricSource = message('k8s.io.api.autoscaling.v2.PodsMetricSource', {
  metric: field(1, MetricIdentifier, { required: true }),
  target: field(2, MetricTarget, { required: true }),
})
export type PodsMetricSource = Of<typeof PodsMetricSource>

export const ResourceMetricSource = message('k8s.io.api.autoscaling.v2.ResourceMetricSource', {
  name: field(1, string(), { required: true }),
  target: field(2, MetricTarget, { required: true }),
})
export type ResourceMetricSource = Of<typeof ResourceMetricSource>

export const ContainerResourceMetricSource = message('k8s.io.api.autoscaling.v2.ContainerResourceMetricSource', {
  name: field(1, string(), { required: true }),
  target: field(2, MetricTarget, { required: true }),
  container: field(3, string(), { required: true }),
})
export type ContainerResourceMetricSource = Of<typeof ContainerResourceMetricSource>

export const ExternalMetricSource = message('k8s.io.api.autoscaling.v2.ExternalMetricSource', {
  metric: field(1, MetricIdentifier, { required: true }),
  target: field(2, MetricTarget, { required: true }),
})
export type ExternalMetricSource = Of<typeof ExternalMetricSource>

export const MetricSpec = message('k8s.io.api.autoscaling.v2.MetricSpec', {
  type: field(1, string(), { required: true }),
  object: field(2, ObjectMetricSource, { pointer: true }),
  pods: field(3, PodsMetricSource, { pointer: true }),
  resource: field(4, ResourceMetricSource, { pointer: true }),
  containerResource: field(7, ContainerResourceMetricSource, { pointer: true }),
  external: field(5, ExternalMetricSource, { pointer: true }),
})
export type MetricSpec = Of<typeof MetricSpec>

export const HPAScalingPolicy = message('k8s.io.api.autoscaling.v2.HPAScalingPolicy', {
  type: field(1, string(), { required: true }),
  value: field(2, int32(), { required: true }),
  periodSeconds: field(3, int32(), { required: true }),
})
export type HPAScalingPolicy = Of<typeof HPAScalingPolicy>

export const HPAScalingRules = message('k8s.io.api.autoscaling.v2.HPAScalingRules', {
  stabilizationWindowSeconds: field(3, int32(), { pointer: true }),
  selectPolicy: field(1, string(), { pointer: true }),
  policies: field(2, list(HPAScalingPolicy)),
  tolerance: field(4, quantity(), { pointer: true }),
})
export type HPAScalingRules = Of<typeof HPAScalingRules>

export const HorizontalPodAutoscalerBehavior = message('k8s.io.api.autoscaling.v2.HorizontalPodAutoscalerBehavior', {
  scaleUp: field(1, HPAScalingRules, { pointer: true }),
  scaleDown: field(2, HPAScalingRules, { pointer: true }),
})
export type HorizontalPodAutoscalerBehavior = Of<typeof HorizontalPodAutoscalerBehavior>

export const HorizontalPodAutoscalerSpec = message('k8s.io.api.autoscaling.v2.HorizontalPodAutoscalerSpec', {
  scaleTargetRef: field(1, CrossVersionObjectReference, { required: true }),
  minReplicas: field(2, int32(), { pointer: true }),
  maxReplicas: field(3, int32(), { required: true }),
  metrics: field(4, list(MetricSpec)),
  behavior: field(5, HorizontalPodAutoscalerBehavior, { pointer: true }),
})
export type HorizontalPodAutoscalerSpec = Of<typeof HorizontalPodAutoscalerSpec>

export const MetricValueStatus = message('k8s.io.api.autoscaling.v2.MetricValueStatus', {
  value: field(1, quantity(), { pointer: true }),
  averageValue: field(2, quantity(), { pointer: true }),
  averageUtilization: field(3, int32(), { pointer: true }),
})
export type MetricValueStatus = Of<typeof MetricValueStatus>

export const ObjectMetricStatus = message('k8s.io.api.autoscaling.v2.ObjectMetricStatus', {
  metric: field(1, MetricIdentifier, { required: true }),
  current: field(2, MetricValueStatus, { required: true }),
  describedObject: field(3, CrossVersionObjectReference, { required: true }),
})
export type ObjectMetricStatus = Of<typeof ObjectMetricStatus>

export const PodsMetricStatus = message('k8s.io.api.autoscaling.v2.PodsMetricStatus', {
  metric: field(1, MetricIdentifier, { required: true }),
  current: field(2, MetricValueStatus, { required: true }),
})
export type PodsMetricStatus = Of<typeof PodsMetricStatus>

export const ResourceMetricStatus = message('k8s.io.api.autoscaling.v2.ResourceMetricStatus', {
  name: field(1, string(), { required: true }),
  current: field(2, MetricValueStatus, { required: true }),
})
export type ResourceMetricStatus = Of<typeof ResourceMetricStatus>

export const ContainerResourceMetricStatus = message('k8s.io.api.autoscaling.v2.ContainerResourceMetricStatus', {
  name: field(1, string(), { required: true }),
  current: field(2, MetricValueStatus, { required: true }),
  container: field(3, string(), { required: true }),
})
export type ContainerResourceMetricStatus = Of<typeof ContainerResourceMetricStatus>

export const ExternalMetricStatus = message('k8s.io.api.autoscaling.v2.ExternalMetricStatus', {
  metric: field(1, MetricIdentifier, { required: true }),
  current: field(2, MetricValueStatus, { required: true }),
})
export type ExternalMetricStatus = Of<typeof ExternalMetricStatus>

export const MetricStatus = message('k8s.io.api.autoscaling.v2.MetricStatus', {
  type: field(1, string(), { required: true }),
  object: field(2, ObjectMetricStatus, { pointer: true }),
  pods: field(3, PodsMetricStatus, { pointer: true }),
  resource: field(4, ResourceMetricStatus, { pointer: true }),
  containerResource: field(7, ContainerResourceMetricStatus, { pointer: true }),
  external: field(5, ExternalMetricStatus, { pointer: true }),
})
export type MetricStatus = Of<typeof MetricStatus>

export const HorizontalPodAutoscalerCondition = message('k8s.io.api.autoscaling.v2.HorizontalPodAutoscalerCondition', {
  type: field(1, string(), { required: true }),
  status: field(2, string(), { required: true }),
  lastTransitionTime: field(3, nullable(time()), { always: true }),
  reason: field(4, string()),
  message: field(5, string()),
})
export type HorizontalPodAutoscalerCondition = Of<typeof HorizontalPodAutoscalerCondition>

export const HorizontalPodAutoscalerStatus = message('k8s.io.api.autoscaling.v2.HorizontalPodAutoscalerStatus', {
  observedGeneration: field(1, int64(), { pointer: true }),
  lastScaleTime: field(2, time(), { pointer: true }),
  currentReplicas: field(3, int32()),
  desiredReplicas: field(4, int32(), { required: true }),
  currentMetrics: field(5, list(MetricStatus), { always: true }),
  conditions: field(
    6,
    list(HorizontalPodAutoscalerCondition, { apply: { type: 'map', keys: ['type'] }, patch: { strategy: 'merge', key: 'type' } }),
  ),
})
export type HorizontalPodAutoscalerStatus = Of<typeof HorizontalPodAutoscalerStatus>

export const HorizontalPodAutoscaler = message('k8s.io.api.autoscaling.v2.HorizontalPodAutoscaler', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  spec: field(2, HorizontalPodAutoscalerSpec, { always: true }),
  status: field(3, HorizontalPodAutoscalerStatus, { always: true }),
})
export type HorizontalPodAutoscaler = Of<typeof HorizontalPodAutoscaler>
