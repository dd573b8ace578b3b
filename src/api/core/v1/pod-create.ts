import { appArmorAnnotationPrefix, profileOfAnnotation } from '#api/core/v1/app-armor.ts'
import { qosClassOf } from '#api/core/v1/pod-helpers.ts'
import type { Affinity, Container, EphemeralContainer, PodAffinityTerm, PodSpec, Pod as PodType } from '#api/core/v1/types.ts'
import { validateAppArmor } from '#api/core/v1/validation/security-context.ts'
import type { LabelSelector } from '#api/meta/v1/types.ts'
import { same } from '#api/strategy.ts'

/** The status that a new pod starts with: Pending, its quality of service fixed for life, held back while it has scheduling gates (KEP-3521). */
export const initialPodStatus = (spec: PodSpec, now: string): PodType['status'] => ({
  phase: 'Pending',
  ...((spec.schedulingGates ?? []).length > 0 && {
    conditions: [
      {
        type: 'PodScheduled',
        status: 'False',
        lastProbeTime: null,
        lastTransitionTime: now,
        reason: 'SchedulingGated',
        message: 'Scheduling is blocked due to non-empty scheduling gates',
      },
    ],
  }),
  qosClass: qosClassOf(spec),
})

/** Turns `matchLabelKeys` and `mismatchLabelKeys` into conditions of the selector beside them, with the pod's own label values (KEP-3633, KEP-3243). */
export function mergeLabelKeys(spec: PodSpec, labels: Readonly<Record<string, string>>): PodSpec {
  if (spec.affinity === undefined && spec.topologySpreadConstraints === undefined) return spec
  return {
    ...spec,
    ...(spec.affinity && { affinity: mergeAffinity(spec.affinity, labels) }),
    ...(spec.topologySpreadConstraints && {
      topologySpreadConstraints: spec.topologySpreadConstraints.map((constraint) => mergeSelector(constraint, labels)),
    }),
  }
}

function mergeAffinity(affinity: Affinity, labels: Readonly<Record<string, string>>): Affinity {
  const merge = <A extends NonNullable<Affinity['podAffinity']>>(terms: A): A => ({
    ...terms,
    ...(terms.requiredDuringSchedulingIgnoredDuringExecution && {
      requiredDuringSchedulingIgnoredDuringExecution: terms.requiredDuringSchedulingIgnoredDuringExecution.map((term) =>
        mergeSelector(term, labels),
      ),
    }),
    ...(terms.preferredDuringSchedulingIgnoredDuringExecution && {
      preferredDuringSchedulingIgnoredDuringExecution: terms.preferredDuringSchedulingIgnoredDuringExecution.map((weighted) => ({
        ...weighted,
        podAffinityTerm: mergeSelector(weighted.podAffinityTerm, labels),
      })),
    }),
  })
  return {
    ...affinity,
    ...(affinity.podAffinity && { podAffinity: merge(affinity.podAffinity) }),
    ...(affinity.podAntiAffinity && { podAntiAffinity: merge(affinity.podAntiAffinity) }),
  }
}

/** A term without a selector matches nothing, and stays so. */
function mergeSelector<T extends Partial<Pick<PodAffinityTerm, 'labelSelector' | 'matchLabelKeys' | 'mismatchLabelKeys'>>>(
  term: T,
  labels: Readonly<Record<string, string>>,
): T {
  if (term.labelSelector === undefined) return term
  const conditions = (keys: readonly string[] | undefined, operator: string) =>
    (keys ?? []).filter((key) => labels[key] !== undefined).map((key) => ({ key, operator, values: [labels[key]!] }))
  const added = [...conditions(term.matchLabelKeys, 'In'), ...conditions(term.mismatchLabelKeys, 'NotIn')]
  if (added.length === 0) return term
  const labelSelector: LabelSelector = {
    ...term.labelSelector,
    matchExpressions: [...(term.labelSelector.matchExpressions ?? []), ...added],
  }
  return { ...term, labelSelector }
}

/** Names AppArmor profiles by the field, where containers name them by the old annotation only (KEP-24). */
export function takeAppArmorAnnotations(
  spec: PodSpec,
  annotations: Readonly<Record<string, string>> | undefined,
  warn: ((message: string) => void) | undefined,
): PodSpec {
  if (annotations === undefined || spec.os?.name === 'windows') return spec
  if (!Object.keys(annotations).some((key) => key.startsWith(appArmorAnnotationPrefix))) return spec
  const take = <C extends Container | EphemeralContainer>(container: C): C => {
    const key = `${appArmorAnnotationPrefix}${container.name}`
    const value = annotations[key]
    if (value === undefined || container.securityContext?.appArmorProfile !== undefined) return container
    const profile = profileOfAnnotation(value)
    const isSound = profile !== undefined && validateAppArmor(profile, '').length === 0
    const isPods = isSound && same(profile, spec.securityContext?.appArmorProfile)
    if (!isPods) warn?.(`metadata.annotations[${key}]: deprecated since v1.30; use the "appArmorProfile" field instead`)
    return isSound && !isPods ? { ...container, securityContext: { ...container.securityContext, appArmorProfile: profile } } : container
  }
  return {
    ...spec,
    ...(spec.initContainers && { initContainers: spec.initContainers.map(take) }),
    containers: spec.containers.map(take),
  }
}
