/** The types of batch/v1, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import * as core from '#api/core/v1/types.ts'
import * as meta from '#api/meta/v1/types.ts'
import type { Of } from '#schema/schema.ts'
import { bool, field, int32, int64, list, message, nullable, oneOf, string, time } from '#schema/schema.ts'

export const PodFailurePolicyAction = oneOf('FailJob', 'FailIndex', 'Ignore', 'Count')
export type PodFailurePolicyAction = Of<typeof PodFailurePolicyAction>

export const PodFailurePolicyOnExitCodesOperator = oneOf('In', 'NotIn')
export type PodFailurePolicyOnExitCodesOperator = Of<typeof PodFailurePolicyOnExitCodesOperator>

export const PodFailurePolicyOnExitCodesRequirement = message('k8s.io.api.batch.v1.PodFailurePolicyOnExitCodesRequirement', {
  containerName: field(1, string(), { pointer: true }),
  operator: field(2, PodFailurePolicyOnExitCodesOperator, { required: true }),
  values: field(3, list(int32(), { apply: { type: 'set' } }), { required: true }),
})
export type PodFailurePolicyOnExitCodesRequirement = Of<typeof PodFailurePolicyOnExitCodesRequirement>

export const PodFailurePolicyOnPodConditionsPattern = message('k8s.io.api.batch.v1.PodFailurePolicyOnPodConditionsPattern', {
  type: field(1, string(), { required: true }),
  status: field(2, string(), { always: true }),
})
export type PodFailurePolicyOnPodConditionsPattern = Of<typeof PodFailurePolicyOnPodConditionsPattern>

export const PodFailurePolicyRule = message('k8s.io.api.batch.v1.PodFailurePolicyRule', {
  action: field(1, PodFailurePolicyAction, { required: true }),
  onExitCodes: field(2, PodFailurePolicyOnExitCodesRequirement, { pointer: true }),
  onPodConditions: field(3, list(PodFailurePolicyOnPodConditionsPattern)),
})
export type PodFailurePolicyRule = Of<typeof PodFailurePolicyRule>

export const PodFailurePolicy = message('k8s.io.api.batch.v1.PodFailurePolicy', {
  rules: field(1, list(PodFailurePolicyRule), { required: true }),
})
export type PodFailurePolicy = Of<typeof PodFailurePolicy>

export const SuccessPolicyRule = message('k8s.io.api.batch.v1.SuccessPolicyRule', {
  succeededIndexes: field(1, string(), { pointer: true }),
  succeededCount: field(2, int32(), { pointer: true }),
})
export type SuccessPolicyRule = Of<typeof SuccessPolicyRule>

export const SuccessPolicy = message('k8s.io.api.batch.v1.SuccessPolicy', {
  rules: field(1, list(SuccessPolicyRule), { required: true }),
})
export type SuccessPolicy = Of<typeof SuccessPolicy>

export const CompletionMode = oneOf('NonIndexed', 'Indexed')
export type CompletionMode = Of<typeof CompletionMode>

export const PodReplacementPolicy = oneOf('TerminatingOrFailed', 'Failed')
export type PodReplacementPolicy = Of<typeof PodReplacementPolicy>

export const JobSpec = message('k8s.io.api.batch.v1.JobSpec', {
  parallelism: field(1, int32(), { pointer: true }),
  completions: field(2, int32(), { pointer: true }),
  activeDeadlineSeconds: field(3, int64(), { pointer: true }),
  podFailurePolicy: field(11, PodFailurePolicy, { pointer: true }),
  successPolicy: field(16, SuccessPolicy, { pointer: true }),
  backoffLimit: field(7, int32(), { pointer: true }),
  backoffLimitPerIndex: field(12, int32(), { pointer: true }),
  maxFailedIndexes: field(13, int32(), { pointer: true }),
  selector: field(4, meta.LabelSelector, { pointer: true }),
  manualSelector: field(5, bool(), { pointer: true }),
  template: field(6, core.PodTemplateSpec, { required: true }),
  ttlSecondsAfterFinished: field(8, int32(), { pointer: true }),
  completionMode: field(9, CompletionMode, { pointer: true }),
  suspend: field(10, bool(), { pointer: true }),
  podReplacementPolicy: field(14, PodReplacementPolicy, { pointer: true }),
  managedBy: field(15, string(), { pointer: true }),
})
export type JobSpec = Of<typeof JobSpec>

export const JobCondition = message('k8s.io.api.batch.v1.JobCondition', {
  type: field(1, string(), { required: true }),
  status: field(2, string(), { required: true }),
  lastProbeTime: field(3, nullable(time()), { always: true }),
  lastTransitionTime: field(4, nullable(time()), { always: true }),
  reason: field(5, string()),
  message: field(6, string()),
})
export type JobCondition = Of<typeof JobCondition>

export const UncountedTerminatedPods = message('k8s.io.api.batch.v1.UncountedTerminatedPods', {
  succeeded: field(1, list(string(), { apply: { type: 'set' } })),
  failed: field(2, list(string(), { apply: { type: 'set' } })),
})
export type UncountedTerminatedPods = Of<typeof UncountedTerminatedPods>

export const JobStatus = message('k8s.io.api.batch.v1.JobStatus', {
  conditions: field(1, list(JobCondition, { patch: { strategy: 'merge', key: 'type' } })),
  startTime: field(2, time(), { pointer: true }),
  completionTime: field(3, time(), { pointer: true }),
  active: field(4, int32()),
  succeeded: field(5, int32()),
  failed: field(6, int32()),
  terminating: field(11, int32(), { pointer: true }),
  completedIndexes: field(7, string()),
  failedIndexes: field(10, string(), { pointer: true }),
  uncountedTerminatedPods: field(8, UncountedTerminatedPods, { pointer: true }),
  ready: field(9, int32(), { pointer: true }),
})
export type JobStatus = Of<typeof JobStatus>

export const Job = message('k8s.io.api.batch.v1.Job', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  spec: field(2, JobSpec, { always: true }),
  status: field(3, JobStatus, { always: true }),
})
export type Job = Of<typeof Job>

export const JobTemplateSpec = message('k8s.io.api.batch.v1.JobTemplateSpec', {
  metadata: field(1, meta.ObjectMeta, { always: true }),
  spec: field(2, JobSpec, { always: true }),
})
export type JobTemplateSpec = Of<typeof JobTemplateSpec>

export const ConcurrencyPolicy = oneOf('Allow', 'Forbid', 'Replace')
export type ConcurrencyPolicy = Of<typeof ConcurrencyPolicy>

export const CronJobSpec = message('k8s.io.api.batch.v1.CronJobSpec', {
  schedule: field(1, string(), { required: true }),
  timeZone: field(8, string(), { pointer: true }),
  startingDeadlineSeconds: field(2, int64(), { pointer: true }),
  concurrencyPolicy: field(3, ConcurrencyPolicy),
  suspend: field(4, bool(), { pointer: true }),
  jobTemplate: field(5, JobTemplateSpec, { required: true }),
  successfulJobsHistoryLimit: field(6, int32(), { pointer: true }),
  failedJobsHistoryLimit: field(7, int32(), { pointer: true }),
})
export type CronJobSpec = Of<typeof CronJobSpec>

export const CronJobStatus = message('k8s.io.api.batch.v1.CronJobStatus', {
  active: field(1, list(core.ObjectReference)),
  lastScheduleTime: field(4, time(), { pointer: true }),
  lastSuccessfulTime: field(5, time(), { pointer: true }),
})
export type CronJobStatus = Of<typeof CronJobStatus>

export const CronJob = message('k8s.io.api.batch.v1.CronJob', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  spec: field(2, CronJobSpec, { always: true }),
  status: field(3, CronJobStatus, { always: true }),
})
export type CronJob = Of<typeof CronJob>
