import type { ContainerStatus, PodPhase } from '#api/core/v1/types.ts'
import { type AnyContainer, attemptsOf, initContainers, isSidecar, regularContainers, restartsAfter } from './containers.ts'
import { RESTARTING_ALL } from './restart-all.ts'
import type { PodView } from './view.ts'

/**
 * The pod's phase (Kubernetes documentation, "Pod Lifecycle"), from the statuses of its containers. `isStopped`: nothing runs any more and
 * nothing will, so that even containers with restart policy Always have ended for good.
 */
export function podPhase(view: PodView, statuses: readonly ContainerStatus[], isStopped: boolean): PodPhase {
  const { pod } = view
  const statusOf = (container: AnyContainer) => statuses.find(({ name }) => name === container.name)
  const endOf = (container: AnyContainer) => {
    const status = statusOf(container)
    return status?.state.terminated ?? (status?.state.waiting && status.lastState.terminated)
  }
  const isToRestart = (container: AnyContainer, end: { readonly exitCode: number; readonly reason?: string | undefined }) =>
    end.reason === RESTARTING_ALL || restartsAfter(container, pod, end.exitCode)
  const hasInitialized = regularContainers(pod).some(({ name }) =>
    attemptsOf(view.containers, name).some((one) => one.state === 'running' || one.startedAt > 0),
  )
  let isInitializing = false
  let isWaiting = false
  let running = 0
  let unknown = 0

  for (const container of initContainers(pod)) {
    const status = statusOf(container)
    if (isSidecar(container, 'init')) {
      if (status?.state.running !== undefined) running += 1
      const isPending = status?.state.running
        ? status.started !== true
        : status?.state.waiting !== undefined && !status.lastState.terminated
      if (isPending && !hasInitialized) isInitializing = true
      if (status?.state.waiting !== undefined && !status.lastState.terminated) isWaiting = true
      continue
    }
    const end = endOf(container)
    if (end === undefined) isInitializing = true
    else if (end.exitCode !== 0 && !isToRestart(container, end)) return 'Failed'
  }

  let stopped = 0
  let final = 0
  let succeeded = 0
  for (const container of regularContainers(pod)) {
    const status = statusOf(container)
    const end = endOf(container)
    if (status?.state.running !== undefined) running += 1
    else if (end !== undefined) {
      stopped += 1
      if (!isToRestart(container, end)) final += 1
      // Only an end that is shown as one counts as success: one that waits for its restart does not.
      if (end.exitCode === 0 && status?.state.terminated !== undefined) succeeded += 1
    } else if (status?.state.waiting !== undefined) isWaiting = true
    else unknown += 1
  }

  if (isInitializing || isWaiting) return 'Pending'
  if (running > 0 && unknown === 0) return 'Running'
  if (running === 0 && stopped > 0 && unknown === 0) {
    if (!isStopped && final < stopped) return 'Running'
    return succeeded === stopped ? 'Succeeded' : 'Failed'
  }
  return 'Pending'
}
