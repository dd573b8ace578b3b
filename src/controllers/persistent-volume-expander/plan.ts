import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import type { Instant } from '#lib/clock.ts'
import { compareQuantity } from '#lib/quantity.ts'
import { type Command, settled } from '#loop/controller.ts'
import { patchSeen } from '../common/commands.ts'
import { pluginOfSource } from '../common/in-tree-plugins.ts'
import type { RemarkedPlan } from '../common/told.ts'

export interface ExpanderView {
  readonly key: string
  readonly now: Instant
  readonly claim: PersistentVolumeClaim
  /** That it names. */
  readonly volume: PersistentVolume | undefined
}

const resizerAnnotation = 'volume.kubernetes.io/storage-resizer'
const preResizeAnnotation = 'volume.alpha.kubernetes.io/pre-resize-capacity'

/**
 * Tells the owner of a claim that has grown who makes its volume larger: a resizer outside, since no volume here can be expanded by the control
 * plane itself. A volume of a former in-tree plug-in gets the name of the driver that has to do it.
 */
export function planExpansion({ claim, volume }: ExpanderView): RemarkedPlan {
  if (claim.status.phase !== 'Bound' || volume === undefined || volume.spec.claimRef?.uid !== claim.metadata.uid) return settled
  const wanted = claim.spec.resources.requests?.storage ?? '0'
  const got = claim.status.capacity?.storage ?? '0'
  const isUnderWay = volume.metadata.annotations?.[preResizeAnnotation] !== undefined
  if (compareQuantity(wanted, got) <= 0 && !isUnderWay) return settled
  const plugin = pluginOfSource(volume.spec)
  if (plugin === undefined) return { ...settled, remarks: [expanding(claim, 'waiting for an external controller to expand this PVC')] }
  const remarks = [expanding(claim, `CSI migration enabled for ${plugin.name}; waiting for external resizer to expand the pvc`)]
  if (claim.metadata.annotations?.[resizerAnnotation] === plugin.driver) return { ...settled, remarks }
  const body = { metadata: { annotations: { [resizerAnnotation]: plugin.driver } } }
  return { commands: [patchSeen(PersistentVolumeClaim, claim, body, 'status')], wakeAt: Infinity, remarks }
}

const expanding = (claim: PersistentVolumeClaim, message: string): Extract<Command, { do: 'event' }> => ({
  do: 'event',
  regarding: claim,
  type: 'Normal',
  reason: 'ExternalExpanding',
  message,
})
