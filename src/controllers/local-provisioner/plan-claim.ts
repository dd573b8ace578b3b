import type { Node } from '#api/core/v1/node.ts'
import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import type { StorageClass } from '#api/storage/v1/storage-class.ts'
import type { Instant } from '#lib/clock.ts'
import { type Command, settled } from '#loop/controller.ts'
import { patchSeen } from '../common/commands.ts'
import type { RemarkedPlan } from '../common/told.ts'
import { directoryFinalizer, localDriver } from './names.ts'

export interface ClaimView {
  readonly about: 'claim'
  readonly key: string
  readonly now: Instant
  readonly claim: PersistentVolumeClaim
  /** Of this provisioner. */
  readonly storageClass: StorageClass
  /** The node that the scheduler chose for the claim's first pod; of a pod that has its node otherwise, that one. */
  readonly nodeName: string | undefined
  readonly node: Node | undefined
  /** The volume is there; the binder brings the two together. */
  readonly isMade: boolean
  /** Whether the claim says which node was chosen. */
  readonly isSelected: boolean
}

export const selectedNode = 'volume.kubernetes.io/selected-node'
export const provisionedBy = 'pv.kubernetes.io/provisioned-by'
const hostnameLabel = 'kubernetes.io/hostname'

/** Makes the volume of a claim as soon as its node is known. */
export function planClaim(view: ClaimView): RemarkedPlan {
  const { claim, storageClass, nodeName, node } = view
  if (claim.metadata.deletionTimestamp !== undefined || claim.spec.volumeName || view.isMade) return settled
  const why = whyNot(claim, storageClass)
  if (why !== undefined) return { ...settled, remarks: [event(claim, 'Warning', 'ProvisioningFailed', why)] }
  if (nodeName === undefined) return settled
  const hostname = node?.metadata.labels?.[hostnameLabel]
  if (node === undefined || hostname === undefined) {
    // The scheduler chooses anew.
    const body = { metadata: { annotations: { [selectedNode]: null } } }
    return { ...settled, commands: view.isSelected ? [patchSeen(PersistentVolumeClaim, claim, body)] : [] }
  }
  const { uid } = claim.metadata
  const made = event(claim, 'Normal', 'ProvisioningSucceeded', `Successfully provisioned volume ${volumeNameOf(uid)}`)
  const create: Command = {
    do: 'create',
    kind: PersistentVolume,
    object: volumeFor(claim, storageClass, node.metadata.name, hostname),
    ifExists: 'keep',
  }
  return { ...settled, commands: [create, made] }
}

/** As provisioners name volumes. */
export const volumeNameOf = (claimUid: string): string => `pvc-${claimUid}`

/** A directory of one node is what it is. */
function whyNot({ spec }: PersistentVolumeClaim, { volumeBindingMode }: StorageClass): string | undefined {
  const failed = `failed to provision volume with StorageClass`
  const modes = (spec.accessModes ?? []).filter((mode) => mode !== 'ReadWriteOnce' && mode !== 'ReadWriteOncePod')
  if (modes.length > 0) return `${failed}: a directory of one node cannot be ${modes.join(' or ')}; ask for ReadWriteOnce`
  if (spec.volumeMode === 'Block') return `${failed}: a directory is no raw device; ask for volumeMode Filesystem`
  if (spec.selector !== undefined) return `${failed}: claim.spec.selector chooses among volumes that are there; leave it out`
  if (spec.dataSource !== undefined || spec.dataSourceRef !== undefined)
    return `${failed}: nothing can be copied into a new directory; leave dataSource out`
  if (volumeBindingMode !== 'WaitForFirstConsumer')
    return `${failed}: before there is a pod nobody knows on which node; the class needs volumeBindingMode WaitForFirstConsumer`
  return undefined
}

function volumeFor({ metadata, spec }: PersistentVolumeClaim, storageClass: StorageClass, nodeName: string, hostname: string): object {
  const name = volumeNameOf(metadata.uid)
  const { name: claimName, namespace, uid } = metadata
  const policy = storageClass.reclaimPolicy ?? 'Delete'
  return {
    metadata: {
      name,
      annotations: { [provisionedBy]: localDriver },
      ...(policy === 'Delete' && { finalizers: [directoryFinalizer] }),
    },
    spec: {
      capacity: { storage: spec.resources?.requests?.['storage'] ?? '0' },
      accessModes: spec.accessModes,
      volumeMode: 'Filesystem',
      persistentVolumeReclaimPolicy: policy,
      storageClassName: storageClass.metadata.name,
      claimRef: { apiVersion: 'v1', kind: PersistentVolumeClaim.kind, name: claimName, namespace, uid },
      csi: { driver: localDriver, volumeHandle: name, volumeAttributes: { node: nodeName } },
      nodeAffinity: {
        required: { nodeSelectorTerms: [{ matchExpressions: [{ key: hostnameLabel, operator: 'In', values: [hostname] }] }] },
      },
    },
  }
}

const event = (
  regarding: PersistentVolumeClaim,
  type: 'Normal' | 'Warning',
  reason: string,
  message: string,
): Extract<Command, { do: 'event' }> => ({ do: 'event', regarding, type, reason, message })
