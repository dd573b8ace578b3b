import type { Pod } from '#api/core/v1/pod.ts'
import type { ContainerState, ContainerStatus, PodStatus, VolumeMount, VolumeMountStatus } from '#api/core/v1/types.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import type * as runtime from '../runtime.ts'
import {
  type AnyContainer,
  attemptsOf,
  type ContainerKind,
  ephemeralContainers,
  initContainers,
  isBeingStarted,
  isSidecar,
  regularContainers,
} from './containers.ts'
import { hasStarted } from './due.ts'
import { actualResources } from './resize.ts'
import { isRestartingAll, RESTARTING_ALL, wasRestartingAll } from './restart-all.ts'
import type { PodPlan } from './steps.ts'
import type { NodeView, PodView } from './view.ts'

interface Context {
  readonly view: PodView
  readonly plan: PodPlan
  readonly kind: ContainerKind
  readonly previous: PodStatus
  readonly node: NodeView
}

/** The statuses of one kind of containers: init containers in the order of the spec, the others by name, as the reference sorts them. */
export function containerStatuses(context: Context): ContainerStatus[] {
  const { view, kind, previous } = context
  const [containers, before] = {
    init: [initContainers(view.pod), previous.initContainerStatuses] as const,
    regular: [regularContainers(view.pod), previous.containerStatuses] as const,
    ephemeral: [ephemeralContainers(view.pod), previous.ephemeralContainerStatuses] as const,
  }[kind]
  const statuses = containers.map((container) => {
    const status = statusOf(
      context,
      container,
      before?.find(({ name }) => name === container.name),
    )
    return withProbes(context, container, withWaiting(context, container, status))
  })
  return kind === 'init' ? statuses : statuses.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
}

function statusOf(context: Context, container: AnyContainer, before: ContainerStatus | undefined): ContainerStatus {
  const { view, node } = context
  const [latest, former] = attemptsOf(view.containers, container.name)
  if (latest === undefined) return unseen(context, container, before)
  // As the documentation of hooks promises: until postStart is over nobody is led to take it for one that runs.
  const state =
    latest.state === 'running' && isBeingStarted(container, view.underWay)
      ? { waiting: notStarted(view.pod, latest.metadata.attempt) }
      : stateOf(context, latest)
  const id = `${node.runtimeName}://${latest.id}`
  const lastState =
    former !== undefined
      ? stateOf(context, former)
      : before === undefined
        ? {}
        : before.containerID !== id && before.state.terminated
          ? { terminated: before.state.terminated }
          : before.lastState
  return {
    ...base(container, before, view.hasRecursiveReadOnly),
    state,
    lastState: lastState.terminated ? { terminated: lastState.terminated } : {},
    restartCount: latest.metadata.attempt,
    image: latest.image || (container.image ?? ''),
    imageID: latest.imageId,
    containerID: id,
    ...(container.resources.requests && { allocatedResources: container.resources.requests }),
    resources: (latest.state === 'running' ? actualResources(view, latest) : undefined) ?? container.resources,
    ...(latest.user && {
      user: {
        linux: {
          uid: latest.user.uid,
          gid: latest.user.gid,
          ...(latest.user.supplementalGroups.length > 0 && { supplementalGroups: [...latest.user.supplementalGroups] }),
        },
      },
    }),
    ...allocated(context, container),
  }
}

/** What resource managers gave to the container, and how it is; the API takes word only of what the container asks for. */
function allocated({ view, node, kind }: Context, { name, resources }: AnyContainer): Pick<ContainerStatus, 'allocatedResourcesStatus'> {
  if (kind === 'ephemeral') return {}
  const claims = new Set((resources?.claims ?? []).map(({ name, request }) => `claim:${name}${request ? `/${request}` : ''}`))
  const isOwn = (one: string) => claims.has(one) || resources?.requests?.[one] !== undefined
  const found = (node.resourceStatus?.(view.pod, name) ?? []).filter((one) => isOwn(one.name))
  return found.length === 0 ? {} : { allocatedResourcesStatus: [...found] }
}

/** The runtime knows no attempt: not started yet, or its record is lost. */
function unseen({ view, kind, plan, previous }: Context, container: AnyContainer, before: ContainerStatus | undefined): ContainerStatus {
  const fresh: ContainerStatus = {
    ...base(container, before, view.hasRecursiveReadOnly),
    state: { waiting: notStarted(view.pod) },
    lastState: before?.lastState ?? {},
    restartCount: before?.restartCount ?? 0,
    image: container.image ?? '',
    imageID: '',
  }
  if (kind !== 'ephemeral' && before !== undefined && (isRestartingAll(view) || wasRestartingAll(previous))) {
    if (before.state.waiting) return fresh
    const removed = { reason: RESTARTING_ALL, message: 'The container is removed because RestartAllContainers in place' }
    return {
      ...fresh,
      state: { waiting: removed },
      lastState: { terminated: { ...removed, exitCode: 137, startedAt: null, finishedAt: null } },
      restartCount: before.restartCount + 1,
    }
  }
  if (before?.state.terminated) return before
  if (
    kind === 'init' &&
    !isSidecar(container, kind) &&
    regularContainers(view.pod).some(({ name }) => attemptsOf(view.containers, name).length > 0)
  )
    return {
      ...fresh,
      state: {
        terminated: {
          exitCode: 0,
          reason: 'Completed',
          message: 'Unable to get init container status from container runtime and pod has been initialized, treat it as exited normally',
          startedAt: null,
          finishedAt: null,
        },
      },
    }
  if (!before?.state.running) return fresh
  const lost = { exitCode: 137, reason: 'ContainerStatusUnknown', startedAt: null, finishedAt: null }
  if (plan.isOver)
    return {
      ...before,
      state: { terminated: { ...lost, message: 'The container could not be located when the pod was terminated' } },
      ready: false,
      started: false,
    }
  if (fresh.lastState.terminated) return fresh
  const message = 'The container could not be located when the pod was deleted.  The container used to be Running'
  return { ...fresh, lastState: { terminated: { ...lost, message } }, restartCount: fresh.restartCount + 1 }
}

