import { goPodSpec } from '#api/core/v1/go-pod-template.ts'
import type { Container, NodeAffinity, Pod, PodSpec, Toleration } from '#api/core/v1/types.ts'
import * as types from '#api/core/v1/types.ts'
import { goDiff, goStruct } from '#api/go-struct.ts'
import { same } from '#api/strategy.ts'
import type { Cause } from '#lib/errors.ts'
import { shownAsGiven } from '#schema/given-empty.ts'
import { list } from '#schema/schema.ts'
import { checkRange, forbidden, invalid, invalidEach, required } from '#schema/validate.ts'
import { validateTolerations } from './affinity.ts'
import { validateImageSpaces } from './container.ts'
import { validateAnnotationChanges, validateAppArmorMatch, validatePodAnnotations, validateSeccompMatch } from './pod-annotations.ts'
import { validatePodSpec } from './pod-spec.ts'

/** A new pod. */
export function validatePodCreate(pod: Pod): Cause[] {
  const causes = validatePod(pod)
  if ((pod.spec.ephemeralContainers ?? []).length > 0) causes.push(forbidden('spec.ephemeralContainers', 'cannot be set on create'))
  causes.push(...validateSeccompMatch(pod.metadata, pod.spec, 'spec'))
  causes.push(...validateAppArmorMatch(pod.metadata, pod.spec, 'spec'))
  if (pod.spec.nodeName && (pod.spec.schedulingGates ?? []).length > 0)
    causes.push(forbidden('spec.nodeName', 'cannot be set until all schedulingGates have been cleared'))
  return causes
}

/** What holds for a pod at any time. */
export function validatePod(pod: Pod): Cause[] {
  const { metadata, spec } = pod
  const causes = [
    ...validatePodAnnotations(metadata.annotations, spec, 'metadata.annotations'),
    ...validatePodSpec(spec, 'spec', { meta: metadata, isPod: true }),
  ]
  if (!spec.serviceAccountName)
    for (const [i, { projected }] of (spec.volumes ?? []).entries())
      for (const [j, { serviceAccountToken }] of (projected?.sources ?? []).entries())
        if (serviceAccountToken !== undefined) {
          const at = `spec.volumes[${i}].projected.sources[${j}].serviceAccountToken`
          causes.push(forbidden(at, 'must not be specified when serviceAccountName is not set'))
        }
  for (const list of ['containers', 'initContainers'] as const)
    causes.push(...(spec[list] ?? []).flatMap((container, i) => validateImageSpaces(container, `spec.${list}[${i}]`)))
  return causes
}

/** A change of a pod: nearly all of its spec is fixed for life. */
export function validatePodUpdate(next: Pod, previous: Pod): Cause[] {
  const causes = [...validatePod(next), ...validateAnnotationChanges(next.metadata, previous.metadata, next.spec)]
  for (const list of ['containers', 'initContainers'] as const) {
    const own = validateContainerUpdates(next.spec[list] ?? [], previous.spec[list] ?? [], `spec.${list}`)
    causes.push(...own.causes)
    if (own.stop) return causes
  }
  const deadline = validateDeadline(next.spec.activeDeadlineSeconds, previous.spec.activeDeadlineSeconds)
  causes.push(...deadline.causes)
  if (deadline.stop) return causes
  causes.push(...validateAddedTolerations(next.spec, previous.spec), ...validateRemovedGates(next.spec, previous.spec))
  const rest = withChangeable(next.spec, previous.spec)
  if ((previous.spec.schedulingGates ?? []).length > 0) {
    causes.push(...validateGatedChanges(rest, previous.spec))
    if (previous.spec.nodeSelector === undefined) delete rest.nodeSelector
    else rest.nodeSelector = previous.spec.nodeSelector
    restoreNodeAffinity(rest, previous.spec)
  }
  if (!same(rest, previous.spec)) causes.push(forbidden('spec', `${fixedText}\n${goDiff(goPodSpec(previous.spec), goPodSpec(rest))}`))
  return causes
}

const fixedText =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)'

function validateContainerUpdates(
  next: readonly Container[],
  previous: readonly Container[],
  path: string,
): { causes: Cause[]; stop: boolean } {
  if (next.length !== previous.length) return { causes: [forbidden(path, 'pod updates may not add or remove containers')], stop: true }
  const causes = next.flatMap((container, i) => [
    ...(container.image ? [] : [required(`${path}[${i}].image`)]),
    ...validateImageSpaces(container, `${path}[${i}]`),
  ])
  return { causes, stop: false }
}

