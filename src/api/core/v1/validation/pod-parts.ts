import { qosClass, qosClassOf } from '#api/core/v1/pod-helpers.ts'
import { isPodLevelResource } from '#api/core/v1/resources.ts'
import { type Container, EphemeralContainer, type Pod, type PodSpec, type ResourceRequirements } from '#api/core/v1/types.ts'
import { goDiff, goStruct } from '#api/go-struct.ts'
import { same } from '#api/strategy.ts'
import type { Cause } from '#lib/errors.ts'
import { quote } from '#schema/go-text.ts'
import { forbidden, invalid } from '#schema/validate.ts'
import { validatePod } from './pod.ts'
import { validateAnnotationChanges } from './pod-annotations.ts'

/** Containers for debugging are only ever added. */
export function validateEphemeralUpdate(next: Pod, previous: Pod): Cause[] {
  const path = 'spec.ephemeralContainers'
  if (previous.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined)
    return [forbidden('[]', 'static pods do not support ephemeral containers')]
  const now = new Map((next.spec.ephemeralContainers ?? []).map((container) => [container.name, container]))
  return [
    ...validatePod(next),
    ...validateAnnotationChanges(next.metadata, previous.metadata, next.spec),
    ...(previous.spec.ephemeralContainers ?? []).flatMap((container) => {
      const kept = now.get(container.name)
      if (kept === undefined) return [forbidden(path, `existing ephemeral containers ${quote(container.name)} may not be removed\n`)]
      return same(kept, container)
        ? []
        : [
            forbidden(
              path,
              `existing ephemeral containers ${quote(container.name)} may not be changed\n${goDiff(goStruct(EphemeralContainer, container), goStruct(EphemeralContainer, kept))}`,
            ),
          ]
    }),
  ]
}

/** Of a running pod, processor and memory may change, and its quality of service may not (KEP-1287). */
export function validateResize(next: Pod, previous: Pod): Cause[] {
  const causes = validatePod(next)
  if (qosClass(previous) !== qosClassOf(next.spec))
    causes.push(invalid('spec', next.status.qosClass ?? '', 'Pod QOS Class may not change as a result of resizing'))
  const moved = (['containers', 'initContainers'] as const).flatMap((list) =>
    validateOrder(next.spec[list] ?? [], previous.spec[list] ?? [], list),
  )
  if (moved.length > 0) return [...causes, ...moved]
  const rest: PodSpec = { ...next.spec }
  for (const list of ['initContainers', 'containers'] as const) {
    const before = previous.spec[list] ?? []
    for (const [i, { resources }] of (next.spec[list] ?? []).entries())
      causes.push(...validateKept(resources, before[i]!.resources, `spec.${list}[${i}].resources`))
    if (next.spec[list]) rest[list] = next.spec[list].map((container, i) => withoutResizable(container, before[i]!))
  }
  if (previous.spec.resources && next.spec.resources) rest.resources = takeResizable(next.spec.resources, previous.spec.resources)
  if (causes.length > 0) return causes
  return same(rest, previous.spec) ? [] : [forbidden('spec', 'only cpu and memory resources are mutable')]
}

function validateOrder(next: readonly Container[], previous: readonly Container[], list: string): Cause[] {
  if (next.length !== previous.length) return [forbidden(`spec.${list}`, 'containers may not be added or removed on resize')]
  return next.some((container, i) => container.name !== previous[i]!.name)
    ? [forbidden(`spec.${list}`, 'containers may not be renamed or reordered on resize')]
    : []
}

function validateKept(next: ResourceRequirements, previous: ResourceRequirements, path: string): Cause[] {
  return (['requests', 'limits'] as const)
    .filter((list) => Object.keys(previous[list] ?? {}).some((name) => next[list]?.[name] === undefined))
    .map((list) => forbidden(`${path}.${list}`, `resource ${list} cannot be removed`))
}

const withoutResizable = (container: Container, previous: Container): Container => ({
  ...container,
  resources: takeResizable(container.resources, previous.resources),
})

/** The new resources with processor and memory of the old ones: what then differs may not change. */
function takeResizable(next: ResourceRequirements, previous: ResourceRequirements): ResourceRequirements {
  const out = { ...next }
  for (const list of ['requests', 'limits'] as const) {
    const amounts = Object.fromEntries(Object.entries(next[list] ?? {}).filter(([name]) => !isResizable(name)))
    for (const [name, text] of Object.entries(previous[list] ?? {})) if (isResizable(name)) amounts[name] = text
    if (Object.keys(amounts).length > 0) out[list] = amounts
    else delete out[list]
  }
  return out
}

const isResizable = (name: string): boolean => isPodLevelResource(name) && (name === 'cpu' || name === 'memory')
