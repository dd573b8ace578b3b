import { Pod } from '#api/core/v1/pod.ts'
import { isPodTerminal } from '#api/core/v1/pod-helpers.ts'
import type { DeviceTaint, DeviceToleration } from '#api/resource/v1/types.ts'
import type { Instant } from '#lib/clock.ts'
import { type Command, type Plan, settled } from '#loop/controller.ts'
import { patchSeen, targetOf } from '../common/commands.ts'
import { disruption } from '../common/disruption.ts'
import { toleratedUntil } from './device-taints.ts'

export interface DeviceTaintView {
  readonly now: Instant
  readonly key: string
  readonly pod: Pod
  /** Of the devices that are reserved for it. */
  readonly devices: readonly { readonly taints: readonly DeviceTaint[]; readonly tolerations: readonly DeviceToleration[] }[]
}

/** Deletes a pod when a device that it uses has a taint that its claim does not tolerate, or no longer. */
export function planDeviceTaints({ now, pod, devices }: DeviceTaintView): Plan {
  if (pod.metadata.deletionTimestamp !== undefined || isPodTerminal(pod) || !pod.spec.nodeName) return settled
  const evictAt = evictionAt({ devices })
  if (evictAt > now) return { commands: [], wakeAt: evictAt }
  const conditions = disruption(pod, now, 'DeletionByDeviceTaintManager', 'Device Taint manager: deleting due to NoExecute taint')
  return {
    commands: [
      tell(pod, 'Marking for deletion'),
      patchSeen(Pod, pod, { status: { conditions } }, 'status'),
      { do: 'delete', ...targetOf(Pod, pod) },
    ],
    wakeAt: Infinity,
  }
}

/** When the first of the taints is tolerated no more. */
export const evictionAt = ({ devices }: Pick<DeviceTaintView, 'devices'>): Instant =>
  Math.min(Infinity, ...devices.flatMap(({ taints, tolerations }) => taints.map((taint) => toleratedUntil(taint, tolerations))))

export const cancelled = (pod: Pod): Command => tell(pod, 'Cancelling deletion')

const tell = (regarding: Pod, message: string): Command => ({
  do: 'event',
  regarding,
  type: 'Normal',
  reason: 'DeviceTaintManagerEviction',
  message,
})
