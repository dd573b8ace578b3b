import type { Pod } from '#api/core/v1/pod.ts'
import type { Container, ResourceRequirements } from '#api/core/v1/types.ts'
import { deepEqual } from '#schema/fields.ts'

/** What a pod and its containers may use and were promised, apart from the rest of the pod: what a resize changes (KEP-1287, KEP-5419). */
export interface PodResources {
  /** Of the pod as a whole. */
  readonly pod?: ResourceRequirements
  /** By container name; ephemeral containers have none. */
  readonly containers: Readonly<Record<string, ResourceRequirements>>
}

export function resourcesOf({ spec }: Pick<Pod, 'spec'>): PodResources {
  const all = [...(spec.initContainers ?? []), ...spec.containers]
  return {
    ...(spec.resources && { pod: spec.resources }),
    containers: Object.fromEntries(all.map(({ name, resources }) => [name, resources ?? {}])),
  }
}

/** The pod as if these were what its spec asks for; the very same pod where they are. */
export function withResources(pod: Pod, allocated: PodResources): Pod {
  if (deepEqual(resourcesOf(pod), allocated)) return pod
  const given = (containers: readonly Container[]) =>
    containers.map((one) => ({ ...one, resources: allocated.containers[one.name] ?? one.resources }))
  const { resources: _, ...spec } = pod.spec
  return {
    ...pod,
    spec: {
      ...spec,
      containers: given(pod.spec.containers),
      ...(pod.spec.initContainers && { initContainers: given(pod.spec.initContainers) }),
      ...(allocated.pod && { resources: allocated.pod }),
    },
  }
}
