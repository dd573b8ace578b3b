import { Node } from '#api/core/v1/node.ts'
import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { type Command, type Plan, settled } from '#loop/controller.ts'
import { patchSeen, targetOf } from '../common/commands.ts'
import { deletionAnnotation, directoryFinalizer } from './names.ts'

export interface VolumeView {
  readonly about: 'volume'
  /** The volume's name. */
  readonly key: string
  /** Undefined: it is gone. */
  readonly volume: PersistentVolume | undefined
  /** That the volume's directory is on. */
  readonly nodeName: string
  readonly node: Node | undefined
}

/**
 * Has the directory of a volume that nobody needs removed by its node, then lets the volume go. A node that is gone took the directory with it.
 * While the policy is `Delete` a finalizer holds the volume, so that whoever deletes it by hand leaves no directory behind (KEP-2644).
 */
export function planVolume({ key, volume, nodeName, node }: VolumeView): Plan {
  const annotation = deletionAnnotation(key)
  const state = node?.metadata.annotations?.[annotation]
  const mark = (value: string | null): readonly Command[] =>
    node === undefined ? [] : [{ do: 'patch', ...targetOf(Node, node), body: { metadata: { annotations: { [annotation]: value } } } }]

  if (volume === undefined) return doing(state === 'done' ? mark(null) : [])
  const { status, spec, metadata } = volume
  const finalizers = metadata.finalizers ?? []
  const isHeld = finalizers.includes(directoryFinalizer)
  const isLeaving = metadata.deletionTimestamp !== undefined
  const hold = (held: readonly string[]): Command => patchSeen(PersistentVolume, volume, { metadata: { finalizers: held } })
  const letGo = () => hold(finalizers.filter((one) => one !== directoryFinalizer))

  if (spec.persistentVolumeReclaimPolicy !== 'Delete') return doing(isHeld ? [letGo()] : [])
  if (!isLeaving && !isHeld) return doing([hold([...finalizers, directoryFinalizer])])
  const isUnused = status.phase === 'Released' || (isLeaving && isHeld && status.phase !== 'Bound')
  if (!isUnused) return settled
  const go: Command = isLeaving
    ? letGo()
    : { do: 'delete', ...targetOf(PersistentVolume, volume), resourceVersion: metadata.resourceVersion }
  if (node === undefined) return doing([{ do: 'confirmAbsent', kind: Node, name: nodeName }, go])
  if (state === undefined) return doing(mark('wanted'))
  return state === 'done' && (!isLeaving || isHeld) ? doing([go]) : settled
}

const doing = (commands: readonly Command[]): Plan => ({ commands, wakeAt: Infinity })
