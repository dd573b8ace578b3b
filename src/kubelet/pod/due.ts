import type { ContainerStatus } from '../runtime.ts'
import {
  type AnyContainer,
  attemptsOf,
  type ContainerKind,
  initContainers,
  isSidecar,
  regularContainers,
  restartsAfter,
  restartsAfterKill,
} from './containers.ts'
import { containerHash } from './hash.ts'
import { hashAnnotation } from './names.ts'
import { resizeOf } from './resize.ts'
import { usableSandbox } from './usable-sandbox.ts'
import type { PodView } from './view.ts'

/** Which containers should run that do not, which run that should not, and whether the pod has nothing left to do. */
export interface Due {
  /** In the order of the spec. */
  readonly start: readonly AnyContainer[]
  readonly kill: readonly Kill[]
  /** Every container has ended and none starts again, or an init container failed for good. */
  readonly isFinished: boolean
}

export interface Kill {
  readonly id: string
  readonly name: string
  readonly message: string
  readonly graceSeconds: number | undefined
}

export function containersDue(view: PodView): Due {
  const sandboxId = usableSandbox(view)
  // Without a sandbox the pod begins again at its init containers: what they did in a former one is lost with its network.
  const inits = sandboxId === undefined ? [] : view.containers.filter((one) => one.sandboxId === sandboxId)
  if (sandboxId === undefined && !hasWork(view)) return { start: [], kill: [], isFinished: true }

  const init = initDue(view, inits)
  if (init.isFailed) return { start: [], kill: init.kill, isFinished: true }
  if (!init.isDone) return { start: init.start, kill: init.kill, isFinished: false }

  const start: AnyContainer[] = []
  const kill: Kill[] = [...init.kill]
  let kept = 0
  for (const container of regularContainers(view.pod)) {
    const [latest] = attemptsOf(view.containers, container.name)
    if (latest?.state !== 'running') {
      if (shouldStart(view, container, latest)) start.push(container)
      continue
    }
    const cause = reasonToKill(view, container, latest, 'Container')
    if (cause === undefined) kept += 1
    else {
      kill.push(cause)
      // It ends either way; whether it starts again is seen then.
      kept += 1
    }
  }
  const isFinished = kept === 0 && start.length === 0
  return { start: isFinished ? [] : [...init.start, ...(kept === 0 && awaitsSidecar(view, inits) ? [] : start)], kill, isFinished }
}

/** Where all have ended together they begin again in order: the last sidecar comes before those that it serves. */
function awaitsSidecar(view: PodView, containers: readonly ContainerStatus[]): boolean {
  const last = initContainers(view.pod).at(-1)
  if (last === undefined || !isSidecar(last, 'init')) return false
  const [latest] = attemptsOf(containers, last.name)
  const isActive = regularContainers(view.pod).some(({ name }) => {
    const state = attemptsOf(containers, name)[0]?.state
    return state === 'running' || state === 'created'
  })
  return !isActive && (latest?.state !== 'running' || !hasStarted(view, last, latest))
}

/** A pod whose sandbox is gone is over if nothing in it would start again. */
function hasWork(view: PodView): boolean {
  const { pod, containers, sandboxes } = view
  if (pod.spec.restartPolicy === 'Never' && sandboxes.length > 0 && containers.length > 0) {
    // Containers with a restart policy of their own may still want to run (KEP-5307).
    return regularContainers(pod).some(
      (one) => one.restartPolicy !== undefined && shouldStart(view, one, attemptsOf(containers, one.name)[0]),
    )
  }
  const someCreated = regularContainers(pod).some(({ name }) => attemptsOf(containers, name).length > 0)
  return !someCreated || regularContainers(pod).some((one) => shouldStart(view, one, attemptsOf(containers, one.name)[0]))
}

