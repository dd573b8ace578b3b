import { age, column, noneIfEmpty, since } from '#api/columns.ts'
import { isPodReady, isSidecar, isTerminalPhase, podCondition } from '#api/core/v1/pod-helpers.ts'
import type { ContainerStatus, Pod as PodType } from '#api/core/v1/types.ts'
import type { Column } from '#api/kind.ts'

/** What `kubectl get pods` prints, decided as the reference does from spec and status alone. */
export const podColumns: readonly Column[] = [
  column<PodType>('Ready', (pod) => {
    const { ready, total } = summarize(pod)
    return `${ready}/${total}`
  }),
  column<PodType>('Status', (pod) => summarize(pod).reason),
  column<PodType>('Restarts', (pod, now) => {
    const { restarts, lastRestart } = summarize(pod)
    return restarts !== 0 && lastRestart !== undefined ? `${restarts} (${since(lastRestart, now)} ago)` : `${restarts}`
  }),
  age,
  column<PodType>('IP', (pod) => noneIfEmpty(pod.status.podIPs?.[0]?.ip), { wide: true }),
  column<PodType>('Node', (pod) => noneIfEmpty(pod.spec.nodeName), { wide: true }),
  column<PodType>('Nominated Node', (pod) => noneIfEmpty(pod.status.nominatedNodeName), { wide: true }),
  column<PodType>('Readiness Gates', readinessGates, { wide: true }),
]

interface Summary {
  readonly ready: number
  readonly total: number
  readonly reason: string
  readonly restarts: number
  readonly lastRestart: string | undefined
}

/** Containers ready of all that should be (sidecars count), one word for the state, restarts and the last one's time. */
export function summarize(pod: PodType): Summary {
  const phase = pod.status.phase ?? ''
  const gated = podCondition(pod, 'PodScheduled')?.reason === 'SchedulingGated'
  const before = gated ? 'SchedulingGated' : pod.status.reason || phase
  const sidecars = new Set((pod.spec.initContainers ?? []).filter(isSidecar).map((container) => container.name))
  const init = summarizeInit(pod, sidecars, before)
  const useMain = !init.initializing || podCondition(pod, 'Initialized')?.status === 'True'
  const main = useMain ? summarizeMain(pod, init.reason) : undefined
  const counted = [
    ...(pod.status.initContainerStatuses ?? []).slice(0, init.seen).filter((status) => !useMain || sidecars.has(status.name)),
    ...(useMain ? (pod.status.containerStatuses ?? []) : []),
  ]
  return {
    ready: init.ready + (main?.ready ?? 0),
    total: pod.spec.containers.length + sidecars.size,
    reason: reasonOfDeletion(pod, phase) ?? main?.reason ?? init.reason,
    restarts: counted.reduce((sum, status) => sum + status.restartCount, 0),
    lastRestart: newest(counted.map((status) => status.lastState.terminated?.finishedAt ?? undefined)),
  }
}

/** Goes through the init containers up to the first that holds the pod up. */
function summarizeInit(pod: PodType, sidecars: ReadonlySet<string>, before: string) {
  const statuses = pod.status.initContainerStatuses ?? []
  let ready = 0
  for (const [i, status] of statuses.entries()) {
    const { terminated, waiting } = status.state
    if (terminated?.exitCode === 0) continue
    if (sidecars.has(status.name) && status.started) {
      if (status.ready) ready += 1
      continue
    }
    const seen = i + 1
    if (terminated !== undefined) return { ready, seen, initializing: true, reason: `Init:${endOf(terminated)}` }
    if (waiting?.reason !== undefined && waiting.reason !== '' && waiting.reason !== 'PodInitializing')
      return { ready, seen, initializing: true, reason: `Init:${waiting.reason}` }
    return { ready, seen, initializing: true, reason: `Init:${i}/${pod.spec.initContainers?.length ?? 0}` }
  }
  return { ready, seen: statuses.length, initializing: false, reason: before }
}

/** The first container's state wins, since the last look is at the first. */
function summarizeMain(pod: PodType, before: string): { readonly ready: number; readonly reason: string } {
  let ready = 0
  let reason = before
  let errorReason = ''
  for (const status of (pod.status.containerStatuses ?? []).toReversed()) {
    const { waiting, terminated, running } = status.state
    if (waiting?.reason) reason = waiting.reason
    else if (terminated !== undefined) {
      reason = endOf(terminated)
      if (terminated.exitCode !== 0) errorReason = reason
    } else if (status.ready && running !== undefined) ready += 1
  }
  if (reason !== 'Completed') return { ready, reason }
  // Some containers are done while others go on or failed.
  if (ready > 0 && isPodReady(pod)) return { ready, reason: 'Running' }
  if (errorReason !== '') return { ready, reason: errorReason }
  return { ready, reason: ready > 0 ? 'NotReady' : reason }
}

function reasonOfDeletion(pod: PodType, phase: string): string | undefined {
  if (pod.metadata.deletionTimestamp === undefined) return undefined
  if (pod.status.reason === 'NodeLost') return 'Unknown'
  return isTerminalPhase(phase) ? undefined : 'Terminating'
}

function endOf(terminated: NonNullable<ContainerStatus['state']['terminated']>): string {
  if (terminated.reason) return terminated.reason
  return terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode}`
}

const newest = (times: readonly (string | undefined)[]): string | undefined =>
  times.reduce((best, time) => (time !== undefined && (best === undefined || Date.parse(time) > Date.parse(best)) ? time : best), undefined)

function readinessGates(pod: PodType): string {
  const gates = pod.spec.readinessGates ?? []
  if (gates.length === 0) return '<none>'
  return `${gates.filter((gate) => podCondition(pod, gate.conditionType)?.status === 'True').length}/${gates.length}`
}