const notStarted = (pod: Pod, attempt = 0) => ({
  reason: attempt === 0 && initContainers(pod).length > 0 ? 'PodInitializing' : 'ContainerCreating',
})

function stateOf({ view, node, previous }: Context, one: runtime.ContainerStatus): ContainerState {
  const time = (at: number) => (at === 0 ? null : rfc3339(at))
  switch (one.state) {
    case 'running':
      return { running: { startedAt: time(one.startedAt) } }
    case 'exited': {
      const id = `${node.runtimeName}://${one.id}`
      // The message's file goes with the pod's volumes: what was told of it stays true.
      const said = view.terminationMessages.get(one.id) || one.message || messageTold(previous, id)
      const message = said && shortened(said, view.pod)
      return {
        terminated: {
          exitCode: one.exitCode,
          reason: one.reason || (one.exitCode === 0 ? 'Completed' : 'Error'),
          ...(message && { message }),
          startedAt: time(one.startedAt),
          finishedAt: time(one.finishedAt),
          containerID: id,
        },
      }
    }
    default:
      return { waiting: { reason: 'ContainerCreating' } }
  }
}

/** What all containers of a pod say together is bounded, so that its object stays small. */
const POD_MESSAGES_LIMIT_BYTES = 12 * 1024

function shortened(message: string, pod: Pod): string {
  const containers = initContainers(pod).length + regularContainers(pod).length + ephemeralContainers(pod).length
  const limitBytes = Math.floor(POD_MESSAGES_LIMIT_BYTES / Math.max(1, containers))
  const bytes = Buffer.from(message)
  // Not within a character.
  return bytes.length <= limitBytes ? message : new TextDecoder().decode(bytes.subarray(0, limitBytes), { stream: true })
}

function messageTold(previous: PodStatus, containerID: string): string | undefined {
  const all = [
    ...(previous.initContainerStatuses ?? []),
    ...(previous.containerStatuses ?? []),
    ...(previous.ephemeralContainerStatuses ?? []),
  ]
  const ends = all.flatMap(({ state, lastState }) => [state.terminated, lastState.terminated])
  return ends.find((end) => end?.containerID === containerID)?.message
}

/** A container that should run and is held back shows why; how it ended moves to `lastState`. */
function withWaiting({ plan }: Context, container: AnyContainer, status: ContainerStatus): ContainerStatus {
  const waiting = plan.waiting.get(container.name)
  if (waiting === undefined || status.state.running !== undefined) return status
  const { terminated } = status.state
  return {
    ...status,
    state: { waiting: { reason: waiting.reason, message: waiting.message } },
    ...(terminated && { lastState: { terminated } }),
  }
}

function withProbes({ view, kind }: Context, container: AnyContainer, status: ContainerStatus): ContainerStatus {
  const [latest] = attemptsOf(view.containers, container.name)
  const isRunning = status.state.running !== undefined && latest !== undefined
  const started = isRunning && hasStarted(view, container, latest)
  if (kind === 'init' && !isSidecar(container, kind)) return { ...status, started, ready: status.state.terminated?.exitCode === 0 }
  if (kind === 'ephemeral') return { ...status, ready: false }
  const ready = started && (container.readinessProbe === undefined || view.probes.get(latest.id)?.readiness === 'success')
  return { ...status, started, ready }
}

function base(container: AnyContainer, before: ContainerStatus | undefined, hasRecursiveReadOnly: boolean) {
  // What was mounted once stays as it was said.
  const volumeMounts: VolumeMountStatus[] = before?.volumeMounts ?? (container.volumeMounts ?? []).map(mountStatus)
  function mountStatus({ name, mountPath, readOnly, recursiveReadOnly }: VolumeMount): VolumeMountStatus {
    const isWhole = recursiveReadOnly === 'Enabled' || (recursiveReadOnly === 'IfPossible' && hasRecursiveReadOnly)
    return { name, mountPath, ...(readOnly && { readOnly, recursiveReadOnly: isWhole ? 'Enabled' : 'Disabled' }) }
  }
  return { name: container.name, ready: false, ...(volumeMounts.length > 0 && { volumeMounts }) }
}
