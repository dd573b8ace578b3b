import { qosClass, qosClassOf } from '#api/core/v1/pod-helpers.ts'
import type { Container, Pod, PodSpec, ResourceRequirements } from '#api/core/v1/types.ts'
import { same } from '#api/strategy.ts'
import type { Cause } from '#lib/errors.ts'
import { forbidden, invalid } from '#schema/validate.ts'
import { validatePod } from './pod.ts'

/** Of a running pod, processor and memory may change, of its containers and of the whole; its quality of service may not (KEP-1287, KEP-5419). */
export function validateResize(next: Pod, previous: Pod): Cause[] {
  if (previous.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined)
    return [forbidden('[]', 'static pods cannot be resized')]
  if (previous.spec.os?.name === 'windows') return [forbidden('[]', 'windows pods cannot be resized')]
  const causes = validatePod(next)
  if (qosClass(previous) !== qosClassOf(next.spec))
    causes.push(invalid('spec', next.status.qosClass ?? '', 'Pod QOS Class may not change as a result of resizing'))
  if (!isSupported(previous)) causes.push(forbidden('spec', 'Pod running on node without support for resize'))
  const rest: PodSpec = { ...next.spec }
  causes.push(...validateWhole(rest, previous.spec))
  if ((previous.status.nodeAllocatableResourceClaimStatuses ?? []).length > 0)
    causes.push(forbidden('spec', 'pods with node allocatable resource claims cannot be resized'))
  const moved = lists.flatMap((list) => validateOrder(next.spec[list] ?? [], previous.spec[list] ?? [], list))
  if (moved.length > 0) return [...causes, ...moved]

  for (const list of ['initContainers', 'containers'] as const)
    for (const [i, { resources }] of (previous.spec[list] ?? []).entries())
      causes.push(...validateKept(next.spec[list]![i]!.resources, resources, `spec.${list}[${i}].resources`, 'resource'))
  for (const list of lists)
    for (const [i, before] of (previous.spec[list] ?? []).entries()) causes.push(...validators[list](next.spec[list]![i]!, before, i))
  if (causes.length > 0) return causes
  for (const list of lists) if (previous.spec[list]) rest[list] = previous.spec[list]
  return same(rest, previous.spec) ? [] : [forbidden('spec', 'only cpu and memory resources are mutable')]
}

const lists = ['containers', 'initContainers'] as const

/** A node tells of the resources of what runs, where it can resize; of a pod of which nothing runs yet, nobody knows. */
const isSupported = ({ status }: Pod): boolean =>
  status.containerStatuses?.find(({ state }) => state.running !== undefined)?.resources !== undefined ||
  !(status.containerStatuses ?? []).some(({ state }) => state.running !== undefined)

/** Resources of the pod as a whole. In `spec`, those that may change are set back. */
function validateWhole(spec: PodSpec, { resources: before }: PodSpec): Cause[] {
  const { resources } = spec
  if (before !== undefined && resources === undefined)
    return isSet(before) ? [forbidden('spec.resources', 'pod-level resources cannot be removed')] : []
  if (resources === undefined || (!isSet(resources) && !isSet(before))) return []
  const causes = before === undefined ? [] : validateKept(resources, before, 'spec.resources', 'pod-level resource')
  const kept = setBack(resources, before ?? {})
  if (before === undefined && Object.keys(kept).length === 0) delete spec.resources
  else spec.resources = kept
  if (!same(spec.resources ?? {}, before ?? {})) causes.push(forbidden('spec', 'only cpu and memory resources are mutable at pod-level'))
  return causes
}

const isSet = (resources: ResourceRequirements | undefined): boolean =>
  Object.keys(resources?.requests ?? {}).length + Object.keys(resources?.limits ?? {}).length > 0

/** No container comes, goes, changes its place or its name. */
function validateOrder(next: readonly Container[], previous: readonly Container[], list: string): Cause[] {
  if (next.length !== previous.length) return [forbidden(`spec.${list}`, `${list} may not be added or removed on resize`)]
  return next.flatMap(({ name }, i) =>
    name === previous[i]!.name ? [] : [forbidden(`spec.${list}[${i}].name`, `${list} may not be renamed or reordered on resize`)],
  )
}

function validateKept(next: ResourceRequirements, previous: ResourceRequirements, path: string, what: string): Cause[] {
  return (['requests', 'limits'] as const)
    .filter((list) => Object.keys(previous[list] ?? {}).some((name) => next[list]?.[name] === undefined))
    .map((list) => forbidden(`${path}.${list}`, `${what} ${list} cannot be removed`))
}

const validators: Readonly<Record<(typeof lists)[number], (next: Container, before: Container, index: number) => Cause[]>> = {
  containers: (next, before) =>
    same(withResourcesSetBack(next, before), before) ? [] : [forbidden('spec', 'only cpu and memory resources are mutable')],
  initContainers(next, before, index) {
    const path = `spec.initContainers[${index}]`
    const causes = same(withResourcesSetBack(next, before), before)
      ? []
      : [forbidden(path, 'only cpu and memory resources for init or sidecar containers are mutable')]
    if (same(next, before) || next.restartPolicy === 'Always') return causes
    const restarting = (next.resizePolicy ?? []).filter(({ restartPolicy }) => restartPolicy === 'RestartContainer')
    const message = 'non-sidecar init containers with a resize policy of RestartContainer cannot be resized'
    return [...causes, ...restarting.map(() => forbidden(path, message))]
  },
}

/** Claims are not set back: a container that has any cannot be resized, as with the original. */
const withResourcesSetBack = (container: Container, { resources }: Container): Container => {
  const { claims: _, ...amounts } = setBack(container.resources, resources)
  return { ...container, resources: amounts }
}

/** The new resources with processor and memory of the old ones: what then differs may not change. */
function setBack(next: ResourceRequirements, previous: ResourceRequirements): ResourceRequirements {
  const out = { ...next }
  for (const list of ['requests', 'limits'] as const) {
    const amounts = Object.fromEntries(Object.entries(next[list] ?? {}).filter(([name]) => !isResizable(name)))
    for (const [name, text] of Object.entries(previous[list] ?? {})) if (isResizable(name)) amounts[name] = text
    if (Object.keys(amounts).length > 0) out[list] = amounts
    else delete out[list]
  }
  return out
}

const isResizable = (name: string): boolean => name === 'cpu' || name === 'memory'
