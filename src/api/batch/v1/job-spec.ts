import type { JobSpec } from '#api/batch/v1/types.ts'
import { defaultPodTemplate } from '#api/core/v1/pod-defaults.ts'
import { podTemplateWarnings } from '#api/core/v1/pod-warnings.ts'

/** What Job and the template of CronJob share, but for the counts: only a job that will run gets those. */
export function defaultJobTemplate(spec: JobSpec): JobSpec {
  const { podFailurePolicy } = spec
  return {
    ...spec,
    template: defaultPodTemplate(spec.template),
    ...(podFailurePolicy?.rules && {
      podFailurePolicy: {
        ...podFailurePolicy,
        rules: podFailurePolicy.rules.map((rule) =>
          rule.onPodConditions === undefined
            ? rule
            : { ...rule, onPodConditions: rule.onPodConditions.map((pattern) => ({ ...pattern, status: pattern.status || 'True' })) },
        ),
      },
    }),
  }
}

/** One pod at a time, once, unless told otherwise; without a limit of its own a job that counts failures by index has none as a whole. */
export function defaultJob(given: JobSpec): JobSpec {
  const spec = defaultJobTemplate(given)
  const { completions, parallelism, backoffLimit, backoffLimitPerIndex, podFailurePolicy } = spec
  return {
    ...spec,
    ...(completions === undefined && parallelism === undefined && { completions: 1 }),
    parallelism: parallelism ?? 1,
    backoffLimit: backoffLimit ?? (backoffLimitPerIndex === undefined ? 6 : 2 ** 31 - 1),
    completionMode: spec.completionMode ?? 'NonIndexed',
    suspend: spec.suspend ?? false,
    podReplacementPolicy: spec.podReplacementPolicy ?? (podFailurePolicy === undefined ? 'TerminatingOrFailed' : 'Failed'),
    manualSelector: spec.manualSelector ?? false,
  }
}

/** What is accepted in a job at `path`, and hardly meant. */
export const jobSpecWarnings = (spec: JobSpec, path: string): string[] => [
  ...(spec.completionMode === 'Indexed' && (spec.completions ?? 0) > 100_000 && (spec.parallelism ?? 0) > 10_000
    ? [
        `${path}: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail`,
      ]
    : []),
  ...podTemplateWarnings(spec.template, `${path}.template`),
]
