import type { Job, JobSpec } from '#api/batch/v1/types.ts'
import * as types from '#api/batch/v1/types.ts'
import { goPodSpec, goPodTemplate } from '#api/core/v1/go-pod-template.ts'
import type { PodSpec, PodTemplateSpec } from '#api/core/v1/types.ts'
import { parseSound } from '#api/core/v1/validation/replicas.ts'
import { goStruct } from '#api/go-struct.ts'
import { matches, selectorOf } from '#api/meta/v1/selector.ts'
import { validateLabelSelector } from '#api/meta/v1/validate-selector.ts'
import { same } from '#api/strategy.ts'
import type { Cause } from '#lib/errors.ts'
import { shownAsGiven } from '#schema/given-empty.ts'
import { checkDns1123Label, immutable, invalid, required } from '#schema/validate.ts'
import { validateCommonSpec } from './validate-job-spec.ts'

/** What is wrong with a new job. */
export const validateJob = (job: Job): Cause[] => validateWhole(job, true)

/** The reference looks at the whole job twice: by itself, and again as part of the change. */
export function validateJobUpdate(next: Job, previous: Job): Cause[] {
  const labels = previous.spec.template.metadata?.labels
  const had = labels?.[prefixedName] !== undefined && labels[prefixedUid] !== undefined
  return [...validateWhole(next, had), ...validateSpec(next.spec), ...validateChange(next.spec, previous)]
}

function validateWhole(job: Job, needsPrefixed: boolean): Cause[] {
  const { metadata, spec } = job
  const causes = [...validateGenerated(job, needsPrefixed), ...validateSpec(spec)]
  if (spec.completionMode === 'Indexed' && (spec.completions ?? 0) > 0) {
    // The pods' host names end in the index.
    const longest = `${metadata.name}-${spec.completions! - 1}`
    if (checkDns1123Label(longest).length > 0)
      causes.push(invalid('metadata.name', metadata.name ?? '', `will not able to create pod with invalid DNS label: ${longest}`))
  }
  return causes
}

const prefixedName = 'batch.kubernetes.io/job-name'
const prefixedUid = 'batch.kubernetes.io/controller-uid'

/** A selector that the server made matches this job's pods and no others. */
function validateGenerated({ metadata, spec }: Job, needsPrefixed: boolean): Cause[] {
  if (spec.manualSelector || spec.selector === undefined) return []
  const { name = '', uid = '' } = metadata
  const expected: Record<string, string> = { 'controller-uid': uid, 'job-name': name }
  if (needsPrefixed) Object.assign(expected, { [prefixedUid]: uid, [prefixedName]: name })
  const labels = spec.template.metadata?.labels
  const causes: Cause[] = uid === '' ? [required('metadata.uid')] : []
  for (const [key, value] of Object.entries(expected)) {
    const path = `spec.template.metadata.labels[${key}]`
    if (labels?.[key] === undefined) causes.push(required(path, `must be '${value}'`))
    else if (labels[key] !== value) causes.push(invalid(path, byKey(labels), `must be '${value}'`))
  }
  const parsed = parseSound(spec.selector)
  if (parsed !== undefined && !matches(parsed, expected))
    causes.push(invalid('spec.selector', spec.selector, '`selector` not auto-generated'))
  return causes
}

function validateSpec(spec: JobSpec): Cause[] {
  const causes = validateCommonSpec(spec, 'spec')
  causes.push(...(spec.selector === undefined ? [required('spec.selector')] : validateLabelSelector(spec.selector, 'spec.selector')))
  const parsed = parseSound(spec.selector)
  const labels = spec.template.metadata?.labels
  if (parsed !== undefined && !matches(spec.selector === undefined ? selectorOf(undefined) : parsed, labels))
    causes.push(
      invalid(
        'spec.template.metadata.labels',
        labels === undefined ? shownAsGiven(spec.template.metadata, 'labels') : byKey(labels),
        '`selector` does not match template `labels`',
      ),
    )
  return causes
}

/** As Go prints a map: by key. */
const byKey = (labels: Readonly<Record<string, string>> | undefined) =>
  labels === undefined ? null : Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)))

