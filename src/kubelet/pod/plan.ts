import type { Instant } from '#lib/clock.ts'
import { attemptsOf, containerNamed, ephemeralContainers, initContainers, regularContainers } from './containers.ts'
import { containersDue, type Due } from './due.ts'
import { planStart } from './plan-start.ts'
import { planTermination } from './plan-termination.ts'
import { needsResize } from './resize.ts'
import { isRestartingAll, planRestartAll } from './restart-all.ts'
import { createSteps, DEFAULT_GRACE_SECONDS, type PodPlan, type Steps } from './steps.ts'
import { usableSandbox } from './usable-sandbox.ts'
import type { PodView } from './view.ts'

/**
 * One step of a pod's life, decided from what is true now. A second call on a settled pod gives no command. What takes time is never waited
 * for here: it is under way (`busy`) until a later view shows its result.
 */
export function planPod(view: PodView): PodPlan {
  const steps = createSteps(view)
  const due = containersDue(view)
  if (mustEnd(view, due)) return planTermination(view, steps)
  if (!view.isAdmitted) return steps.plan(false)

  const deadline = activeDeadline(view)
  steps.wake(deadline)
  if (mustAwaitNetwork(view)) {
    const message = `network is not ready: ${view.networkProblem}`
    steps.add({ do: 'event', key: message, type: 'Warning', reason: 'NetworkNotReady', message })
    return steps.plan(false)
  }
  if (!view.hasVolumes) steps.add({ do: 'prepare-volumes' })

  const sandbox = planSandbox(view, steps)
  if (sandbox !== undefined && isRestartingAll(view)) return planRestartAll(view, steps)
  for (const kill of due.kill) {
    const grace = Number(kill.graceSeconds ?? view.pod.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS)
    const command = { id: kill.id, container: kill.name, deadlineAt: view.now + grace * 1000, message: kill.message, condemn: true }
    if (!view.stopping.has(kill.id)) steps.add({ do: 'stop-container', ...command })
  }
  startInOrder(view, due, sandbox, steps)
  for (const container of ephemeralDue(view)) planStart(view, container, sandbox, steps)
  if (needsResize(view)) steps.add({ do: 'resize-pod' })
  removeOldAttempts(view, steps)
  return steps.plan(false)
}

export function mustEnd(view: PodView, due: Due): boolean {
  const { pod } = view
  const phase = pod.status?.phase
  return (
    view.isRemoved ||
    view.refusal !== undefined ||
    pod.metadata.deletionTimestamp !== undefined ||
    view.ending !== undefined ||
    view.termination !== undefined ||
    phase === 'Succeeded' ||
    phase === 'Failed' ||
    // What a restart of all has ended begins anew, whatever its policy.
    (due.isFinished && !(usableSandbox(view) !== undefined && isRestartingAll(view)))
  )
}

/**
 * One after another: a container is made once those before it have started and their postStart hooks are over, so that a hook can hold up what
 * follows. What is put off, for its image, its crashes or a failure, holds up nobody.
 */
function startInOrder(view: PodView, due: Due, sandbox: string | undefined, steps: Steps): void {
  let isHeld = false
  for (const container of [...initContainers(view.pod), ...regularContainers(view.pod)]) {
    const isStarting: boolean = due.start.includes(container)
      ? planStart(view, container, isHeld ? undefined : sandbox, steps)
      : view.underWay.has(`start-container ${container.name}`)
    isHeld ||= isStarting
  }
}

/** Nothing is made for a pod that could have no address. What has a sandbox goes on in it: nothing of it needs the runtime's network. */
const mustAwaitNetwork = (view: PodView): boolean =>
  view.networkProblem !== '' && view.pod.spec.hostNetwork !== true && usableSandbox(view) === undefined

/** `spec.activeDeadlineSeconds` as an instant; the worker ends the pod then. */
export function activeDeadline({ pod, startedAt }: Pick<PodView, 'pod' | 'startedAt'>): Instant {
  const seconds = pod.spec.activeDeadlineSeconds
  return seconds === undefined ? Infinity : startedAt + seconds * 1000
}

/** The id of the sandbox to start containers in; undefined while there is none. */
function planSandbox(view: PodView, steps: Steps): string | undefined {
  const current = usableSandbox(view)
  if (current !== undefined) return current
  // What still runs in a sandbox that is to be replaced ends first, with its grace.
  const running = view.containers.filter((one) => one.state === 'running')
  const grace = Number(view.pod.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS) * 1000
  for (const { id, metadata } of running) {
    const message = `Stopping container ${metadata.name}`
    if (!view.stopping.has(id))
      steps.add({ do: 'stop-container', id, container: metadata.name, deadlineAt: view.now + grace, message, condemn: true })
  }
  if (running.length > 0) return undefined
  const [newest] = view.sandboxes
  steps.add({
    do: 'run-sandbox',
    attempt: newest === undefined ? 0 : newest.metadata.attempt + 1,
    ...(newest !== undefined && { replaces: view.sandboxes.map(({ id }) => id) }),
  })
  return undefined
}

/** Ephemeral containers start once and never again; they need not wait for the init containers. */
const ephemeralDue = (view: PodView) => ephemeralContainers(view.pod).filter(({ name }) => attemptsOf(view.containers, name).length === 0)

/** The newest ended attempt stays, for `lastState` and the logs of the previous one; older ones go, and so do sandboxes without containers. */
function removeOldAttempts(view: PodView, steps: Steps): void {
  const graceMs = Number(view.pod.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS) * 1000
  for (const name of new Set(view.containers.map(({ metadata }) => metadata.name))) {
    const [newest, ...older] = attemptsOf(view.containers, name)
    // A start that was given up and came to its end all the same, when the next one had been made.
    for (const { id, state } of older) {
      const message = `Stopping container ${name}, which was started again meanwhile`
      if (state === 'running' && !view.stopping.has(id))
        steps.add({ do: 'stop-container', id, container: name, deadlineAt: view.now + graceMs, message, condemn: false })
    }
    const ended = older.filter(({ state }) => state !== 'running')
    const keep = newest?.state === 'exited' ? 0 : 1
    // Beside a newest one that ended, the one before it is what `lastState` shows while a restart is waited for.
    for (const { id, logPath } of ended.slice(Math.max(keep, 1))) steps.add({ do: 'remove-container', id, logPath })
    if (containerNamed(view.pod, name) === undefined && newest !== undefined && newest.state !== 'running')
      steps.add({ do: 'remove-container', id: newest.id, logPath: newest.logPath })
  }
  const used = new Set(view.containers.map(({ sandboxId }) => sandboxId))
  const current = usableSandbox(view)
  for (const { id, ready } of view.sandboxes)
    if (current !== undefined && id !== current && !ready && !used.has(id)) steps.add({ do: 'remove-sandbox', id })
}
