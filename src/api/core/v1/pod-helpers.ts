import type { Container, EphemeralContainer, PodCondition, PodQOSClass, PodSpec, PodStatus } from '#api/core/v1/types.ts'
import { addQuantity, compareQuantity, parseQuantity, type Quantity } from '#lib/quantity.ts'

interface HasStatus {
  readonly status: Pick<PodStatus, 'phase' | 'conditions'>
}

/** The phase from which no pod comes back. */
export const isTerminalPhase = (phase: string | undefined): boolean => phase === 'Succeeded' || phase === 'Failed'
/** Whether the pod has ended. */
export const isPodTerminal = (pod: HasStatus): boolean => isTerminalPhase(pod.status.phase)

/** Neither ended nor being deleted: what a ReplicaSet counts. */
export const isPodActive = (pod: HasStatus & { readonly metadata: { readonly deletionTimestamp?: string | undefined } }): boolean =>
  !isPodTerminal(pod) && pod.metadata.deletionTimestamp === undefined

/** The condition of a type, if the pod has one. */
export const podCondition = (pod: HasStatus, type: string): PodCondition | undefined =>
  pod.status.conditions?.find((condition) => condition.type === type)

/** Whether the pod takes traffic: all its containers and gates are ready. */
export const isPodReady = (pod: HasStatus): boolean => podCondition(pod, 'Ready')?.status === 'True'

/** Ready for at least `minReadySeconds` at `nowMs`. */
export function isPodAvailable(pod: HasStatus, minReadySeconds: number, nowMs: number): boolean {
  const at = podAvailableAt(pod, minReadySeconds)
  return at !== undefined && at <= nowMs
}

/** The instant from which a ready pod counts as available; undefined for a pod that is not ready. */
export function podAvailableAt(pod: HasStatus, minReadySeconds: number): number | undefined {
  const ready = podCondition(pod, 'Ready')
  if (ready?.status !== 'True') return undefined
  if (minReadySeconds === 0) return 0
  const since = ready.lastTransitionTime
  return since === null ? undefined : Date.parse(since) + minReadySeconds * 1000
}

/** An init container that keeps running beside the main ones (KEP-753). */
export const isSidecar = (container: Pick<Container, 'restartPolicy'>): boolean => container.restartPolicy === 'Always'

/** Init, main and ephemeral containers, with the list that each stands in. */
export function* allContainers(spec: PodSpec): Generator<{
  readonly list: 'initContainers' | 'containers' | 'ephemeralContainers'
  readonly position: number
  readonly container: Container | EphemeralContainer
}> {
  for (const list of ['initContainers', 'containers', 'ephemeralContainers'] as const) {
    for (const [position, container] of (spec[list] ?? []).entries()) yield { list, position, container }
  }
}

/**
 * Quality of service, from processor and memory only: `Guaranteed` when every container limits both and asks for as much as its limit,
 * `BestEffort` when none asks for anything, otherwise `Burstable`. Pod-level resources stand for those of the containers, even where they
 * name none.
 */
export function qosClassOf(spec: Pick<PodSpec, 'containers' | 'initContainers' | 'resources'>): PodQOSClass {
  const parts = spec.resources
    ? [spec.resources]
    : [...spec.containers, ...(spec.initContainers ?? [])].map((container) => container.resources ?? {})
  const requests = new Map<string, Quantity>()
  const limits = new Map<string, Quantity>()
  let guaranteed = true
  for (const part of parts) {
    addComputed(requests, part.requests)
    if (addComputed(limits, part.limits) < 2) guaranteed = false
  }
  if (requests.size === 0 && limits.size === 0) return 'BestEffort'
  if (!guaranteed || requests.size !== limits.size) return 'Burstable'
  for (const [name, request] of requests) {
    const limit = limits.get(name)
    if (limit === undefined || compareQuantity(request, limit) !== 0) return 'Burstable'
  }
  return 'Guaranteed'
}

/** The class that was fixed at creation; computed for objects that do not carry it. */
export const qosClass = (pod: { readonly spec: PodSpec; readonly status: Pick<PodStatus, 'qosClass'> }): PodQOSClass =>
  pod.status.qosClass ?? qosClassOf(pod.spec)

/** Adds processor and memory, and returns how many of the two are given and not zero. */
function addComputed(sum: Map<string, Quantity>, resources: Readonly<Record<string, string>> | undefined): number {
  let given = 0
  for (const name of ['cpu', 'memory']) {
    const text = resources?.[name]
    if (text === undefined) continue
    const quantity = parseQuantity(text)
    if (quantity.nano <= 0n) continue
    given += 1
    const present = sum.get(name)
    sum.set(name, present === undefined ? quantity : addQuantity(present, quantity))
  }
  return given
}
