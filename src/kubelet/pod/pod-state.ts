import type { Pod } from '#api/core/v1/pod.ts'
import type { ResourceRequirements } from '#api/core/v1/types.ts'
import type { Instant } from '#lib/clock.ts'
import { isError } from '#lib/errors.ts'
import { terminationMessage } from '../container/termination-message.ts'
import type { PreparedVolume } from '../interfaces.ts'
import type { PodResources } from '../resources/allocated-resources.ts'
import type { ContainerStatus, Image, SandboxStatus } from '../runtime.ts'
import type { Refusal } from './admission/refusal.ts'
import { podAddresses } from './pod-addresses.ts'
import type { PodContext } from './pod-context.ts'
import type { Ending, ImageState, RestartDelay, StartFailure, Termination } from './view.ts'

/** What a worker knows of its pod. Operations change it; views are taken from it. */
export interface PodState {
  pod: Pod
  isRemoved: boolean
  isAdmitted: boolean
  refusal: Refusal | undefined
  ending: Ending | undefined
  termination: Termination | undefined
  readonly startedAt: Instant
  readonly sandboxes: Map<string, SandboxStatus>
  /** Sandboxes whose addresses the node's network knows. */
  readonly networked: Set<string>
  readonly containers: Map<string, ContainerStatus>
  volumes: ReadonlyMap<string, PreparedVolume> | undefined
  readonly images: Map<string, ImageState & { readonly image: Image | string }>
  /** By volume: the image that it is made of. */
  readonly imageVolumes: Map<string, string>
  /** Of the pod's runtime handler; known from the first start on. */
  hasRecursiveReadOnly: boolean
  readonly failures: Map<string, StartFailure>
  readonly restarts: Map<string, RestartDelay>
  readonly resized: Map<string, ResourceRequirements>
  group: PodResources | undefined
  readonly terminationMessages: Map<string, string>
  readonly condemned: Set<string>
  readonly preStopped: Set<string>
  readonly stopping: Map<string, Instant>
  readonly told: Set<string>
  isReleased: boolean
  isCleanedUp: boolean
  /** The API server has been told that the object can go. */
  isDeleteSent: boolean
}

export function createPodState(pod: Pod, now: Instant): PodState {
  const startTime = pod.status?.startTime
  return {
    pod,
    isRemoved: false,
    isAdmitted: false,
    refusal: undefined,
    ending: undefined,
    termination: undefined,
    startedAt: startTime ? Date.parse(startTime) : now,
    sandboxes: new Map(),
    networked: new Set(),
    containers: new Map(),
    volumes: undefined,
    images: new Map(),
    imageVolumes: new Map(),
    hasRecursiveReadOnly: false,
    failures: new Map(),
    restarts: new Map(),
    resized: new Map(),
    group: undefined,
    terminationMessages: new Map(),
    condemned: new Set(),
    preStopped: new Set(),
    stopping: new Map(),
    told: new Set(),
    isReleased: false,
    isCleanedUp: false,
    isDeleteSent: false,
  }
}

/** Looks one container or sandbox up again. One that the runtime no longer has is forgotten. Throws when the runtime does not answer. */
export async function refresh(
  state: PodState,
  id: string,
  context: Pick<PodContext, 'runtime' | 'files' | 'logs' | 'node'>,
): Promise<void> {
  const { runtime } = context
  const sandbox = state.sandboxes.get(id)
  if (sandbox !== undefined) {
    const status = await orGone(runtime.sandboxStatus(id))
    if (status === undefined) state.sandboxes.delete(id)
    // A sandbox that has ended says nothing about its addresses; the pod had them all the same.
    else
      state.sandboxes.set(id, { ...status, ips: status.ips.length > 0 ? podAddresses(status.ips, context.node().addresses) : sandbox.ips })
    return
  }
  const known = state.containers.get(id)
  if (known === undefined) return
  const status = await orGone(runtime.containerStatus(id))
  if (status === undefined) forgetContainer(state, id)
  else await see(state, { ...status, sandboxId: known.sandboxId }, context)
}

/** Takes a container's status over, with its last words once it has ended. */
export async function see(state: PodState, status: ContainerStatus, { files, logs }: Pick<PodContext, 'files' | 'logs'>): Promise<void> {
  if (isLate(state, status)) return
  if (status.state === 'exited') {
    if (!state.terminationMessages.has(status.id)) state.terminationMessages.set(status.id, await terminationMessage(status, files, logs))
    state.stopping.delete(status.id)
    logs.forget(status.id)
  }
  state.containers.set(status.id, status)
}

/** No container goes back from its end to its life: a status that says so is late, and the known one stands. */
function isLate(state: PodState, { id, state: shown }: ContainerStatus): boolean {
  const known = state.containers.get(id)?.state
  return known !== undefined && (ages[shown] ?? Infinity) < (ages[known] ?? 0)
}

const ages: Readonly<Partial<Record<ContainerStatus['state'], number>>> = { created: 1, running: 2, exited: 3 }

export function forgetContainer(state: PodState, id: string): void {
  state.containers.delete(id)
  state.terminationMessages.delete(id)
  state.resized.delete(id)
  state.condemned.delete(id)
  state.preStopped.delete(id)
  state.stopping.delete(id)
}

/** Everything that the runtime has of the pod, anew: after a start, or when events may have been missed. */
export async function relist(state: PodState, context: PodContext): Promise<void> {
  const filter = { podUid: state.pod.metadata.uid }
  const [sandboxes, containers] = await Promise.all([context.runtime.sandboxes(filter), context.runtime.containers(filter)])
  for (const one of sandboxes) if (!state.sandboxes.has(one.id)) state.sandboxes.set(one.id, { ...one, ips: [] })
  const seeds = containers.filter(({ id }) => !state.containers.has(id))
  for (const one of seeds) {
    const status = await orGone(context.runtime.containerStatus(one.id))
    if (status === undefined) continue
    await see(state, { ...status, sandboxId: one.sandboxId }, context)
    if (status.state === 'running' && status.logPath) context.logs.track(one.id, status.logPath)
  }
  const seeded = new Set(seeds.map(({ id }) => id))
  await Promise.all([...state.sandboxes.keys()].map((id) => refresh(state, id, context)))
  await Promise.all([...state.containers.keys()].filter((id) => !seeded.has(id)).map((id) => refresh(state, id, context)))
}

async function orGone<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call
  } catch (error) {
    if (isError(error, 'NotFound')) return undefined
    throw error
  }
}
