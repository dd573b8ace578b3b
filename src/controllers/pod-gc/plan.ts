import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { isPodTerminal } from '#api/core/v1/pod-helpers.ts'
import type { Instant } from '#lib/clock.ts'
import { type Command, type Plan, type Single, settled } from '#loop/controller.ts'
import { targetOf } from '../common/commands.ts'
import { disruption } from '../common/disruption.ts'

/** A node that is deleted and comes back at once, or that the cache shows late, costs no pod. As the reference's quarantine. */
export const quarantineMs = 40_000
/** More ended pods in one go would keep others waiting. */
export const endedAtOnce = 500

export type PodGcView =
  | {
      readonly about: 'pod'
      readonly now: Instant
      readonly pod: Pod
      readonly node: 'none' | 'present' | 'out of service' | 'gone'
      /** Since when its node is gone. */
      readonly missedSince: Instant
    }
  /** Pods that have ended, of the whole cluster. */
  | { readonly about: 'ended'; readonly now: Instant; readonly pods: readonly Pod[]; readonly threshold: number }

/** Removes pods that nobody else will: no node is there to say that they have ended. */
export function planPodGc(view: PodGcView): Plan {
  if (view.about === 'ended') return planEnded(view)
  const { now, pod, node, missedSince } = view
  const leaves = pod.metadata.deletionTimestamp !== undefined
  if (node === 'gone') {
    const ripeAt = missedSince + quarantineMs
    if (ripeAt > now) return { commands: [], wakeAt: ripeAt }
    const confirmation: Command = { do: 'confirmAbsent', kind: Node, name: pod.spec.nodeName! }
    return { commands: [confirmation, ...failAndDelete(pod, orphaned(pod, now))], wakeAt: Infinity }
  }
  if (leaves && (node === 'none' || node === 'out of service')) return { commands: failAndDelete(pod), wakeAt: Infinity }
  return settled
}

/** Evicted ones first, then the oldest, until as many are left as may stay. */
function planEnded({ now, pods, threshold }: Extract<PodGcView, { readonly about: 'ended' }>): Plan {
  const surplus = pods.length - threshold
  if (threshold <= 0 || surplus <= 0) return settled
  const isEvicted = ({ status }: Pod) => status.phase === 'Failed' && status.reason === 'Evicted'
  const ordered = pods.toSorted(
    (a, b) =>
      Number(isEvicted(b)) - Number(isEvicted(a)) ||
      compare(a.metadata.creationTimestamp, b.metadata.creationTimestamp) ||
      compare(a.metadata.name, b.metadata.name),
  )
  const commands = ordered.slice(0, Math.min(surplus, endedAtOnce)).map(deletion)
  return { commands: [{ do: 'together', commands, ifFails: 'goOn' }], wakeAt: surplus > endedAtOnce ? now : Infinity }
}

const orphaned = (pod: Pod, now: Instant): object => ({
  conditions: disruption(pod, now, 'DeletionByPodGC', 'PodGC: node no longer exists'),
})

/** Whoever counts the pod shall see it failed, not vanished. */
function failAndDelete(pod: Pod, status: object = {}): Command[] {
  const { generation, resourceVersion } = pod.metadata
  const observed = generation === undefined ? {} : { observedGeneration: generation }
  const fail: Command = {
    do: 'patch',
    ...targetOf(Pod, pod),
    resourceVersion,
    subresource: 'status',
    body: { status: { phase: 'Failed', ...observed, ...status } },
  }
  return [...(isPodTerminal(pod) ? [] : [fail]), deletion(pod)]
}

const deletion = (pod: Pod): Single => ({ do: 'delete', ...targetOf(Pod, pod), gracePeriodSeconds: 0 })

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
