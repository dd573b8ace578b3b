/** The types of batch/v1, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import * as core from '#api/core/v1/types.ts'
import { objectFields } from '#api/meta/v1/object-fields.ts'
import * as meta from '#api/meta/v1/types.ts'
import type { Of } from '#schema/schema.ts'
import { bool, field, int32, int64, list, message, nullable, oneOf, string, time } from '#schema/schema.ts'

export const PodFailurePolicyAction = oneOf('FailJob', 'FailIndex', 'Ignore', 'Count')
export type PodFailurePolicyAction = Of<typeof PodFailurePolicyAction>

export const PodFailurePolicyOnExitCodesOperator = oneOf('In', 'NotIn')
export type PodFailurePolicyOnExitCodesOperator = Of<typeof PodFailurePolicyOnExitCodesOperator>

export const PodFailurePolicyOnExitCodesRequirement = message(
  'k8s.io.api.batch.v1.PodFailurePolicyOnExitCodesRequirement',
  {
    containerName: field(1, string(), {
      pointer: true,
      about: 'Only this container or init container is looked at; without it, any of the pod counts.',
    }),
    operator: field(2, PodFailurePolicyOnExitCodesOperator, {
      required: true,
      about: 'In matches when an exit code is among the values, NotIn when one is not.',
    }),
    values: field(3, list(int32(), { apply: { type: 'set' } }), {
      required: true,
      about: 'Exit codes to compare with: 1 to 255 of them, ascending, none twice; 0 may not be used with In.',
    }),
  },
  { about: 'Matches a failed pod by the exit codes of its containers, those that ended well left out.' },
)
export type PodFailurePolicyOnExitCodesRequirement = Of<typeof PodFailurePolicyOnExitCodesRequirement>

export const PodFailurePolicyOnPodConditionsPattern = message(
  'k8s.io.api.batch.v1.PodFailurePolicyOnPodConditionsPattern',
  {
    type: field(1, string(), { required: true, about: 'Type of the pod condition, such as DisruptionTarget.' }),
    status: field(2, string(), { always: true, about: 'Status that the condition has to have; True by default.' }),
  },
  { about: 'Matches a failed pod by one of its conditions.' },
)
export type PodFailurePolicyOnPodConditionsPattern = Of<typeof PodFailurePolicyOnPodConditionsPattern>

export const PodFailurePolicyRule = message(
  'k8s.io.api.batch.v1.PodFailurePolicyRule',
  {
    action: field(1, PodFailurePolicyAction, {
      required: true,
      about: "FailJob ends the Job, FailIndex gives the pod's index up, Ignore leaves it out of backoffLimit, Count counts as usual.",
    }),
    onExitCodes: field(2, PodFailurePolicyOnExitCodesRequirement, {
      pointer: true,
      about: 'Exit codes that the rule is for; give either these or onPodConditions.',
    }),
    onPodConditions: field(3, list(PodFailurePolicyOnPodConditionsPattern), {
      about: 'Conditions of which one has to match for the rule to apply, at most 20; give either these or onExitCodes.',
    }),
  },
  { about: 'What to do about failed pods of one sort, told apart by either exit codes or conditions.' },
)
export type PodFailurePolicyRule = Of<typeof PodFailurePolicyRule>

export const PodFailurePolicy = message(
  'k8s.io.api.batch.v1.PodFailurePolicy',
  {
    rules: field(1, list(PodFailurePolicyRule), {
      required: true,
      about: 'Tried in their order, and the first that matches decides; at most 20. A failure that matches none is counted.',
    }),
  },
  { about: 'How failures of different sorts are answered, in place of counting each one towards backoffLimit.' },
)
export type PodFailurePolicy = Of<typeof PodFailurePolicy>

export const SuccessPolicyRule = message(
  'k8s.io.api.batch.v1.SuccessPolicyRule',
  {
    succeededIndexes: field(1, string(), {
      pointer: true,
      about: 'Indexes that have to succeed, such as 0,2-4; without succeededCount all of them.',
    }),
    succeededCount: field(2, int32(), {
      pointer: true,
      about: 'How many indexes have to succeed, of succeededIndexes if those are given and else of all.',
    }),
  },
  { about: 'When an Indexed Job counts as succeeded before all of its indexes have; with both fields, both have to hold.' },
)
export type SuccessPolicyRule = Of<typeof SuccessPolicyRule>

export const SuccessPolicy = message(
  'k8s.io.api.batch.v1.SuccessPolicy',
  {
    rules: field(1, list(SuccessPolicyRule), {
      required: true,
      about: 'Tried in their order until one holds, which completes the Job; at most 20.',
    }),
  },
  { about: 'Lets an Indexed Job end early; pods that still run are then deleted.' },
)
export type SuccessPolicy = Of<typeof SuccessPolicy>

export const CompletionMode = oneOf('NonIndexed', 'Indexed')
export type CompletionMode = Of<typeof CompletionMode>

export const PodReplacementPolicy = oneOf('TerminatingOrFailed', 'Failed')
export type PodReplacementPolicy = Of<typeof PodReplacementPolicy>

export const JobSpec = message(
  'k8s.io.api.batch.v1.JobSpec',
  {
    parallelism: field(1, int32(), { pointer: true, about: 'How many pods may run at once; 1 by default, and 0 holds the Job.' }),
    completions: field(2, int32(), {
      pointer: true,
      about:
        'How many pods have to succeed; 1 by default, any one if only parallelism is set. Changes only with parallelism on an Indexed Job.',
    }),
    activeDeadlineSeconds: field(3, int64(), {
      pointer: true,
      about: 'Seconds since its start after which the Job fails and its pods are ended; time spent suspended is not counted.',
    }),
    podFailurePolicy: field(11, PodFailurePolicy, {
      pointer: true,
      about: "How failures of certain sorts are answered; the template's restartPolicy has to be Never. Cannot be changed.",
    }),
    successPolicy: field(16, SuccessPolicy, {
      pointer: true,
      about: 'When the Job counts as succeeded early; for Indexed Jobs only. Cannot be changed.',
    }),
    backoffLimit: field(7, int32(), {
      pointer: true,
      about: 'How many failures are retried before the Job fails; 6 by default, no limit if backoffLimitPerIndex is set.',
    }),
    backoffLimitPerIndex: field(12, int32(), {
      pointer: true,
      about: 'How many failures of one index are retried; for Indexed Jobs with restartPolicy Never only. Cannot be changed.',
    }),
    maxFailedIndexes: field(13, int32(), {
      pointer: true,
      about: 'How many indexes may fail before the whole Job does; used with backoffLimitPerIndex, no limit by default.',
    }),
    selector: field(4, meta.LabelSelector, {
      pointer: true,
      about: 'Labels by which the Job finds its pods; leave it to the server, which makes them unique. Cannot be changed.',
    }),
    manualSelector: field(5, bool(), {
      pointer: true,
      about: 'Lets you write selector and labels yourself, at the risk of matching pods of others. Cannot be changed.',
    }),
    template: field(6, core.PodTemplateSpec, {
      required: true,
      about: 'Pod to be run; restartPolicy has to be OnFailure or Never. Fixed, but for placement and resources while suspended.',
    }),
    ttlSecondsAfterFinished: field(8, int32(), {
      pointer: true,
      about: 'Seconds after its end at which the Job is deleted with its pods; without it the Job stays.',
    }),
    completionMode: field(9, CompletionMode, {
      pointer: true,
      about: 'NonIndexed (the default) takes all pods for equal; Indexed gives each a completion index. Cannot be changed.',
    }),
    suspend: field(10, bool(), {
      pointer: true,
      about: 'Ends the running pods and makes no new ones until it is false again, when startTime begins anew.',
    }),
    podReplacementPolicy: field(14, PodReplacementPolicy, {
      pointer: true,
      about:
        'TerminatingOrFailed (the default) replaces a pod once it is being ended; Failed, the only choice with podFailurePolicy, once it has ended.',
    }),
    managedBy: field(15, string(), {
      pointer: true,
      about: 'Controller in charge of this Job, as a domain-prefixed path; absent, the built-in one is. Cannot be changed.',
    }),
  },
  { about: 'What a Job should run: the pod template, how often it has to succeed, and what happens on failure.' },
)
export type JobSpec = Of<typeof JobSpec>

export const JobCondition = message(
  'k8s.io.api.batch.v1.JobCondition',
  {
    type: field(1, string(), {
      required: true,
      about: 'Complete, Failed, Suspended, SuccessCriteriaMet or FailureTarget; there is one entry for each.',
    }),
    status: field(2, string(), { required: true, about: 'True, False or Unknown.' }),
    lastProbeTime: field(3, nullable(time()), { always: true, about: 'When the condition was last looked at.' }),
    lastTransitionTime: field(4, nullable(time()), { always: true, about: 'When the status last changed.' }),
    reason: field(5, string(), { about: 'Cause of the last change, as one CamelCase word.' }),
    message: field(6, string(), { about: 'Explanation of the last change for a person to read.' }),
  },
  { about: "One observed aspect of a Job's state." },
)
export type JobCondition = Of<typeof JobCondition>

export const UncountedTerminatedPods = message(
  'k8s.io.api.batch.v1.UncountedTerminatedPods',
  {
    succeeded: field(1, list(string(), { apply: { type: 'set' } }), { about: 'UIDs of pods that succeeded.' }),
    failed: field(2, list(string(), { apply: { type: 'set' } }), { about: 'UIDs of pods that failed.' }),
  },
  { about: 'Ended pods that the controller has seen, but not yet added to the counters of the status.' },
)
export type UncountedTerminatedPods = Of<typeof UncountedTerminatedPods>

export const JobStatus = message(
  'k8s.io.api.batch.v1.JobStatus',
  {
    conditions: field(1, list(JobCondition, { patch: { strategy: 'merge', key: 'type' } }), {
      about: 'Observed aspects of the state; Complete or Failed with status True means that the Job is over.',
    }),
    startTime: field(2, time(), {
      pointer: true,
      about: 'When the controller began with the Job, again each time it is resumed; absent while it was never started.',
    }),
    completionTime: field(3, time(), { pointer: true, about: 'When the Job was done; set only if it succeeded, and never changed after.' }),
    active: field(4, int32(), { about: 'How many pods are pending or running and not being ended.' }),
    succeeded: field(5, int32(), { about: 'How many pods have succeeded.' }),
    failed: field(6, int32(), { about: 'How many pods have failed.' }),
    terminating: field(11, int32(), { pointer: true, about: 'How many pods are being deleted and have not ended yet.' }),
    completedIndexes: field(7, string(), { about: 'Indexes that have succeeded, such as 1,3-5,7; for Indexed Jobs only.' }),
    failedIndexes: field(10, string(), {
      pointer: true,
      about: 'Indexes that were given up, such as 1,3-5,7; kept only if backoffLimitPerIndex is set.',
    }),
    uncountedTerminatedPods: field(8, UncountedTerminatedPods, {
      pointer: true,
      about: 'Bookkeeping that keeps a pod from being counted twice or not at all; empty once the Job is over.',
    }),
    ready: field(9, int32(), { pointer: true, about: 'How many active pods are ready and not being ended.' }),
  },
  { about: 'How far a Job has come, as its controller last saw it.' },
)
export type JobStatus = Of<typeof JobStatus>

export const Job = message(
  'k8s.io.api.batch.v1.Job',
  {
    ...objectFields,
    spec: field(2, JobSpec, { always: true, about: 'What should run, how often and what happens on failure.' }),
    status: field(3, JobStatus, { always: true, about: 'How far it has come; written by the controller.' }),
  },
  { about: 'Runs pods until a given number of them has succeeded, and retries those that fail.' },
)
export type Job = Of<typeof Job>

export const JobTemplateSpec = message(
  'k8s.io.api.batch.v1.JobTemplateSpec',
  {
    metadata: field(1, meta.ObjectMeta, {
      always: true,
      about: "Labels and annotations that each Job gets; its name is made from the CronJob's.",
    }),
    spec: field(2, JobSpec, { always: true, about: 'What each Job should run.' }),
  },
  { about: 'Job that a CronJob makes, apart from the name.' },
)
export type JobTemplateSpec = Of<typeof JobTemplateSpec>

export const ConcurrencyPolicy = oneOf('Allow', 'Forbid', 'Replace')
export type ConcurrencyPolicy = Of<typeof ConcurrencyPolicy>

export const CronJobSpec = message(
  'k8s.io.api.batch.v1.CronJobSpec',
  {
    schedule: field(1, string(), {
      required: true,
      about: 'Times in cron form (minute, hour, day of month, month, day of week), or a word such as @daily.',
    }),
    timeZone: field(8, string(), {
      pointer: true,
      about: 'Zone of the schedule by its IANA name, such as Europe/Lisbon; by default that of the controller manager.',
    }),
    startingDeadlineSeconds: field(2, int64(), {
      pointer: true,
      about: 'How many seconds late a Job may still start; a later one is left out. No limit by default.',
    }),
    concurrencyPolicy: field(3, ConcurrencyPolicy, {
      about: 'While a Job still runs, Allow (the default) starts another, Forbid leaves it out, Replace ends the running one first.',
    }),
    suspend: field(4, bool(), { pointer: true, about: 'Starts no further Jobs while true; running ones go on. False by default.' }),
    jobTemplate: field(5, JobTemplateSpec, { required: true, about: 'Job that is made each time; a change touches only later ones.' }),
    successfulJobsHistoryLimit: field(6, int32(), { pointer: true, about: 'How many Jobs that succeeded are kept; 3 by default.' }),
    failedJobsHistoryLimit: field(7, int32(), { pointer: true, about: 'How many Jobs that failed are kept; 1 by default.' }),
  },
  { about: 'When a CronJob starts Jobs, and which.' },
)
export type CronJobSpec = Of<typeof CronJobSpec>

export const CronJobStatus = message(
  'k8s.io.api.batch.v1.CronJobStatus',
  {
    active: field(1, list(core.ObjectReference), { about: 'Jobs that are running now.' }),
    lastScheduleTime: field(4, time(), { pointer: true, about: 'Scheduled time of the last Job that was started.' }),
    lastSuccessfulTime: field(5, time(), { pointer: true, about: 'When a Job last ended with success.' }),
  },
  { about: 'Which Jobs of a CronJob run, and when the last ones began and succeeded.' },
)
export type CronJobStatus = Of<typeof CronJobStatus>

export const CronJob = message(
  'k8s.io.api.batch.v1.CronJob',
  {
    ...objectFields,
    spec: field(2, CronJobSpec, { listed: true, always: true, about: 'Schedule, Job template and what happens when Jobs overlap.' }),
    status: field(3, CronJobStatus, { always: true, about: 'Its running Jobs and latest times; written by the controller.' }),
  },
  { about: 'Starts a Job at each time of a schedule.' },
)
export type CronJob = Of<typeof CronJob>
