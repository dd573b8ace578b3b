import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { type Command, settled } from '#loop/controller.ts'
import { targetOf } from '../common/commands.ts'
import { parseTime } from '../common/time.ts'
import type { RemarkedPlan } from '../common/told.ts'
import { migratedTo, provisionedBy } from './annotations.ts'
import { setPhase, unbind } from './bind.ts'
import type { VolumeView } from './plan-volume.ts'
import { isRecyclerOf, recyclerFor } from './recycler-pod.ts'

/** A volume whose claim is gone, by its policy. `confirm` runs before what cannot be undone. */
export function planReclaim(view: VolumeView, confirm: readonly Command[]): RemarkedPlan {
  const { volume } = view
  // A driver outside looks after it.
  if (volume.metadata.annotations?.[migratedTo]) return settled
  switch (volume.spec.persistentVolumeReclaimPolicy) {
    case 'Delete':
      return planDeletion(volume)
    case 'Recycle':
      return planRecycling(view, confirm)
    default:
      return settled
  }
}

/** Whoever made the volume deletes it, and sees that it is released by its phase. What nobody deletes has failed. */
function planDeletion(volume: PersistentVolume): RemarkedPlan {
  const why = whyNotDeleted(volume)
  return why === undefined ? settled : failed(volume, 'VolumeFailedDelete', why)
}

function whyNotDeleted({ metadata, spec }: PersistentVolume): string | undefined {
  const provisioner = metadata.annotations?.[provisionedBy] ?? ''
  if (provisioner !== '' && !provisioner.startsWith('kubernetes.io/')) return undefined
  if (provisioner === '' && spec.csi !== undefined) return undefined
  const byName = provisioner === '' ? undefined : provisioner
  const plugin = byName ?? (spec.hostPath !== undefined ? hostPath : spec.nfs !== undefined ? nfs : undefined)
  if (plugin === hostPath) return notRemoved(spec.hostPath?.path ?? '')
  const none = plugin === nfs ? 'no deletable volume plugin matched' : 'no volume plugin matched'
  if (byName !== undefined) return plugin === nfs ? none : `${none} name: ${byName}`
  return `error getting deleter volume plugin for volume "${metadata.name}": ${none}`
}

const hostPath = 'kubernetes.io/host-path'
const nfs = 'kubernetes.io/nfs'

/**
 * The reference removes directories below /tmp of the machine that its controllers run on, whichever node the volume was used on. Here nobody
 * who may create volumes gets to remove files of the control plane.
 */
const notRemoved = (path: string): string =>
  /\/tmp\/.+/.test(path)
    ? `host_path deleter does not remove ${path}: empty it on its node and delete the volume`
    : `host_path deleter only supports /tmp/.+ but received provided ${path}`

/** A pod empties the volume, which is then free for others. */
function planRecycling(view: VolumeView, confirm: readonly Command[]): RemarkedPlan {
  const { now, volume, claim, usedBy, recycler } = view
  // Pods of a later claim of that name have other volumes.
  if (usedBy.length > 0 && claim === undefined) {
    const message = `Volume is used by pods: ${usedBy.toSorted().join(',')}`
    return { ...settled, remarks: [event(volume, 'Normal', 'VolumeFailedRecycle', message)] }
  }
  const pod = recyclerFor(volume)
  if (pod === undefined) return failed(volume, 'VolumeFailedRecycle', 'No recycler plugin found for the volume!')
  const create: Command = { do: 'create', kind: Pod, namespace: pod.metadata.namespace, object: pod }
  if (recycler === undefined) {
    // Made by a clock that is behind, the pod would look older than the release, and be made again and again.
    const releasedAt = parseTime(volume.status.lastPhaseTransitionTime) ?? now
    return releasedAt > now ? { commands: [], wakeAt: releasedAt } : doing([...confirm, create])
  }
  if (recycler.metadata.deletionTimestamp !== undefined) return settled
  const remove: Command = { do: 'delete', ...targetOf(Pod, recycler) }
  // One of an earlier time, or another's by chance or design, says nothing of what is in the volume now.
  if (!isRecyclerOf(recycler, volume)) return doing([remove])
  const { phase, message } = recycler.status
  // First the pod goes: were the volume free before, the next time it would be taken for emptied.
  if (phase === 'Succeeded')
    return doing([...confirm, remove, unbind(volume), event(volume, 'Normal', 'VolumeRecycled', 'Volume recycled')])
  if (phase !== 'Failed') return settled
  // The ended pod stays as the mark of when it was tried.
  const retryAt = (parseTime(recycler.metadata.creationTimestamp) ?? now) + retryMs
  if (now >= retryAt) return doing([remove])
  const why = `Recycle failed: failed to recycle volume: ${message || 'pod failed, pod.Status.Message unknown'}`
  return { ...failed(volume, 'VolumeFailedRecycle', why), wakeAt: retryAt }
}

const retryMs = 10 * 60_000

function failed(volume: PersistentVolume, reason: string, message: string): RemarkedPlan {
  const commands = setPhase(volume, 'Failed', message)
  return doing(commands.length === 0 ? [] : [...commands, event(volume, 'Warning', reason, message)])
}

const event = (
  regarding: PersistentVolume,
  type: 'Normal' | 'Warning',
  reason: string,
  message: string,
): Extract<Command, { do: 'event' }> => ({
  do: 'event',
  regarding,
  type,
  reason,
  message,
})

const doing = (commands: readonly Command[]): RemarkedPlan => ({ commands, wakeAt: Infinity })
