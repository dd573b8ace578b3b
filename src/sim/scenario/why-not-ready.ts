import type { Pod } from '#api/core/v1/pod.ts'
import { isPodReady, podCondition } from '#api/core/v1/pod-helpers.ts'
import type { KubeObject } from '#api/kind.ts'
import { obstacleOf } from './happenings.ts'

export interface Circumstances {
  /** The workload's own object. */
  readonly object: KubeObject | undefined
  readonly wish: number
  readonly pods: readonly Pod[]
  /** What events of type Warning said last of the workload and what lies between it and its pods. */
  readonly warnings: readonly string[]
  readonly isLost: (node: string) => boolean
}

/** Why fewer pods are ready than wished: the reasons of scheduler, quota, images, probes and conditions, each said once, with the number of pods. */
export function whyNotReady({ object, wish, pods, warnings, isLost }: Circumstances): readonly string[] {
  if (object === undefined) return ['it is not there any more']
  const counts = new Map<string, number>()
  for (const pod of pods) {
    const reason = reasonOf(pod, isLost)
    if (reason !== undefined) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  }
  const reasons = [...counts].map(([reason, count]) => (count === 1 ? `1 pod ${reason}` : `${count} pods ${reason}`))
  const alive = pods.filter(
    ({ metadata, status }) => metadata.deletionTimestamp === undefined && status.phase !== 'Failed' && status.phase !== 'Succeeded',
  )
  if (alive.length >= wish) return reasons
  const missing = wish - alive.length
  const why = warnings.length > 0 ? warnings : conditionsAgainst(object)
  return [`${missing} of ${wish} pods ${missing === 1 ? 'is' : 'are'} not there${why.length > 0 ? `: ${why.join('; ')}` : ''}`, ...reasons]
}

function reasonOf(pod: Pod, isLost: (node: string) => boolean): string | undefined {
  const { metadata, spec, status } = pod
  const node = spec.nodeName ?? ''
  const lost = node !== '' && isLost(node)
  if (metadata.deletionTimestamp !== undefined)
    return lost ? `still being deleted on ${node}, which is lost: nobody there confirms it` : 'still being deleted'
  if (lost) return `on ${node}, which is lost`
  if (isPodReady(pod)) return undefined
  if (status.phase === 'Failed')
    return `failed: ${[status.reason, status.message].filter(Boolean).join(': ') || 'a container ended with an error'}`
  if (node === '') return `not scheduled: ${obstacleOf(pod) ?? 'nobody has looked at it'}`
  const containers = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]
  for (const { name, state, lastState, restartCount } of containers) {
    const { waiting } = state ?? {}
    if (waiting?.reason === 'CrashLoopBackOff') {
      const code = lastState?.terminated?.exitCode
      return `in CrashLoopBackOff: container ${name} ended with code ${code ?? '?'}, ${restartCount} restarts`
    }
    if (waiting?.reason && waiting.reason !== 'ContainerCreating' && waiting.reason !== 'PodInitializing')
      return `waiting (${waiting.reason})${waiting.message ? `: ${waiting.message}` : ''}`
  }
  const running = containers.find(({ state, ready }) => state?.running && !ready)
  if (running !== undefined) return `not ready: container ${running.name} runs, and its probe fails`
  const why = podCondition(pod, 'Ready')
  return `not ready on ${node}${why?.message ? `: ${why.message}` : ''}`
}

/** A Deployment's ReplicaFailure, a claim's problem: conditions that say what is wrong. */
function conditionsAgainst(object: KubeObject): readonly string[] {
  const { conditions } = (object as { readonly status?: { readonly conditions?: readonly Condition[] } }).status ?? {}
  return (conditions ?? [])
    .filter(({ type, status }) => (type.endsWith('Failure') && status === 'True') || (type === 'Progressing' && status === 'False'))
    .map(({ reason, message }) => [reason, message].filter(Boolean).join(': '))
}

interface Condition {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
}
