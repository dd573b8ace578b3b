import { Pod } from '#api/core/v1/pod.ts'
import { isPodTerminal, podCondition } from '#api/core/v1/pod-helpers.ts'
import type { Instant } from '#lib/clock.ts'
import { type Command, type Plan, settled } from '#loop/controller.ts'
import { targetOf } from '../common/commands.ts'
import { disruption } from '../common/disruption.ts'
import { parseTime } from '../common/time.ts'

/** The cache of nodes may be late: a pod that was bound less than this ago is not taken for an orphan. As the reference's quarantine. */
export const quarantineMs = 40_000

export type PodGcView =
  | { readonly about: 'pod'; readonly now: Instant; readonly pod: Pod; readonly node: 'none' | 'present' | 'out of service' | 'gone' }
  /** Pods that have ended, of the whole cluster. */
  | { readonly about: 'ended'; readonly pods: readonly Pod[]; readonly threshold: number }

/** Removes pods that nobody else will: no node is there to say that they have ended. */
export function planPodGc(view: PodGcView): Plan {
  if (view.about === 'ended') return planEnded(view.pods, view.threshold)
  const { now, pod, node } = view
  const leaves = pod.metadata.deletionTimestamp !== undefined
  if (node === 'gone') {
    const ripeAt =
      (parseTime(podCondition(pod, 'PodScheduled')?.lastTransitionTime) ?? parseTime(pod.metadata.creationTimestamp) ?? now) + quarantineMs
    if (ripeAt > now) return { commands: [], wakeAt: ripeAt }
    return { commands: failAndDelete(pod, orphaned(pod, now)), wakeAt: Infinity }
  }
  if (leaves && (node === 'none' || node === 'out of service')) return { commands: failAndDelete(pod), wakeAt: Infinity }
  return settled
}

/** Evicted ones first, then the oldest, until as many are left as may stay. */
function planEnded(pods: readonly Pod[], threshold: number): Plan {
  const surplus = pods.length - threshold
  if (threshold <= 0 || surplus <= 0) return settled
  const isEvicted = ({ status }: Pod) => status.phase === 'Failed' && status.reason === 'Evicted'
  const ordered = pods.toSorted(
    (a, b) =>
      Number(isEvicted(b)) - Number(isEvicted(a)) ||
      compare(a.metadata.creationTimestamp, b.metadata.creationTimestamp) ||
      compare(a.metadata.name, b.metadata.name),
  )
  return { commands: ordered.slice(0, Math.min(surplus, 500)).flatMap((pod) => failAndDelete(pod)), wakeAt: Infinity }
}

const orphaned = (pod: Pod, now: Instant): object => ({
  conditions: disruption(pod, now, 'DeletionByPodGC', 'PodGC: node no longer exists'),
})

/** Whoever counts the pod shall see it failed, not vanished. */
function failAndDelete(pod: Pod, status: object = {}): Command[] {
  const target = targetOf(Pod, pod)
  const fail: Command = {
    do: 'patch',
    ...target,
    resourceVersion: pod.metadata.resourceVersion,
    subresource: 'status',
    body: { status: { phase: 'Failed', ...status } },
  }
  return [...(isPodTerminal(pod) ? [] : [fail]), { do: 'delete', ...target, gracePeriodSeconds: 0 }]
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
