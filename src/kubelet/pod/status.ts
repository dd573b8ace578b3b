import type { PodStatus } from '#api/core/v1/types.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import type { Refusal } from './admission/refusal.ts'
import { ours, podConditions } from './conditions.ts'
import { containerStatuses } from './container-status.ts'
import { ephemeralContainers, hasSharedHostNetwork, initContainers, regularContainers } from './containers.ts'
import { podPhase } from './phase.ts'
import { qosClass } from './qos.ts'
import { podResourcesStatus } from './resize-status.ts'
import type { PodPlan } from './steps.ts'
import type { NodeView, PodView } from './view.ts'

/**
 * The status of a pod, from what runs and what is planned. `previous` is the status decided last (or the API's): what the runtime has
 * forgotten is taken from there, times of unchanged conditions too, and a final phase stays final.
 */
export function podStatus(view: PodView, plan: PodPlan, previous: PodStatus, node: NodeView): PodStatus {
  const { pod } = view
  const refusal = view.refusal ?? formerRefusal(view)
  if (refusal !== undefined) return refusedStatus(view, refusal, previous)
  const make = (kind: 'init' | 'regular' | 'ephemeral') => containerStatuses({ view, plan, kind, previous, node })
  const inits = make('init')
  const regulars = make('regular')
  const ephemerals = make('ephemeral')

  const isStopped = plan.isOver && view.isReleased && !view.containers.some(({ state }) => state === 'running' || state === 'unknown')
  const { phase, reason, message } = finalPhase(view, previous, podPhase(view, [...inits, ...regulars], isStopped), isStopped)
  const hostIPs = node.addresses.slice(0, 2).map((ip) => ({ ip }))
  const podIPs = addresses(view, previous, hostIPs)
  const status: PodStatus = {
    ...(pod.metadata.generation !== undefined && { observedGeneration: pod.metadata.generation }),
    phase,
    ...(reason && { reason }),
    ...(message && { message }),
    ...(hostIPs[0] && { hostIP: hostIPs[0].ip, hostIPs }),
    ...(podIPs[0] && { podIP: podIPs[0].ip, podIPs }),
    startTime: rfc3339(view.startedAt),
    ...(initContainers(pod).length > 0 && { initContainerStatuses: inits }),
    ...(regularContainers(pod).length > 0 && { containerStatuses: regulars }),
    ...(ephemeralContainers(pod).length > 0 && { ephemeralContainerStatuses: ephemerals }),
    qosClass: qosClass(pod),
    ...podResourcesStatus(view),
  }
  return { ...status, conditions: podConditions(view, status, previous) }
}

/** What failed without ever having had a container was refused by a former kubelet. */
function formerRefusal({ pod, containers }: PodView): Refusal | undefined {
  const { phase, reason, message, containerStatuses } = pod.status ?? {}
  const wasRefused = phase === 'Failed' && reason && containerStatuses === undefined && containers.length === 0
  return wasRefused ? { reason, message: message ?? '' } : undefined
}

/** A pod that the node did not take has failed, and nothing of it was ever made: there is nothing else to say of it. */
function refusedStatus(view: PodView, { reason, message }: Refusal, previous: PodStatus): PodStatus {
  const { pod } = view
  const foreign = (pod.status?.conditions ?? []).filter(({ type }) => !ours.has(type))
  const earlier = [pod.status, previous].find((one) => one?.phase === 'Failed')
  return {
    ...(pod.metadata.generation !== undefined && { observedGeneration: pod.metadata.generation }),
    phase: 'Failed',
    reason: earlier?.reason ?? reason,
    message: earlier?.message ?? `Pod was rejected: ${message}`,
    startTime: rfc3339(view.startedAt),
    qosClass: qosClass(pod),
    ...(foreign.length > 0 && { conditions: foreign }),
  }
}

/**
 * A phase once final stays; a pod that the node ends has failed; a pod that stopped without an end of its own has failed too. Until all of it has
 * stopped and what it held is free no phase is final, for others act on that.
 */
function finalPhase(
  view: PodView,
  previous: PodStatus,
  phase: NonNullable<PodStatus['phase']>,
  isStopped: boolean,
): { readonly phase: NonNullable<PodStatus['phase']>; readonly reason?: string | undefined; readonly message?: string | undefined } {
  for (const earlier of [view.pod.status, previous])
    if (earlier?.phase === 'Failed' || earlier?.phase === 'Succeeded')
      return { phase: earlier.phase, reason: earlier.reason, message: earlier.message }
  const isFinal = phase === 'Succeeded' || phase === 'Failed'
  if (!isStopped && (isFinal || view.ending !== undefined)) return held(previous)
  if (view.ending !== undefined) return { phase: 'Failed', reason: view.ending.reason, message: view.ending.message }
  if (isStopped && phase !== 'Succeeded' && phase !== 'Failed') return { phase: 'Failed' }
  return phase === previous.phase ? { phase, reason: previous.reason, message: previous.message } : { phase }
}

const held = ({ phase = 'Pending', reason, message }: PodStatus) => ({ phase, reason, message })

/** The addresses of the newest sandbox; while there is none, those known last. Pods on the node's network have the node's. */
function addresses(view: PodView, previous: PodStatus, hostIPs: readonly { ip: string }[]): { ip: string }[] {
  if (hasSharedHostNetwork(view.pod)) return view.sandboxes.length > 0 || previous.podIP ? [...hostIPs] : []
  const [newest] = view.sandboxes
  if (newest !== undefined && newest.ips.length > 0) return newest.ips.map((ip) => ({ ip }))
  return newest === undefined && view.containers.length === 0 && !view.pod.metadata.deletionTimestamp ? [] : [...(previous.podIPs ?? [])]
}
