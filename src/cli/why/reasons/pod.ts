import type { Pod } from '#api/core/v1/pod.ts'
import { isPodReady, isPodTerminal, podCondition } from '#api/core/v1/pod-helpers.ts'
import type { Reason } from '../explanation.ts'
import type { View } from '../view.ts'
import { claimsOfPod } from './claim.ts'
import { containerReasons } from './container.ts'
import { lastEvent } from './events.ts'
import { evictionReasons } from './eviction.ts'
import { nodeReasons } from './node.ts'
import { schedulingReasons } from './scheduling.ts'
import { terminatingReasons } from './terminating.ts'

/** Everything that keeps a pod from running and being ready, in the order in which it would be met: the first is what to look at. */
export function podReasons(pod: Pod, view: View): readonly Reason[] {
  const about = `pod ${pod.metadata.name}`
  const { spec, status } = pod
  const node = spec.nodeName ? nodeReasons(spec.nodeName, view, about) : []
  if (pod.metadata.deletionTimestamp !== undefined) {
    const waitsForNode = pod.metadata.deletionGracePeriodSeconds !== 0
    return [...terminatingReasons(pod, view, about), ...(waitsForNode ? node : [])]
  }
  if (status.phase === 'Succeeded') return []
  if (status.phase === 'Failed') return [failed(pod, about)]
  if (!spec.nodeName) return [...schedulingReasons(pod, about, view.answers?.get(pod.metadata.uid)), ...claimsOfPod(pod, view)]
  const inTheWay = [...node, ...volumeReasons(pod, view, about), ...sandboxReasons(pod, view, about), ...containerReasons(pod, view, about)]
  if (isPodReady(pod)) return [...node, ...evictionReasons(pod, view, about)]
  const reasons = [...inTheWay, ...gateReasons(pod, about), ...evictionReasons(pod, view, about)]
  return reasons.length > 0 ? reasons : [starting(pod, about)]
}

/** Pods as they are worst off: the lower, the worse. What is on its way counts less than what is stuck. */
export function badness(pod: Pod): number {
  if (pod.metadata.deletionTimestamp !== undefined) return 4
  if (isPodReady(pod) || pod.status.phase === 'Succeeded') return 9
  if (isPodTerminal(pod)) return 3
  const containers = [...(pod.status.initContainerStatuses ?? []), ...(pod.status.containerStatuses ?? [])]
  if (containers.some(({ state }) => state?.waiting !== undefined && !onTheWay.has(state.waiting.reason ?? ''))) return 0
  return pod.spec.nodeName ? 2 : 1
}

/** What a container waits for that is only starting. */
export const onTheWay: ReadonlySet<string> = new Set(['ContainerCreating', 'PodInitializing', ''])

/** A pod that will not be started again. */
function failed({ metadata, status }: Pod, about: string): Reason {
  const { reason, message } = status
  if (reason) return { code: 'failed', about, message: `it failed: ${reason}`, ...(message && { details: [message] }) }
  const ended = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])].flatMap(({ name, state }) =>
    state?.terminated !== undefined && state.terminated.exitCode !== 0
      ? [`container ${name} ended with exit code ${state.terminated.exitCode}`]
      : [],
  )
  return {
    code: 'failed',
    about,
    message: 'it failed, and is not started again (restartPolicy)',
    ...(ended.length > 0 && { details: ended }),
    advice: `see what it said: kubectl logs ${metadata.name} -n ${metadata.namespace}`,
  }
}

/** Volumes that could not be mounted or attached, as long as no container has begun. */
function volumeReasons(pod: Pod, view: View, about: string): readonly Reason[] {
  const claims = claimsOfPod(pod, view)
  if (hasBegun(pod)) return claims
  const event = lastEvent(view, pod, ['FailedMount', 'FailedAttachVolume', 'FailedMapVolume'])
  if (event === undefined) return claims
  const message = event.reason === 'FailedAttachVolume' ? 'a volume cannot be attached to its node' : 'a volume cannot be mounted'
  return [...claims, { code: 'volume', about, message, details: [event.message ?? ''] }]
}

function sandboxReasons(pod: Pod, view: View, about: string): readonly Reason[] {
  if (hasBegun(pod)) return []
  const event = lastEvent(view, pod, ['FailedCreatePodSandBox'])
  if (event === undefined) return []
  return [{ code: 'sandbox', about, message: 'the node cannot make its sandbox (mostly its network)', details: [event.message ?? ''] }]
}

const hasBegun = ({ status }: Pod): boolean =>
  podCondition({ status }, 'PodReadyToStartContainers')?.status === 'True' ||
  [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])].some(
    ({ state }) => state?.running !== undefined || state?.terminated !== undefined,
  )

/** Conditions that somebody outside has to set. */
function gateReasons(pod: Pod, about: string): readonly Reason[] {
  if (podCondition(pod, 'ContainersReady')?.status !== 'True') return []
  return (pod.spec.readinessGates ?? []).flatMap(({ conditionType }) => {
    const condition = podCondition(pod, conditionType)
    if (condition?.status === 'True') return []
    const message = `its readiness gate ${conditionType} ${condition === undefined ? 'has been set by nobody' : `is ${condition.status}`}`
    return [{ code: 'readiness-gate', about, message, ...(condition?.message && { details: [condition.message] }) } satisfies Reason]
  })
}

const starting = (pod: Pod, about: string): Reason => ({
  code: 'starting',
  about,
  message: hasBegun(pod) ? 'its containers are starting' : `${pod.spec.nodeName} has not started its containers yet`,
})