function validateDeadline(next: number | undefined, previous: number | undefined): { causes: Cause[]; stop: boolean } {
  const path = 'spec.activeDeadlineSeconds'
  if (next === undefined)
    return {
      causes: previous === undefined ? [] : [invalid(path, null, 'must not update from a positive integer to nil value')],
      stop: false,
    }
  const problems = checkRange(next, 0, 2 ** 31 - 1)
  if (problems.length > 0) return { causes: invalidEach(path, next, problems), stop: true }
  return previous !== undefined && previous < next
    ? { causes: [invalid(path, next, 'must be less than or equal to previous value')], stop: true }
    : { causes: [], stop: false }
}

function validateAddedTolerations(next: PodSpec, previous: PodSpec): Cause[] {
  const textOf = ({ key, operator, value, effect }: Toleration): string => JSON.stringify([key, operator, value, effect])
  const present = new Set((next.tolerations ?? []).map(textOf))
  if (!(previous.tolerations ?? []).every((old) => present.has(textOf(old))))
    return [forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds')]
  return validateTolerations(next.tolerations, 'spec.tolerations')
}

function validateRemovedGates(next: PodSpec, previous: PodSpec): Cause[] {
  const before = new Set(previous.schedulingGates?.map(({ name }) => name))
  return (next.schedulingGates ?? []).flatMap(({ name }, i) =>
    before.has(name)
      ? []
      : [forbidden(`spec.schedulingGates[${i}].name`, `only deletion is allowed, but found new scheduling gate '${name}'`)],
  )
}

/** The new spec with everything that may change taken from the old one: what then differs is refused. */
function withChangeable(next: PodSpec, previous: PodSpec): PodSpec {
  const images = (now: readonly Container[] = [], before: readonly Container[] = []): Container[] =>
    now.map((container, i) => {
      const { image: _, ...rest } = container
      const image = before[i]?.image
      return image === undefined ? rest : { ...rest, image }
    })
  const out: PodSpec = { ...next, containers: images(next.containers, previous.containers) }
  if (next.initContainers) out.initContainers = images(next.initContainers, previous.initContainers)
  for (const name of ['activeDeadlineSeconds', 'schedulingGates', 'tolerations'] as const) {
    if (previous[name] === undefined) delete out[name]
    else Object.assign(out, { [name]: previous[name] })
  }
  if (previous.terminationGracePeriodSeconds < 0 && out.terminationGracePeriodSeconds === 1)
    out.terminationGracePeriodSeconds = previous.terminationGracePeriodSeconds
  return out
}

/** While a pod waits at its gates, where it may run can be narrowed (KEP-3838). */
function validateGatedChanges(next: PodSpec, previous: PodSpec): Cause[] {
  const causes: Cause[] = []
  const path = 'spec.nodeSelector'
  for (const [key, value] of Object.entries(previous.nodeSelector ?? {}))
    if (next.nodeSelector?.[key] !== value) {
      causes.push(
        invalid(path, shownAsGiven(next, 'nodeSelector'), 'only additions to spec.nodeSelector are allowed (no mutations or deletions)'),
      )
      break
    }
  causes.push(...validateNodeAffinityChange(next.affinity?.nodeAffinity, previous.affinity?.nodeAffinity))
  return causes
}

function validateNodeAffinityChange(next: NodeAffinity | undefined, previous: NodeAffinity | undefined): Cause[] {
  const before = previous?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
  if (before === undefined) return []
  const path = 'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms'
  const selector = next?.requiredDuringSchedulingIgnoredDuringExecution
  const now = selector?.nodeSelectorTerms ?? []
  if (now.length !== before.length)
    return [
      invalid(
        path,
        goStruct(list(types.NodeSelectorTerm), shownAsGiven(selector, 'nodeSelectorTerms')),
        'no additions/deletions to non-empty NodeSelectorTerms list are allowed',
      ),
    ]
  return before.flatMap((term, i) => {
    const size = (one: typeof term | undefined) => (one?.matchExpressions ?? []).length + (one?.matchFields ?? []).length
    if (size(term) === 0 && size(now[i]) > 0)
      return [invalid(`${path}[${i}]`, goStruct(types.NodeSelectorTerm, now[i]), 'only additions are allowed (no mutations or deletions)')]
    const kept = (['matchExpressions', 'matchFields'] as const).every((name) =>
      (term[name] ?? []).every((requirement, j) => same(now[i]?.[name]?.[j], requirement)),
    )
    return kept
      ? []
      : [invalid(`${path}[${i}]`, goStruct(types.NodeSelectorTerm, now[i]), 'only additions are allowed (no mutations or deletions)')]
  })
}

function restoreNodeAffinity(spec: PodSpec, previous: PodSpec): void {
  const { nodeAffinity: _, ...others } = spec.affinity ?? {}
  const before = previous.affinity?.nodeAffinity
  if (before !== undefined) spec.affinity = { ...others, nodeAffinity: before }
  else if (Object.keys(others).length > 0 || previous.affinity !== undefined) spec.affinity = others
  else delete spec.affinity
}