function shouldStart(view: PodView, container: AnyContainer, latest: ContainerStatus | undefined): boolean {
  if (latest === undefined) {
    // The runtime forgot it (a machine restart): the status written last tells whether it was done.
    const known = view.pod.status?.containerStatuses?.find(({ name }) => name === container.name)
    const ended = known?.state.terminated
    return ended === undefined || restartsAfter(container, view.pod, ended.exitCode)
  }
  if (latest.state === 'running') return false
  if (latest.state === 'created' || latest.state === 'unknown') return true
  if (view.condemned.has(latest.id)) return restartsAfterKill(container, view.pod) || isChanged(container, latest)
  return restartsAfter(container, view.pod, latest.exitCode)
}

interface InitDue {
  readonly start: readonly AnyContainer[]
  readonly kill: readonly Kill[]
  readonly isDone: boolean
  readonly isFailed: boolean
}

/**
 * Init containers run one after another, each to its good end; a sidecar lets the next one begin as soon as it has started (its startup
 * probe succeeded) and is kept running from then on.
 */
function initDue(view: PodView, containers: readonly ContainerStatus[]): InitDue {
  const all = initContainers(view.pod)
  const start: AnyContainer[] = []
  const kill: Kill[] = []
  const latestOf = (container: AnyContainer) => attemptsOf(containers, container.name)[0]
  // Once a regular container was made, initialisation is over for this sandbox, whatever became of the records of the init containers.
  const isInitialized = regularContainers(view.pod).some(({ name }) => attemptsOf(containers, name).length > 0)
  const reached = isInitialized ? all.length : all.findLastIndex((one) => latestOf(one) !== undefined)

  for (const [index, container] of all.entries()) {
    const latest = latestOf(container)
    if (isSidecar(container, 'init')) {
      const isStarted = latest?.state === 'running' && hasStarted(view, container, latest)
      if (latest?.state !== 'running') start.push(container)
      else {
        const cause = reasonToKill(view, container, latest, 'Init container')
        if (cause !== undefined) kill.push(cause)
      }
      if (index >= reached && !isStarted) return { start, kill, isDone: false, isFailed: false }
      continue
    }
    if (index < reached) continue
    if (latest === undefined || latest.state === 'created') return { start: [...start, container], kill, isDone: false, isFailed: false }
    if (latest.state === 'running') return { start, kill, isDone: false, isFailed: false }
    if (latest.state === 'exited' && latest.exitCode === 0) continue
    if (!restartsAfter(container, view.pod, latest.exitCode || 1)) return { start: [], kill, isDone: false, isFailed: true }
    return { start: [...start, container], kill, isDone: false, isFailed: false }
  }
  return { start, kill, isDone: true, isFailed: false }
}

export const hasStarted = (view: Pick<PodView, 'probes'>, container: AnyContainer, status: ContainerStatus): boolean =>
  container.startupProbe === undefined || view.probes.get(status.id)?.startup === 'success'

function reasonToKill(
  view: PodView,
  container: AnyContainer,
  status: ContainerStatus,
  title: 'Container' | 'Init container',
): Kill | undefined {
  const results = view.probes.get(status.id)
  const kind: ContainerKind = title === 'Container' ? 'regular' : 'init'
  const again = kind === 'regular' && restartsAfterKill(container, view.pod) ? ', will be restarted' : ''
  const of = (message: string, graceSeconds?: number) => ({ id: status.id, name: container.name, message, graceSeconds })
  if (isChanged(container, status))
    return of(`${title} ${container.name} definition changed${kind === 'regular' ? ', will be restarted' : ''}`)
  if (resizeOf(view, container, status) === 'restart') return of(`${title} ${container.name} resize requires restart`)
  if (results?.liveness === 'failure')
    return of(`${title} ${container.name} failed liveness probe${again}`, container.livenessProbe?.terminationGracePeriodSeconds)
  if (results?.startup === 'failure')
    return of(`${title} ${container.name} failed startup probe${again}`, container.startupProbe?.terminationGracePeriodSeconds)
  return undefined
}

/** Only the image of a running pod's container can change; other differences are none. */
function isChanged(container: AnyContainer, status: ContainerStatus): boolean {
  const hash = status.annotations[hashAnnotation]
  return hash !== undefined && hash !== containerHash(container)
}
