import { mayRestartAll } from '#api/core/v1/required-features.ts'
import type { ContainerStatus, PodCondition, PodStatus } from '#api/core/v1/types.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { initContainers, isSidecar, regularContainers } from './containers.ts'
import { resizeConditions } from './resize-status.ts'
import { isRestartingAll, wasRestartingAll } from './restart-all.ts'
import { usableSandbox } from './usable-sandbox.ts'
import type { PodView } from './view.ts'

/**
 * The conditions of a pod: those of others as they are (readiness gates, disruption), then ours with the reference's reasons and messages.
 * A condition whose status did not change keeps its transition time.
 */
export function podConditions(view: PodView, status: PodStatus, previous: PodStatus): PodCondition[] {
  const { pod } = view
  const disruption = view.ending?.condition
  const known = (pod.status?.conditions ?? []).filter(({ type }) => !ours.has(type))
  const kept = previous.conditions?.filter((one) => isOurDisruption(one) && disruption?.type !== one.type) ?? []
  const foreign = [...known.filter(({ type }) => ![disruption, ...kept].some((one) => one?.type === type)), ...kept]
  const ready = containersReady(view, status)
  const made: Made[] = [
    ...(disruption === undefined ? [] : [disruption as Made]),
    { type: 'PodReadyToStartContainers', status: usableSandbox(view) === undefined ? 'False' : 'True' },
    { type: 'Initialized', ...initialized(view, status, previous) },
    { type: 'Ready', ...podReady(view, ready, foreign) },
    { type: 'ContainersReady', ...ready },
    { type: 'PodScheduled', status: 'True' },
    ...(mayRestartAll(pod) ? [{ type: 'AllContainersRestarting', ...restartingAll(view, status, previous) }] : []),
  ]
  const before = [...(previous.conditions ?? []), ...(pod.status?.conditions ?? [])]
  return [...foreign, ...resizeConditions(view, status), ...made.map((condition) => withTimes(condition, before, view))]
}

/** The types that the kubelet answers for. */
export const ours: ReadonlySet<string> = new Set([
  'PodResizePending',
  'PodResizeInProgress',
  'PodReadyToStartContainers',
  'Initialized',
  'Ready',
  'ContainersReady',
  'PodScheduled',
  'AllContainersRestarting',
])

/** Somebody else may say that a pod is disrupted, and the kubelet says so of those that it ends itself: its reason tells them apart. */
export const isOurDisruption = ({ type, reason }: Pick<PodCondition, 'type' | 'reason'>): boolean =>
  type === 'DisruptionTarget' && reason === 'TerminationByKubelet'

interface Verdict {
  readonly status: 'True' | 'False'
  readonly reason?: string
  readonly message?: string
}
interface Made extends Verdict {
  readonly type: string
}

function withTimes(condition: Made, before: readonly PodCondition[], { pod, now }: PodView): PodCondition {
  const former = before.find(({ type, status }) => type === condition.type && status === condition.status)
  return {
    ...condition,
    ...(pod.metadata.generation !== undefined && { observedGeneration: pod.metadata.generation }),
    lastProbeTime: null,
    lastTransitionTime: former?.lastTransitionTime ?? rfc3339(now),
  }
}

function containersReady({ pod }: PodView, status: PodStatus): Verdict {
  const all = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]
  const concerned = [...initContainers(pod).filter((one) => isSidecar(one, 'init')), ...regularContainers(pod)].map(({ name }) => name)
  const unknown = concerned.filter((name) => statusOf(all, name) === undefined)
  const unready = concerned.filter((name) => statusOf(all, name)?.ready === false)
  if (status.phase === 'Succeeded' && unknown.length === 0) return { status: 'False', reason: 'PodCompleted' }
  if (status.phase === 'Failed') return { status: 'False', reason: 'PodFailed' }
  const message = described([
    ['unknown', unknown],
    ['unready', unready],
  ])
  return message === '' ? { status: 'True' } : { status: 'False', reason: 'ContainersNotReady', message }
}

function podReady({ pod }: PodView, ready: Verdict, conditions: readonly PodCondition[]): Verdict {
  if (ready.status !== 'True') return ready
  const messages = (pod.spec.readinessGates ?? []).flatMap(({ conditionType }) => {
    const condition = conditions.find(({ type }) => type === conditionType)
    if (condition === undefined) return [`corresponding condition of pod readiness gate "${conditionType}" does not exist.`]
    return condition.status === 'True' ? [] : [`the status of pod readiness gate "${conditionType}" is not "True", but ${condition.status}`]
  })
  return messages.length === 0 ? ready : { status: 'False', reason: 'ReadinessGatesNotReady', message: messages.join(', ') }
}

function initialized({ pod }: PodView, status: PodStatus, previous: PodStatus): Verdict {
  const all = status.initContainerStatuses ?? []
  const unknown: string[] = []
  const incomplete: string[] = []
  for (const container of initContainers(pod)) {
    const found = statusOf(all, container.name)
    if (found === undefined) unknown.push(container.name)
    else if (!(isSidecar(container, 'init') ? found.started === true : found.ready)) incomplete.push(container.name)
  }
  if (status.phase === 'Succeeded' && unknown.length === 0) return { status: 'True', reason: 'PodCompleted' }
  // Once a regular container has started, initialisation is history, whatever sidecars do.
  const hasRegularStarted = (status.containerStatuses ?? []).some(
    ({ state, lastState, started }) => state.running || state.terminated?.startedAt || lastState.terminated || started,
  )
  if (hasRegularStarted) return { status: 'True' }
  const message = described([
    ['unknown', unknown],
    ['incomplete', incomplete],
  ])
  // A pod that begins anew was initialised all the same.
  const wasInitialized = previous.conditions?.some((one) => one.type === 'Initialized' && one.status === 'True')
  return message === '' || wasInitialized ? { status: 'True' } : { status: 'False', reason: 'ContainersNotInitialized', message }
}

function restartingAll(view: PodView, { phase }: PodStatus, previous: PodStatus): Verdict {
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' }
  if (phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' }
  const names = new Set([...initContainers(view.pod), ...regularContainers(view.pod)].map(({ name }) => name))
  const isCleared = !view.containers.some(({ metadata }) => names.has(metadata.name))
  if (isCleared || !(isRestartingAll(view) || wasRestartingAll(previous))) return { status: 'False' }
  return { status: 'True', reason: 'RestartAllContainersStarted', message: 'container exited with restart policy rule' }
}

const statusOf = (statuses: readonly ContainerStatus[], name: string) => statuses.find((one) => one.name === name)

/** Lists as Go prints them: `[a b]`. */
const described = (groups: readonly (readonly [word: string, names: readonly string[]])[]): string =>
  groups
    .filter(([, names]) => names.length > 0)
    .map(([word, names]) => `containers with ${word} status: [${names.join(' ')}]`)
    .join(', ')
