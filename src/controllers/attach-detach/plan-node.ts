import { Node } from '#api/core/v1/node.ts'
import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { AttachedVolume } from '#api/core/v1/types.ts'
import { VolumeAttachment } from '#api/storage/v1/volume-attachment.ts'
import { same } from '#api/strategy.ts'
import type { Instant } from '#lib/clock.ts'
import type { Command } from '#loop/controller.ts'
import { patchSeen, targetOf } from '../common/commands.ts'
import { conditionOf } from '../common/conditions.ts'
import type { RemarkedPlan } from '../common/told.ts'
import { csiPrefix } from './attachable.ts'

export interface NodeView {
  readonly about: 'node'
  readonly key: string
  readonly now: Instant
  /** Absent: it is gone, or has not come yet. */
  readonly node: Node | undefined
  readonly attachments: readonly AttachmentView[]
  /** How long a node that is not ready keeps a volume that it has in use. */
  readonly forceMs: number
}

export interface AttachmentView {
  readonly attachment: VolumeAttachment
  /** What the node's status calls the volume; undefined: its PersistentVolume is gone and the node never spoke of it. */
  readonly uniqueName: string | undefined
  readonly volume: PersistentVolume | undefined
  /** On the node, with need of the volume. */
  readonly pods: readonly Pod[]
  /** Since when no pod needs it; undefined: one does. */
  readonly unwantedSince: Instant | undefined
}

/**
 * Tells a node what is attached to it, and takes away what none of its pods needs. One key for all of a node, since the two must not pass each
 * other: a kubelet mounts only what its status says is attached, after it has said that the volume is in use. So the status must stop saying so,
 * at a version where the volume is not in use, before the attachment goes.
 */
export function planNode(view: NodeView): RemarkedPlan {
  const { node, attachments, now, forceMs } = view
  const detached = attachments.filter((one) => mayDetach(one, view))
  const waitsUntil = attachments
    .filter((one) => one.unwantedSince !== undefined && !isLeaving(one) && !detached.includes(one) && !isReady(node))
    .map((one) => one.unwantedSince! + forceMs + 1)
  const removals = detached.map(({ attachment }): Command => ({ do: 'delete', ...targetOf(VolumeAttachment, attachment) }))
  const wakeAt = Math.min(Infinity, ...waitsUntil.filter((at) => at > now))
  if (node === undefined) return { commands: removals, wakeAt }
  const { reported, added } = reportFor(node, attachments, detached)
  const isNews = !same(reported, node.status.volumesAttached)
  const confirmed = added.map(({ attachment }): Command => ({ do: 'confirmUnchanged', kind: VolumeAttachment, object: attachment }))
  const report: readonly Command[] = isNews
    ? [...confirmed, patchSeen(Node, node, { status: { volumesAttached: reported } }, 'status')]
    : []
  const isForced = detached.every((one) => mayForce(one, view))
  const confirmNode: readonly Command[] =
    detached.length > 0 && !isNews && !isForced ? [{ do: 'confirmUnchanged', kind: Node, object: node }] : []
  return { commands: [...report, ...confirmNode, ...removals, ...(isNews ? added.flatMap(succeeded) : [])], wakeAt }
}

function mayDetach(one: AttachmentView, view: NodeView): boolean {
  const { node } = view
  if (one.unwantedSince === undefined || isLeaving(one)) return false
  // Of a node that is gone nobody can say whether it still uses the volume.
  const isMounted = node === undefined || (one.uniqueName !== undefined && (node.status.volumesInUse ?? []).includes(one.uniqueName))
  return !isMounted || mayForce(one, view)
}

/** Whatever the node says: it is declared off, or was silent for too long. */
const mayForce = (one: AttachmentView, view: NodeView): boolean =>
  isOutOfService(view.node) || (!isReady(view.node) && isExpired(one, view))

const isLeaving = ({ attachment }: AttachmentView): boolean => attachment.metadata.deletionTimestamp !== undefined

const isExpired = ({ unwantedSince }: AttachmentView, { now, forceMs }: NodeView): boolean =>
  unwantedSince !== undefined && now > unwantedSince + forceMs

const isReady = (node: Node | undefined): boolean => conditionOf(node?.status.conditions, 'Ready')?.status === 'True'

/** Its user says that the node is off: what it may still use it uses no more (KEP-2268). */
const isOutOfService = (node: Node | undefined): boolean =>
  node?.spec.taints?.some(({ key }) => key === 'node.kubernetes.io/out-of-service') ?? false

/** What is attached and stays so. Volumes of others than CSI drivers are not ours to judge. */
function reportFor(
  node: Node,
  attachments: readonly AttachmentView[],
  detached: readonly AttachmentView[],
): { readonly reported: readonly AttachedVolume[]; readonly added: readonly AttachmentView[] } {
  const before = node.status.volumesAttached ?? []
  const isReported = (one: AttachmentView) => before.some(({ name }) => name === one.uniqueName)
  const attached = attachments.filter((one) => one.uniqueName !== undefined && one.attachment.status.attached && !detached.includes(one))
  // One that nobody needs, or that is on its way, is not told of anew: it may be between the two steps of its detachment.
  const added = attached.filter((one) => !isReported(one) && one.unwantedSince === undefined && !isLeaving(one))
  const kept = before.filter(
    ({ name }) =>
      !name.startsWith(csiPrefix) ||
      attached.some((one) => one.uniqueName === name && (one.unwantedSince === undefined || !isLeaving(one))),
  )
  return { reported: [...kept, ...added.map(({ uniqueName }) => ({ name: uniqueName!, devicePath: '' }))], added }
}

const succeeded = ({ volume, pods }: AttachmentView): readonly Command[] =>
  pods.map((regarding) => ({
    do: 'event',
    regarding,
    type: 'Normal',
    reason: 'SuccessfulAttachVolume',
    message: `AttachVolume.Attach succeeded for volume "${volume?.metadata.name ?? ''}" `,
  }))
