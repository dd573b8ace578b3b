import type { ContainerStatus } from '../runtime.ts'
import { containerNamed, initContainers, isSidecar, regularContainers } from './containers.ts'
import type { PodPlan, Steps } from './steps.ts'
import type { PodView } from './view.ts'

/** No container gets less to end by itself, whatever was asked: the reference's minimum. */
export const MINIMUM_GRACE_SECONDS = 2

/**
 * The end of a pod: containers stop (sidecars after the others, in reverse order, KEP-753), then the sandbox, then volumes and cgroup go.
 * A deleted pod's object goes after that, and with it what the runtime kept of it; of a pod that only finished, ended containers stay for
 * their logs.
 */
export function planTermination(view: PodView, steps: Steps): PodPlan {
  // Nothing may start any more; what is being started has to show itself first, or it would be missed. A resize would make the pod's group anew.
  const isStarting = [...view.underWay].some((key) => key.startsWith('start-container ') || key === 'run-sandbox' || key === 'resize-pod')
  const running = view.containers.filter(({ state }) => state === 'running' || state === 'unknown')
  if (running.length > 0) {
    stopContainers(view, running, steps)
    return steps.plan(true)
  }
  if (isStarting) return steps.plan(true)

  // Before anybody hears that the pod is over: who does hands its devices and claims to the next one.
  if (!view.isReleased) {
    steps.add({ do: 'release' })
    return steps.plan(true)
  }
  const ready = view.sandboxes.filter((sandbox) => sandbox.ready)
  for (const { id } of ready) steps.add({ do: 'stop-sandbox', id })
  if (ready.length > 0) return steps.plan(true)

  if (!view.isCleanedUp) {
    steps.add({ do: 'clean-up' })
    return steps.plan(true)
  }
  if (!view.isRemoved) {
    if (view.pod.metadata.deletionTimestamp !== undefined && view.isStatusWritten && !view.isDeleteSent) steps.add({ do: 'delete-pod' })
    return steps.plan(true)
  }
  for (const { id, logPath } of view.containers) steps.add({ do: 'remove-container', id, logPath })
  if (view.containers.length > 0) return steps.plan(true)
  for (const { id } of view.sandboxes) steps.add({ do: 'remove-sandbox', id })
  if (view.sandboxes.length === 0) steps.add({ do: 'forget' })
  return steps.plan(true)
}

function stopContainers(view: PodView, running: readonly ContainerStatus[], steps: Steps): void {
  const deadlineAt = view.termination?.deadlineAt ?? view.now
  const names = new Set(running.map(({ metadata }) => metadata.name))
  for (const { id, metadata } of running) {
    const container = metadata.name
    const stopsAt = view.stopping.get(id)
    const stop = { do: 'stop-container', id, container, deadlineAt, message: `Stopping container ${container}`, condemn: false } as const
    if (stopsAt !== undefined) {
      // Asked to hurry: the first stop goes on, and a second one cuts it short.
      if (stopsAt - deadlineAt >= 1000) steps.addAgain(stop)
    } else if (view.now >= deadlineAt || isItsTurn(view, container, names)) steps.add(stop)
    else {
      // The hook need not wait for the container's turn.
      const hook = containerNamed(view.pod, container)?.container.lifecycle?.preStop
      if (hook !== undefined && !view.preStopped.has(id)) steps.add({ do: 'pre-stop', id, container, deadlineAt })
      steps.wake(deadlineAt)
    }
  }
}

/** A sidecar outlives the regular containers and the sidecars that started after it. */
function isItsTurn(view: PodView, name: string, running: ReadonlySet<string>): boolean {
  const inits = initContainers(view.pod)
  const index = inits.findIndex((one) => one.name === name)
  if (index < 0 || !isSidecar(inits[index]!, 'init')) return true
  const later = inits.slice(index + 1).filter((one) => isSidecar(one, 'init'))
  return ![...regularContainers(view.pod), ...later].some((one) => running.has(one.name))
}
