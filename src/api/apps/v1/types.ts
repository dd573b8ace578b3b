/** The types of apps/v1, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import * as core from '#api/core/v1/types.ts'
import * as meta from '#api/meta/v1/types.ts'
import type { Of } from '#schema/schema.ts'
import { bool, field, int32, int64, intOrString, json, list, message, nullable, oneOf, string, time } from '#schema/schema.ts'

export const PodManagementPolicyType = oneOf('OrderedReady', 'Parallel')
export type PodManagementPolicyType = Of<typeof PodManagementPolicyType>

export const StatefulSetUpdateStrategyType = oneOf('RollingUpdate', 'OnDelete')
export type StatefulSetUpdateStrategyType = Of<typeof StatefulSetUpdateStrategyType>

export const RollingUpdateStatefulSetStrategy = message('k8s.io.api.apps.v1.RollingUpdateStatefulSetStrategy', {
  partition: field(1, int32(), { pointer: true }),
  maxUnavailable: field(2, intOrString(), { pointer: true }),
})
export type RollingUpdateStatefulSetStrategy = Of<typeof RollingUpdateStatefulSetStrategy>

export const StatefulSetUpdateStrategy = message('k8s.io.api.apps.v1.StatefulSetUpdateStrategy', {
  type: field(1, StatefulSetUpdateStrategyType),
  rollingUpdate: field(2, RollingUpdateStatefulSetStrategy, { pointer: true }),
})
export type StatefulSetUpdateStrategy = Of<typeof StatefulSetUpdateStrategy>

export const StatefulSetPersistentVolumeClaimRetentionPolicy = message(
  'k8s.io.api.apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy',
  {
    whenDeleted: field(1, string(), { default: 'Retain' }),
    whenScaled: field(2, string(), { default: 'Retain' }),
  },
)
export type StatefulSetPersistentVolumeClaimRetentionPolicy = Of<typeof StatefulSetPersistentVolumeClaimRetentionPolicy>

export const StatefulSetOrdinals = message('k8s.io.api.apps.v1.StatefulSetOrdinals', {
  start: field(1, int32(), { always: true }),
})
export type StatefulSetOrdinals = Of<typeof StatefulSetOrdinals>

export const StatefulSetSpec = message('k8s.io.api.apps.v1.StatefulSetSpec', {
  replicas: field(1, int32(), { default: 1, pointer: true }),
  selector: field(2, meta.LabelSelector, { required: true, pointer: true }),
  template: field(3, core.PodTemplateSpec, { required: true }),
  volumeClaimTemplates: field(4, list(core.PersistentVolumeClaim)),
  serviceName: field(5, string(), { always: true }),
  podManagementPolicy: field(6, PodManagementPolicyType, { default: 'OrderedReady' }),
  updateStrategy: field(7, StatefulSetUpdateStrategy, { always: true }),
  revisionHistoryLimit: field(8, int32(), { default: 10, pointer: true }),
  minReadySeconds: field(9, int32()),
  persistentVolumeClaimRetentionPolicy: field(10, StatefulSetPersistentVolumeClaimRetentionPolicy, { default: {}, pointer: true }),
  ordinals: field(11, StatefulSetOrdinals, { pointer: true }),
})
export type StatefulSetSpec = Of<typeof StatefulSetSpec>

export const StatefulSetCondition = message('k8s.io.api.apps.v1.StatefulSetCondition', {
  type: field(1, string(), { required: true }),
  status: field(2, string(), { required: true }),
  lastTransitionTime: field(3, nullable(time()), { always: true }),
  reason: field(4, string()),
  message: field(5, string()),
})
export type StatefulSetCondition = Of<typeof StatefulSetCondition>

export const StatefulSetStatus = message('k8s.io.api.apps.v1.StatefulSetStatus', {
  observedGeneration: field(1, int64()),
  replicas: field(2, int32(), { required: true }),
  readyReplicas: field(3, int32()),
  currentReplicas: field(4, int32()),
  updatedReplicas: field(5, int32()),
  currentRevision: field(6, string()),
  updateRevision: field(7, string()),
  collisionCount: field(9, int32(), { pointer: true }),
  conditions: field(10, list(StatefulSetCondition, { apply: { type: 'map', keys: ['type'] }, patch: { strategy: 'merge', key: 'type' } })),
  availableReplicas: field(11, int32(), { always: true }),
})
export type StatefulSetStatus = Of<typeof StatefulSetStatus>

export const StatefulSet = message('k8s.io.api.apps.v1.StatefulSet', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  spec: field(2, StatefulSetSpec, { always: true }),
  status: field(3, StatefulSetStatus, { always: true }),
})
export type StatefulSet = Of<typeof StatefulSet>

export const DeploymentStrategyType = oneOf('Recreate', 'RollingUpdate')
export type DeploymentStrategyType = Of<typeof DeploymentStrategyType>

export const RollingUpdateDeployment = message('k8s.io.api.apps.v1.RollingUpdateDeployment', {
  maxUnavailable: field(1, intOrString(), { default: '25%', pointer: true }),
  maxSurge: field(2, intOrString(), { default: '25%', pointer: true }),
})
export type RollingUpdateDeployment = Of<typeof RollingUpdateDeployment>

export const DeploymentStrategy = message('k8s.io.api.apps.v1.DeploymentStrategy', {
  type: field(1, DeploymentStrategyType, { default: 'RollingUpdate' }),
  rollingUpdate: field(2, RollingUpdateDeployment, { pointer: true }),
})
export type DeploymentStrategy = Of<typeof DeploymentStrategy>

export const DeploymentSpec = message('k8s.io.api.apps.v1.DeploymentSpec', {
  replicas: field(1, int32(), { default: 1, pointer: true }),
  selector: field(2, meta.LabelSelector, { required: true, pointer: true }),
  template: field(3, core.PodTemplateSpec, { required: true }),
  strategy: field(4, DeploymentStrategy, { always: true, retainKeys: true }),
  minReadySeconds: field(5, int32()),
  revisionHistoryLimit: field(6, int32(), { default: 10, pointer: true }),
  paused: field(7, bool()),
  progressDeadlineSeconds: field(9, int32(), { default: 600, pointer: true }),
})
export type DeploymentSpec = Of<typeof DeploymentSpec>

export const DeploymentCondition = message('k8s.io.api.apps.v1.DeploymentCondition', {
  type: field(1, string(), { required: true }),
  status: field(2, string(), { required: true }),
  lastUpdateTime: field(6, nullable(time()), { always: true }),
  lastTransitionTime: field(7, nullable(time()), { always: true }),
  reason: field(4, string()),
  message: field(5, string()),
})
export type DeploymentCondition = Of<typeof DeploymentCondition>

export const DeploymentStatus = message('k8s.io.api.apps.v1.DeploymentStatus', {
  observedGeneration: field(1, int64()),
  replicas: field(2, int32()),
  updatedReplicas: field(3, int32()),
  readyReplicas: field(7, int32()),
  availableReplicas: field(4, int32()),
  unavailableReplicas: field(5, int32()),
  terminatingReplicas: field(9, int32(), { pointer: true }),
  conditions: field(6, list(DeploymentCondition, { apply: { type: 'map', keys: ['type'] }, patch: { strategy: 'merge', key: 'type' } })),
  collisionCount: field(8, int32(), { pointer: true }),
})
export type DeploymentStatus = Of<typeof DeploymentStatus>

export const Deployment = message('k8s.io.api.apps.v1.Deployment', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  spec: field(2, DeploymentSpec, { always: true }),
  status: field(3, DeploymentStatus, { always: true }),
})
export type Deployment = Of<typeof Deployment>

export const DaemonSetUpdateStrategyType = oneOf('RollingUpdate', 'OnDelete')
export type DaemonSetUpdateStrategyType = Of<typeof DaemonSetUpdateStrategyType>

export const RollingUpdateDaemonSet = message('k8s.io.api.apps.v1.RollingUpdateDaemonSet', {
  maxUnavailable: field(1, intOrString(), { default: 1, pointer: true }),
  maxSurge: field(2, intOrString(), { default: 0, pointer: true }),
})
export type RollingUpdateDaemonSet = Of<typeof RollingUpdateDaemonSet>

export const DaemonSetUpdateStrategy = message('k8s.io.api.apps.v1.DaemonSetUpdateStrategy', {
  type: field(1, DaemonSetUpdateStrategyType, { default: 'RollingUpdate' }),
  rollingUpdate: field(2, RollingUpdateDaemonSet, { pointer: true }),
})
export type DaemonSetUpdateStrategy = Of<typeof DaemonSetUpdateStrategy>

export const DaemonSetSpec = message('k8s.io.api.apps.v1.DaemonSetSpec', {
  selector: field(1, meta.LabelSelector, { required: true, pointer: true }),
  template: field(2, core.PodTemplateSpec, { required: true }),
  updateStrategy: field(3, DaemonSetUpdateStrategy, { always: true }),
  minReadySeconds: field(4, int32()),
  revisionHistoryLimit: field(6, int32(), { default: 10, pointer: true }),
})
export type DaemonSetSpec = Of<typeof DaemonSetSpec>

export const DaemonSetCondition = message('k8s.io.api.apps.v1.DaemonSetCondition', {
  type: field(1, string(), { required: true }),
  status: field(2, string(), { required: true }),
  lastTransitionTime: field(3, nullable(time()), { always: true }),
  reason: field(4, string()),
  message: field(5, string()),
})
export type DaemonSetCondition = Of<typeof DaemonSetCondition>

export const DaemonSetStatus = message('k8s.io.api.apps.v1.DaemonSetStatus', {
  currentNumberScheduled: field(1, int32(), { required: true }),
  numberMisscheduled: field(2, int32(), { required: true }),
  desiredNumberScheduled: field(3, int32(), { required: true }),
  numberReady: field(4, int32(), { required: true }),
  observedGeneration: field(5, int64()),
  updatedNumberScheduled: field(6, int32()),
  numberAvailable: field(7, int32()),
  numberUnavailable: field(8, int32()),
  collisionCount: field(9, int32(), { pointer: true }),
  conditions: field(10, list(DaemonSetCondition, { apply: { type: 'map', keys: ['type'] }, patch: { strategy: 'merge', key: 'type' } })),
})
export type DaemonSetStatus = Of<typeof DaemonSetStatus>

export const DaemonSet = message('k8s.io.api.apps.v1.DaemonSet', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  spec: field(2, DaemonSetSpec, { always: true }),
  status: field(3, DaemonSetStatus, { always: true }),
})
export type DaemonSet = Of<typeof DaemonSet>

export const ReplicaSetSpec = message('k8s.io.api.apps.v1.ReplicaSetSpec', {
  replicas: field(1, int32(), { default: 1, pointer: true }),
  minReadySeconds: field(4, int32()),
  selector: field(2, meta.LabelSelector, { required: true, pointer: true }),
  template: field(3, core.PodTemplateSpec, { always: true }),
})
export type ReplicaSetSpec = Of<typeof ReplicaSetSpec>

export const ReplicaSetCondition = message('k8s.io.api.apps.v1.ReplicaSetCondition', {
  type: field(1, string(), { required: true }),
  status: field(2, string(), { required: true }),
  lastTransitionTime: field(3, nullable(time()), { always: true }),
  reason: field(4, string()),
  message: field(5, string()),
})
export type ReplicaSetCondition = Of<typeof ReplicaSetCondition>

export const ReplicaSetStatus = message('k8s.io.api.apps.v1.ReplicaSetStatus', {
  replicas: field(1, int32(), { required: true }),
  fullyLabeledReplicas: field(2, int32()),
  readyReplicas: field(4, int32()),
  availableReplicas: field(5, int32()),
  terminatingReplicas: field(7, int32(), { pointer: true }),
  observedGeneration: field(3, int64()),
  conditions: field(6, list(ReplicaSetCondition, { apply: { type: 'map', keys: ['type'] }, patch: { strategy: 'merge', key: 'type' } })),
})
export type ReplicaSetStatus = Of<typeof ReplicaSetStatus>

export const ReplicaSet = message('k8s.io.api.apps.v1.ReplicaSet', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  spec: field(2, ReplicaSetSpec, { always: true }),
  status: field(3, ReplicaSetStatus, { always: true }),
})
export type ReplicaSet = Of<typeof ReplicaSet>

export const ControllerRevision = message('k8s.io.api.apps.v1.ControllerRevision', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  data: field(2, json()),
  revision: field(3, int64(), { required: true }),
})
export type ControllerRevision = Of<typeof ControllerRevision>
