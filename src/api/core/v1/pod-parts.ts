import type { Container, PodCondition, Pod as PodType } from '#api/core/v1/types.ts'
import { validateEphemeralUpdate } from '#api/core/v1/validation/pod-parts.ts'
import { validateResize } from '#api/core/v1/validation/pod-resize.ts'
import { validatePodStatus } from '#api/core/v1/validation/pod-status.ts'
import type { Subresource } from '#api/kind.ts'
import type { ObjectMeta } from '#api/meta/v1/types.ts'
import { part } from '#api/strategy.ts'

/** Parts of a pod with a path of their own: who may write them, and what of the body counts. */

/** Written by the kubelet. It may neither end a deletion nor change who owns the pod. */
export const podStatus: Subresource = part<PodType>({
  validateUpdate: validatePodStatus,
  take: (previous, body) => ({
    ...body,
    metadata: withFields(body.metadata, previous.metadata, ['deletionTimestamp', 'ownerReferences']),
    spec: previous.spec,
    status: {
      ...body.status,
      qosClass: body.status.qosClass ?? previous.status.qosClass,
      observedGeneration: body.status.observedGeneration || previous.status.observedGeneration,
      ...(body.status.conditions && { conditions: keepGenerations(body.status.conditions, previous.status.conditions ?? []) }),
    },
  }),
})

/** Containers for debugging, added to a running pod. */
export const podEphemeralContainers: Subresource = part<PodType>({
  tables: false,
  validateUpdate: validateEphemeralUpdate,
  take: (previous, body) => {
    const { ephemeralContainers } = body.spec
    const { ephemeralContainers: _, ...spec } = previous.spec
    return {
      ...previous,
      metadata: writableMeta(previous.metadata, body.metadata),
      spec: { ...spec, ...(ephemeralContainers && { ephemeralContainers }) },
    }
  },
})

/** Resources of a running pod (KEP-1287). Other changes are dropped, but for those of the set of containers, which validation refuses. */
export const podResize: Subresource = part<PodType>({
  tables: false,
  validateUpdate: validateResize,
  take: (previous, body) => {
    const metadata = writableMeta(previous.metadata, body.metadata)
    const { containers, initContainers, resources } = body.spec
    if (containers.length !== previous.spec.containers.length || initContainers?.length !== previous.spec.initContainers?.length)
      return { ...previous, metadata, spec: body.spec }
    const { resources: _, ...spec } = previous.spec
    return {
      ...previous,
      metadata,
      spec: {
        ...spec,
        containers: takeResources(previous.spec.containers, containers),
        ...(initContainers && { initContainers: takeResources(previous.spec.initContainers ?? [], initContainers) }),
        ...(resources && { resources }),
      },
    }
  },
})

function takeResources(previous: readonly Container[], body: Container[]): Container[] {
  if (body.some((container, i) => container.name !== previous[i]!.name)) return body
  return previous.map((container, i) => {
    const { resizePolicy: _, ...rest } = container
    const { resources, resizePolicy } = body[i]!
    return { ...rest, resources, ...(resizePolicy && { resizePolicy }) }
  })
}

/** Only what bookkeeping needs comes from the body. */
const writableMeta = (previous: ObjectMeta, body: ObjectMeta): ObjectMeta =>
  withFields(previous, body, ['managedFields', 'resourceVersion'])

function withFields<M extends ObjectMeta>(base: M, source: ObjectMeta, names: readonly (keyof ObjectMeta)[]): M {
  const out = { ...base }
  for (const name of names) {
    if (source[name] === undefined) delete out[name]
    else Object.assign(out, { [name]: source[name] })
  }
  return out
}

/** A writer that does not know of `observedGeneration` shall not clear it (KEP-5067). */
function keepGenerations(next: readonly PodCondition[], previous: readonly PodCondition[]): PodCondition[] {
  // Of conditions of one type the first is the last here, and taken first.
  const left = Map.groupBy(previous.toReversed(), ({ type }) => type)
  return next.map((condition) => {
    const old = left.get(condition.type)?.pop()
    return condition.observedGeneration || !old?.observedGeneration
      ? condition
      : { ...condition, observedGeneration: old.observedGeneration }
  })
}
