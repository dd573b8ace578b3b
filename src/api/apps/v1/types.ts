/** The types of apps/v1, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import * as core from '#api/core/v1/types.ts'
import { objectFields } from '#api/meta/v1/object-fields.ts'
import * as meta from '#api/meta/v1/types.ts'
import type { Of } from '#schema/schema.ts'
import { bool, field, int32, int64, intOrString, json, list, message, nullable, oneOf, string, time } from '#schema/schema.ts'

export const PodManagementPolicyType = oneOf('OrderedReady', 'Parallel')
export type PodManagementPolicyType = Of<typeof PodManagementPolicyType>

export const StatefulSetUpdateStrategyType = oneOf('RollingUpdate', 'OnDelete')
export type StatefulSetUpdateStrategyType = Of<typeof StatefulSetUpdateStrategyType>

export const RollingUpdateStatefulSetStrategy = message(
  'k8s.io.api.apps.v1.RollingUpdateStatefulSetStrategy',
  {
    partition: field(1, int32(), {
      pointer: true,
      about: 'Only pods with this ordinal or a higher one get the new template; 0 by default, which is all of them.',
    }),
    maxUnavailable: field(2, intOrString(), {
      pointer: true,
      about:
        'How many pods may be unavailable during the update: a number, or a percentage of replicas that is rounded down, but not to 0; 1 by ' +
        'default. Needs the feature gate MaxUnavailableStatefulSet, off by default.',
    }),
  },
  { about: 'Limits of a rolling update of a StatefulSet, which replaces pods from the highest ordinal down.' },
)
export type RollingUpdateStatefulSetStrategy = Of<typeof RollingUpdateStatefulSetStrategy>

export const StatefulSetUpdateStrategy = message(
  'k8s.io.api.apps.v1.StatefulSetUpdateStrategy',
  {
    type: field(1, StatefulSetUpdateStrategyType, {
      about: 'RollingUpdate (the default) replaces pods one after another; OnDelete waits until somebody deletes each pod.',
    }),
    rollingUpdate: field(2, RollingUpdateStatefulSetStrategy, {
      pointer: true,
      about: 'Limits of the replacement, for type RollingUpdate only.',
    }),
  },
  { about: 'How pods of a StatefulSet get a changed template.' },
)
export type StatefulSetUpdateStrategy = Of<typeof StatefulSetUpdateStrategy>

export const StatefulSetPersistentVolumeClaimRetentionPolicy = message(
  'k8s.io.api.apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy',
  {
    whenDeleted: field(1, string(), {
      default: 'Retain',
      about: 'Retain (the default) keeps the claims when the StatefulSet is deleted; Delete removes them with it.',
    }),
    whenScaled: field(2, string(), {
      default: 'Retain',
      about: 'Retain (the default) keeps the claims of pods removed by scaling down; Delete removes them too.',
    }),
  },
  { about: 'What becomes of the claims made from volumeClaimTemplates when their pods are no longer wanted.' },
)
export type StatefulSetPersistentVolumeClaimRetentionPolicy = Of<typeof StatefulSetPersistentVolumeClaimRetentionPolicy>

export const StatefulSetOrdinals = message(
  'k8s.io.api.apps.v1.StatefulSetOrdinals',
  {
    start: field(1, int32(), {
      always: true,
      about: 'Number of the first pod, 0 by default: pods are numbered from here up to start + replicas - 1.',
    }),
  },
  { about: 'How the pods of a StatefulSet are numbered.' },
)
export type StatefulSetOrdinals = Of<typeof StatefulSetOrdinals>

export const StatefulSetSpec = message(
  'k8s.io.api.apps.v1.StatefulSetSpec',
  {
    replicas: field(1, int32(), {
      default: 1,
      pointer: true,
      about: 'How many pods are wanted, each with a name and claims of its own; 1 by default.',
    }),
    selector: field(2, meta.LabelSelector, {
      required: true,
      pointer: true,
      about: 'Labels by which the StatefulSet finds its pods; the template has to carry them, and it cannot be changed.',
    }),
    template: field(3, core.PodTemplateSpec, {
      required: true,
      about: 'Pod that is made for every ordinal; its restartPolicy has to be Always.',
    }),
    volumeClaimTemplates: field(4, list(core.PersistentVolumeClaim), {
      about: 'Claims made for every pod, named <template>-<pod>; they win over pod volumes of the same name. Cannot be changed.',
    }),
    serviceName: field(5, string(), {
      always: true,
      about: 'Headless service that gives the pods their DNS names; the user creates it. Cannot be changed.',
    }),
    podManagementPolicy: field(6, PodManagementPolicyType, {
      default: 'OrderedReady',
      about: 'OrderedReady (the default) starts and stops pods one at a time in order, Parallel all at once. Cannot be changed.',
    }),
    updateStrategy: field(7, StatefulSetUpdateStrategy, {
      always: true,
      about: 'How existing pods are replaced when the template changes.',
    }),
    revisionHistoryLimit: field(8, int32(), {
      default: 10,
      pointer: true,
      about: 'How many old ControllerRevisions are kept for a rollback; 10 by default.',
    }),
    minReadySeconds: field(9, int32(), { about: 'Seconds a pod has to stay ready before it counts as available; 0 by default.' }),
    persistentVolumeClaimRetentionPolicy: field(10, StatefulSetPersistentVolumeClaimRetentionPolicy, {
      default: {},
      pointer: true,
      about: 'Whether claims made from volumeClaimTemplates outlive their pods; by default they do.',
    }),
    ordinals: field(11, StatefulSetOrdinals, { pointer: true, about: 'Numbering of the pods, where it should not begin at 0.' }),
  },
  { about: 'What a StatefulSet should run: the pod template, how many, their volume claims and how they are updated.' },
)
export type StatefulSetSpec = Of<typeof StatefulSetSpec>

export const StatefulSetCondition = message(
  'k8s.io.api.apps.v1.StatefulSetCondition',
  {
    type: field(1, string(), { required: true, about: 'Name of the condition; there is one entry for each.' }),
    status: field(2, string(), { required: true, about: 'True, False or Unknown.' }),
    lastTransitionTime: field(3, nullable(time()), { always: true, about: 'When the status last changed.' }),
    reason: field(4, string(), { about: 'Cause of the last change, as one CamelCase word.' }),
    message: field(5, string(), { about: 'Explanation of the last change for a person to read.' }),
  },
  { about: "One observed aspect of a StatefulSet's state." },
)
export type StatefulSetCondition = Of<typeof StatefulSetCondition>

export const StatefulSetStatus = message(
  'k8s.io.api.apps.v1.StatefulSetStatus',
  {
    observedGeneration: field(1, int64(), {
      about: 'metadata.generation that this status was computed for; a lower one means that it is out of date.',
    }),
    replicas: field(2, int32(), { required: true, about: 'How many pods exist.' }),
    readyReplicas: field(3, int32(), { about: 'How many pods are ready.' }),
    currentReplicas: field(4, int32(), { about: 'How many pods run the template of currentRevision.' }),
    updatedReplicas: field(5, int32(), { about: 'How many pods run the template of updateRevision.' }),
    currentRevision: field(6, string(), { about: 'ControllerRevision of the pods that are not updated yet.' }),
    updateRevision: field(7, string(), { about: 'ControllerRevision of the present template, which updated pods run.' }),
    collisionCount: field(9, int32(), {
      pointer: true,
      about: "How often the hash in a ControllerRevision's name was taken already; the controller mixes it into the next one.",
    }),
    conditions: field(
      10,
      list(StatefulSetCondition, { apply: { type: 'map', keys: ['type'] }, patch: { strategy: 'merge', key: 'type' } }),
      { about: 'Observed aspects of the state, one entry for each type.' },
    ),
    availableReplicas: field(11, int32(), { always: true, about: 'How many pods have been ready for at least minReadySeconds.' }),
  },
  { about: 'How far a StatefulSet has come, as its controller last saw it.' },
)
export type StatefulSetStatus = Of<typeof StatefulSetStatus>

export const StatefulSet = message(
  'k8s.io.api.apps.v1.StatefulSet',
  {
    ...objectFields,
    spec: field(2, StatefulSetSpec, { always: true, about: 'What should run: template, number, claims and the way of updating.' }),
    status: field(3, StatefulSetStatus, { always: true, about: 'How far it has come; written by the controller.' }),
  },
  { about: 'Runs pods that each keep a stable name, network identity and storage, replaced and scaled in a fixed order.' },
)
export type StatefulSet = Of<typeof StatefulSet>

export const DeploymentStrategyType = oneOf('Recreate', 'RollingUpdate')
export type DeploymentStrategyType = Of<typeof DeploymentStrategyType>

export const RollingUpdateDeployment = message(
  'k8s.io.api.apps.v1.RollingUpdateDeployment',
  {
    maxUnavailable: field(1, intOrString(), {
      default: '25%',
      pointer: true,
      about: 'How many of the wanted pods may be missing meanwhile, as a number or a percentage rounded down; 25% by default.',
    }),
    maxSurge: field(2, intOrString(), {
      default: '25%',
      pointer: true,
      about: 'How many pods may exist beyond those wanted, as a number or a percentage rounded up; 25% by default.',
    }),
  },
  { about: 'How fast a rolling update may go; the two limits must not both be 0.' },
)
export type RollingUpdateDeployment = Of<typeof RollingUpdateDeployment>

export const DeploymentStrategy = message(
  'k8s.io.api.apps.v1.DeploymentStrategy',
  {
    type: field(1, DeploymentStrategyType, {
      default: 'RollingUpdate',
      about: 'RollingUpdate (the default) goes over step by step; Recreate ends all old pods before it starts new ones.',
    }),
    rollingUpdate: field(2, RollingUpdateDeployment, { pointer: true, about: 'Limits of the change-over, for type RollingUpdate only.' }),
  },
  { about: 'How pods of the old template give way to those of the new one.' },
)
export type DeploymentStrategy = Of<typeof DeploymentStrategy>

export const DeploymentSpec = message(
  'k8s.io.api.apps.v1.DeploymentSpec',
  {
    replicas: field(1, int32(), { default: 1, pointer: true, about: 'How many pods are wanted; 1 by default, and 0 is allowed.' }),
    selector: field(2, meta.LabelSelector, {
      required: true,
      pointer: true,
      about: 'Labels by which the Deployment finds its pods; the template has to carry them, and it cannot be changed.',
    }),
    template: field(3, core.PodTemplateSpec, {
      required: true,
      about: 'Pod to be run; every change of it starts a rollout. Its restartPolicy has to be Always.',
    }),
    strategy: field(4, DeploymentStrategy, {
      always: true,
      retainKeys: true,
      about: 'How old pods are replaced by new ones when the template changes.',
    }),
    minReadySeconds: field(5, int32(), { about: 'Seconds a new pod has to stay ready before it counts as available; 0 by default.' }),
    revisionHistoryLimit: field(6, int32(), {
      default: 10,
      pointer: true,
      about: 'How many scaled-down ReplicaSets are kept for a rollback; 10 by default.',
    }),
    paused: field(7, bool(), { about: 'Holds back rollouts of a changed template until it is false again; scaling still works.' }),
    progressDeadlineSeconds: field(9, int32(), {
      default: 600,
      pointer: true,
      about: 'Seconds without progress after which the Progressing condition becomes False; 600 by default. The rollout goes on.',
    }),
  },
  { about: 'What a Deployment should run: the pod template, how many and how a new template is rolled out.' },
)
export type DeploymentSpec = Of<typeof DeploymentSpec>

export const DeploymentCondition = message(
  'k8s.io.api.apps.v1.DeploymentCondition',
  {
    type: field(1, string(), { required: true, about: 'Available, Progressing or ReplicaFailure; there is one entry for each.' }),
    status: field(2, string(), { required: true, about: 'True, False or Unknown.' }),
    lastUpdateTime: field(6, nullable(time()), {
      always: true,
      about: 'When this entry was last written, even if its status stayed the same.',
    }),
    lastTransitionTime: field(7, nullable(time()), { always: true, about: 'When the status last changed.' }),
    reason: field(4, string(), { about: 'Cause of the last change, as one CamelCase word.' }),
    message: field(5, string(), { about: 'Explanation of the last change for a person to read.' }),
  },
  { about: "One observed aspect of a Deployment's state." },
)
export type DeploymentCondition = Of<typeof DeploymentCondition>

export const DeploymentStatus = message(
  'k8s.io.api.apps.v1.DeploymentStatus',
  {
    observedGeneration: field(1, int64(), {
      about: 'metadata.generation that this status was computed for; a lower one means that it is out of date.',
    }),
    replicas: field(2, int32(), { about: 'How many pods exist, old and new; terminating ones are not counted.' }),
    updatedReplicas: field(3, int32(), { about: 'How many pods run the present template; terminating ones are not counted.' }),
    readyReplicas: field(7, int32(), { about: 'How many pods are ready; terminating ones are not counted.' }),
    availableReplicas: field(4, int32(), {
      about: 'How many pods have been ready for at least minReadySeconds; terminating ones are not counted.',
    }),
    unavailableReplicas: field(5, int32(), { about: 'How many pods of its ReplicaSets are missing or not available yet.' }),
    terminatingReplicas: field(9, int32(), {
      pointer: true,
      about: 'How many pods are on their way out: marked for deletion, but not ended yet.',
    }),
    conditions: field(6, list(DeploymentCondition, { apply: { type: 'map', keys: ['type'] }, patch: { strategy: 'merge', key: 'type' } }), {
      about: 'Observed aspects of the state, one entry for each type.',
    }),
    collisionCount: field(8, int32(), {
      pointer: true,
      about: "How often the hash in a ReplicaSet's name was taken already; the controller mixes it into the next one.",
    }),
  },
  { about: 'How far a Deployment has come, as its controller last saw it.' },
)
export type DeploymentStatus = Of<typeof DeploymentStatus>

export const Deployment = message(
  'k8s.io.api.apps.v1.Deployment',
  {
    ...objectFields,
    spec: field(2, DeploymentSpec, { always: true, about: 'What should run: template, number and the way of rolling out.' }),
    status: field(3, DeploymentStatus, { always: true, about: 'How far it has come; written by the controller.' }),
  },
  { about: 'Keeps a number of interchangeable pods running through ReplicaSets, and rolls out new versions of them step by step.' },
)
export type Deployment = Of<typeof Deployment>

export const DaemonSetUpdateStrategyType = oneOf('RollingUpdate', 'OnDelete')
export type DaemonSetUpdateStrategyType = Of<typeof DaemonSetUpdateStrategyType>

export const RollingUpdateDaemonSet = message(
  'k8s.io.api.apps.v1.RollingUpdateDaemonSet',
  {
    maxUnavailable: field(1, intOrString(), {
      default: 1,
      pointer: true,
      about: 'On how many nodes the pod may be unavailable at once, as a number or a percentage rounded up; 1 by default.',
    }),
    maxSurge: field(2, intOrString(), {
      default: 0,
      pointer: true,
      about: 'On how many nodes a new pod may run beside the old one, as a number or a percentage rounded up; 0 by default.',
    }),
  },
  { about: 'How fast a DaemonSet is updated; exactly one of the two limits may be other than 0.' },
)
export type RollingUpdateDaemonSet = Of<typeof RollingUpdateDaemonSet>

export const DaemonSetUpdateStrategy = message(
  'k8s.io.api.apps.v1.DaemonSetUpdateStrategy',
  {
    type: field(1, DaemonSetUpdateStrategyType, {
      default: 'RollingUpdate',
      about: 'RollingUpdate (the default) replaces pods node by node; OnDelete waits until somebody deletes each pod.',
    }),
    rollingUpdate: field(2, RollingUpdateDaemonSet, { pointer: true, about: 'Limits of the replacement, for type RollingUpdate only.' }),
  },
  { about: 'How pods of a DaemonSet get a changed template.' },
)
export type DaemonSetUpdateStrategy = Of<typeof DaemonSetUpdateStrategy>

export const DaemonSetSpec = message(
  'k8s.io.api.apps.v1.DaemonSetSpec',
  {
    selector: field(1, meta.LabelSelector, {
      required: true,
      pointer: true,
      about: 'Labels by which the DaemonSet finds its pods; the template has to carry them, and it cannot be changed.',
    }),
    template: field(2, core.PodTemplateSpec, {
      required: true,
      about: 'Pod for each node; nodeSelector and affinity in it choose the nodes. Its restartPolicy has to be Always.',
    }),
    updateStrategy: field(3, DaemonSetUpdateStrategy, { always: true, about: 'How existing pods are replaced when the template changes.' }),
    minReadySeconds: field(4, int32(), { about: 'Seconds a new pod has to stay ready before it counts as available; 0 by default.' }),
    revisionHistoryLimit: field(6, int32(), {
      default: 10,
      pointer: true,
      about: 'How many old ControllerRevisions are kept for a rollback; 10 by default.',
    }),
  },
  { about: 'What a DaemonSet should run on every node that its template admits.' },
)
export type DaemonSetSpec = Of<typeof DaemonSetSpec>

export const DaemonSetCondition = message(
  'k8s.io.api.apps.v1.DaemonSetCondition',
  {
    type: field(1, string(), { required: true, about: 'Name of the condition; there is one entry for each.' }),
    status: field(2, string(), { required: true, about: 'True, False or Unknown.' }),
    lastTransitionTime: field(3, nullable(time()), { always: true, about: 'When the status last changed.' }),
    reason: field(4, string(), { about: 'Cause of the last change, as one CamelCase word.' }),
    message: field(5, string(), { about: 'Explanation of the last change for a person to read.' }),
  },
  { about: "One observed aspect of a DaemonSet's state." },
)
export type DaemonSetCondition = Of<typeof DaemonSetCondition>

export const DaemonSetStatus = message(
  'k8s.io.api.apps.v1.DaemonSetStatus',
  {
    currentNumberScheduled: field(1, int32(), { required: true, about: 'How many of the nodes that should have the pod do have one.' }),
    numberMisscheduled: field(2, int32(), { required: true, about: 'How many nodes have the pod although they should not.' }),
    desiredNumberScheduled: field(3, int32(), { required: true, about: 'How many nodes should have the pod.' }),
    numberReady: field(4, int32(), { required: true, about: 'How many of the nodes that should have the pod have a ready one.' }),
    observedGeneration: field(5, int64(), {
      about: 'metadata.generation that this status was computed for; a lower one means that it is out of date.',
    }),
    updatedNumberScheduled: field(6, int32(), { about: 'How many nodes have a pod of the present template.' }),
    numberAvailable: field(7, int32(), {
      about: 'How many of the nodes that should have the pod have one ready for at least minReadySeconds.',
    }),
    numberUnavailable: field(8, int32(), { about: 'How many of the nodes that should have the pod have none that is available.' }),
    collisionCount: field(9, int32(), {
      pointer: true,
      about: "How often the hash in a ControllerRevision's name was taken already; the controller mixes it into the next one.",
    }),
    conditions: field(10, list(DaemonSetCondition, { apply: { type: 'map', keys: ['type'] }, patch: { strategy: 'merge', key: 'type' } }), {
      about: 'Observed aspects of the state, one entry for each type.',
    }),
  },
  { about: 'On how many nodes a DaemonSet runs and should run, as its controller last saw it.' },
)
export type DaemonSetStatus = Of<typeof DaemonSetStatus>

export const DaemonSet = message(
  'k8s.io.api.apps.v1.DaemonSet',
  {
    ...objectFields,
    spec: field(2, DaemonSetSpec, { always: true, about: 'What should run on which nodes, and the way of updating.' }),
    status: field(3, DaemonSetStatus, { always: true, about: 'On how many nodes it runs; written by the controller.' }),
  },
  { about: 'Runs one pod on every node, or on every node of a chosen sort, and follows as nodes come and go.' },
)
export type DaemonSet = Of<typeof DaemonSet>

export const ReplicaSetSpec = message(
  'k8s.io.api.apps.v1.ReplicaSetSpec',
  {
    replicas: field(1, int32(), { default: 1, pointer: true, about: 'How many pods are wanted; 1 by default, and 0 is allowed.' }),
    minReadySeconds: field(4, int32(), { about: 'Seconds a new pod has to stay ready before it counts as available; 0 by default.' }),
    selector: field(2, meta.LabelSelector, {
      required: true,
      pointer: true,
      about: 'Labels by which the ReplicaSet finds its pods; the template has to carry them, and it cannot be changed.',
    }),
    template: field(3, core.PodTemplateSpec, {
      always: true,
      about: 'Pod that is made when one is missing; a change touches no pod that exists already.',
    }),
  },
  { about: 'How many pods of which template a ReplicaSet keeps running.' },
)
export type ReplicaSetSpec = Of<typeof ReplicaSetSpec>

export const ReplicaSetCondition = message(
  'k8s.io.api.apps.v1.ReplicaSetCondition',
  {
    type: field(1, string(), {
      required: true,
      about: 'ReplicaFailure tells that pods could not be created or deleted; there is one entry for each type.',
    }),
    status: field(2, string(), { required: true, about: 'True, False or Unknown.' }),
    lastTransitionTime: field(3, nullable(time()), { always: true, about: 'When the status last changed.' }),
    reason: field(4, string(), { about: 'Cause of the last change, as one CamelCase word.' }),
    message: field(5, string(), { about: 'Explanation of the last change for a person to read.' }),
  },
  { about: "One observed aspect of a ReplicaSet's state." },
)
export type ReplicaSetCondition = Of<typeof ReplicaSetCondition>

export const ReplicaSetStatus = message(
  'k8s.io.api.apps.v1.ReplicaSetStatus',
  {
    replicas: field(1, int32(), { required: true, about: 'How many pods exist; terminating ones are not counted.' }),
    fullyLabeledReplicas: field(2, int32(), { about: 'How many pods carry all labels of the template, not only those of the selector.' }),
    readyReplicas: field(4, int32(), { about: 'How many pods are ready; terminating ones are not counted.' }),
    availableReplicas: field(5, int32(), {
      about: 'How many pods have been ready for at least minReadySeconds; terminating ones are not counted.',
    }),
    terminatingReplicas: field(7, int32(), {
      pointer: true,
      about: 'How many pods are on their way out: marked for deletion, but not ended yet.',
    }),
    observedGeneration: field(3, int64(), {
      about: 'metadata.generation that this status was computed for; a lower one means that it is out of date.',
    }),
    conditions: field(6, list(ReplicaSetCondition, { apply: { type: 'map', keys: ['type'] }, patch: { strategy: 'merge', key: 'type' } }), {
      about: 'Observed aspects of the state, one entry for each type.',
    }),
  },
  { about: 'How many pods a ReplicaSet has, as its controller last saw them.' },
)
export type ReplicaSetStatus = Of<typeof ReplicaSetStatus>

export const ReplicaSet = message(
  'k8s.io.api.apps.v1.ReplicaSet',
  {
    ...objectFields,
    spec: field(2, ReplicaSetSpec, { always: true, about: 'Which pods and how many of them.' }),
    status: field(3, ReplicaSetStatus, { always: true, about: 'How many there are; written by the controller.' }),
  },
  { about: 'Keeps a number of interchangeable pods running; mostly made and scaled by a Deployment.' },
)
export type ReplicaSet = Of<typeof ReplicaSet>

export const ControllerRevision = message(
  'k8s.io.api.apps.v1.ControllerRevision',
  {
    ...objectFields,
    data: field(2, json(), { always: true, about: 'State that the controller recorded, in its own form. Cannot be changed.' }),
    revision: field(3, int64(), { required: true, about: 'Number of the revision; a higher one is newer.' }),
  },
  { about: "Past version of a StatefulSet's or DaemonSet's template, kept for updates and rollbacks by its controller." },
)
export type ControllerRevision = Of<typeof ControllerRevision>
