import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { VolumeAttachment } from '#api/storage/v1/volume-attachment.ts'
import type { Instant } from '#lib/clock.ts'
import type { Command } from '#loop/controller.ts'
import type { RemarkedPlan } from '../common/told.ts'
import { attachmentName, isShareable, uniqueNameOf } from './attachable.ts'

export interface AttachView {
  readonly about: 'volume'
  readonly key: string
  readonly now: Instant
  readonly volume: PersistentVolume
  /** Of this volume, whatever their state. */
  readonly attachments: readonly VolumeAttachment[]
  /** Nodes with pods that use the volume. */
  readonly consumers: readonly Consumer[]
}

export interface Consumer {
  readonly nodeName: string
  /** Whether the node is there and leaves attaching to us. */
  readonly isManaged: boolean
  readonly pods: readonly Pod[]
}

/**
 * Asks for a volume to be attached where pods wait for it. One that only a single node may have waits until no attachment to another is left;
 * of several nodes that want it, the one with the oldest pod is first.
 */
export function planAttaching({ volume, attachments, consumers }: AttachView): RemarkedPlan {
  const uniqueName = uniqueNameOf(volume)
  const attacher = volume.spec.csi?.driver
  const commands: Command[] = []
  const remarks: Remark[] = []
  if (uniqueName === undefined || attacher === undefined) return { commands, wakeAt: Infinity }
  const holders = new Set(attachments.map(({ spec }) => spec.nodeName))
  for (const { nodeName, isManaged, pods } of consumers.toSorted(byAge)) {
    const present = attachments.find(({ spec }) => spec.nodeName === nodeName)
    if (present !== undefined) {
      const failure = present.status.attached ? undefined : present.status.attachError
      if (failure !== undefined)
        remarks.push(...pods.map((pod) => failed(pod, `AttachVolume.Attach failed ${suffix(volume)}: ${failure.message ?? ''}`)))
      continue
    }
    if (!isManaged) continue
    const others = [...holders].filter((holder) => holder !== nodeName)
    if (others.length > 0 && !isShareable(volume)) {
      remarks.push(
        ...multiAttach(
          volume,
          pods,
          consumers.filter((consumer) => others.includes(consumer.nodeName)).flatMap((consumer) => consumer.pods),
        ),
      )
      continue
    }
    holders.add(nodeName)
    const object = {
      metadata: { name: attachmentName(uniqueName, nodeName) },
      spec: { attacher, nodeName, source: { persistentVolumeName: volume.metadata.name } },
    }
    commands.push({ do: 'create', kind: VolumeAttachment, object, ifExists: 'keep' })
  }
  return { commands, wakeAt: Infinity, remarks }
}

type Remark = Extract<Command, { do: 'event' }>

const suffix = ({ metadata }: PersistentVolume): string => `for volume "${metadata.name}" `

function multiAttach(volume: PersistentVolume, pods: readonly Pod[], users: readonly Pod[]): readonly Remark[] {
  return pods.map((pod) => {
    const near = users.filter(({ metadata }) => metadata.namespace === pod.metadata.namespace).map(({ metadata }) => metadata.name)
    return failed(pod, `Multi-Attach error ${suffix(volume)}${whoHasIt(near, users.length - near.length)}`)
  })
}

/** Names of pods are for their own namespace only. */
function whoHasIt(near: readonly string[], far: number): string {
  const others = `${far} pod(s) in different namespaces`
  if (near.length > 0) return `Volume is already used by pod(s) ${near.toSorted().join(', ')}${far > 0 ? ` and ${others}` : ''}`
  if (far > 0) return `Volume is already used by ${others}`
  return "Volume is already exclusively attached to one node and can't be attached to another"
}

const failed = (regarding: Pod, message: string): Remark => ({
  do: 'event',
  regarding,
  type: 'Warning',
  reason: 'FailedAttachVolume',
  message,
})

const byAge = (a: Consumer, b: Consumer): number => {
  const [first, second] = [oldest(a), oldest(b)]
  return first === second ? (a.nodeName < b.nodeName ? -1 : 1) : first < second ? -1 : 1
}

const oldest = ({ pods }: Consumer): string => pods.map(({ metadata }) => metadata.creationTimestamp ?? '').toSorted()[0] ?? ''