function validateChange(next: JobSpec, { spec: previous, status }: Job): Cause[] {
  const fixed = (name: 'podFailurePolicy' | 'successPolicy', type: Parameters<typeof goStruct>[0]): Cause[] =>
    immutable(`spec.${name}`, next[name] === undefined ? null : goStruct(type, next[name]), same(next[name], previous[name]))
  const scalar = (name: 'completionMode' | 'backoffLimitPerIndex' | 'managedBy'): Cause[] =>
    immutable(`spec.${name}`, next[name] ?? null, same(next[name], previous[name]))
  return [
    ...validateCompletions(next, previous),
    ...immutable('spec.selector', next.selector ?? null, same(next.selector, previous.selector)),
    ...validateTemplateChange(next.template, previous, status),
    ...scalar('completionMode'),
    ...fixed('podFailurePolicy', types.PodFailurePolicy),
    ...scalar('backoffLimitPerIndex'),
    ...scalar('managedBy'),
    ...fixed('successPolicy', types.SuccessPolicy),
  ]
}

/** An indexed job can be made larger or smaller, as long as all of it runs at once (KEP-3715). */
function validateCompletions(next: JobSpec, previous: JobSpec): Cause[] {
  const path = 'spec.completions'
  const isSame = next.completions === previous.completions
  if (next.completionMode !== 'Indexed') return immutable(path, next.completions ?? null, isSame)
  if (isSame || next.completions === undefined || next.completions === next.parallelism) return []
  return [invalid(path, next.completions, 'can only be modified in tandem with spec.parallelism')]
}

/** While nothing of a suspended job runs, where its pods may run and what they ask for can be changed (KEP-2926, KEP-5440). */
function validateTemplateChange(next: PodTemplateSpec, previous: JobSpec, status: Job['status']): Cause[] {
  const isSuspended = previous.suspend === true
  const hasCondition = (status.conditions ?? []).some(({ type, status: value }) => type === 'Suspended' && value === 'True')
  const isMutable = isSuspended && (status.startTime === undefined || hasCondition) && (status.active ?? 0) === 0
  const old = isMutable ? withDirectives(previous.template, next) : previous.template
  if (!isMutable) return same(next, old) ? [] : [invalid('spec.template', goPodTemplate(next), 'field is immutable')]
  return same(next.spec, withResources(old.spec, next.spec))
    ? []
    : [invalid('spec.template.spec', goPodSpec(next.spec), 'field is immutable')]
}

/** The old template with the new one's word on where its pods may run. */
function withDirectives(old: PodTemplateSpec, next: PodTemplateSpec): PodTemplateSpec {
  const { nodeSelector, tolerations, schedulingGates, affinity } = next.spec
  const { nodeSelector: _n, tolerations: _t, schedulingGates: _g, affinity: before, ...rest } = old.spec
  const { nodeAffinity: _own, ...others } = before ?? {}
  const nodeAffinity = affinity?.nodeAffinity
  const isBare = before === undefined || Object.keys(others).length === 0
  const merged = affinity === undefined ? (isBare ? undefined : others) : { ...others, ...(nodeAffinity && { nodeAffinity }) }
  return {
    ...old,
    metadata: { ...old.metadata, annotations: next.metadata?.annotations, labels: next.metadata?.labels },
    spec: {
      ...rest,
      ...(nodeSelector && { nodeSelector }),
      ...(tolerations && { tolerations }),
      ...(schedulingGates && { schedulingGates }),
      ...(merged && { affinity: merged }),
    },
  }
}

/** The old spec with what the new one's containers of the same names and places ask for. */
function withResources(old: PodSpec, next: PodSpec): PodSpec {
  const taken = { ...old }
  for (const list of ['containers', 'initContainers'] as const) {
    const before = old[list] ?? []
    const after = next[list] ?? []
    if (before.length === 0 || before.length !== after.length) continue
    taken[list] = before.map((container, i) => {
      if (container.name !== after[i]!.name) return container
      const { resources: _, ...rest } = container
      const { resources } = after[i]!
      return { ...rest, ...(resources && { resources }) } as typeof container
    })
  }
  return taken
}
