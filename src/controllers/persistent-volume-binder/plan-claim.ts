import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { isSetAsideFor } from '#api/core/v1/volume-binding.ts'
import type { StorageClass } from '#api/storage/v1/storage-class.ts'
import type { Instant } from '#lib/clock.ts'
import { type Command, settled } from '#loop/controller.ts'
import { driverOfPlugin } from '../common/in-tree-plugins.ts'
import type { RemarkedPlan } from '../common/told.ts'
import { classOfClaim } from '../common/volumes.ts'
import { betaStorageProvisioner, bindCompleted, has, migratedTo, selectedNode, storageProvisioner } from './annotations.ts'
import { bind, setUnbound, updateClaim } from './bind.ts'
import { findBestVolume, mismatch } from './match.ts'
import { migratedClaim } from './migration.ts'

export interface ClaimView {
  readonly about: 'claim'
  readonly key: string
  readonly now: Instant
  readonly claim: PersistentVolumeClaim
  /** That the claim names. */
  readonly volume: PersistentVolume | undefined
  /** Those that name the claim, and free ones of its class. */
  readonly candidates: readonly PersistentVolume[]
  readonly storageClass: StorageClass | undefined
  /** The class that claims without one get. */
  readonly defaultClass: StorageClass | undefined
  /** Names of pods that use the claim and have no node yet. */
  readonly waitingPods: readonly string[]
}

/** What becomes of one claim: bound, waiting, handed to a provisioner, or lost. */
export function planClaim(view: ClaimView): RemarkedPlan {
  const migrated = migratedClaim(view.claim)
  if (migrated !== undefined) return doing([updateClaim(migrated)])
  if (has(view.claim, bindCompleted)) return planBound(view)
  return view.claim.spec.volumeName ? planChosen(view) : planOpen(view)
}

/** The claim takes whatever suits it. */
function planOpen(view: ClaimView): RemarkedPlan {
  const { claim, candidates, storageClass, defaultClass } = view
  const isDelayed = storageClass?.volumeBindingMode === 'WaitForFirstConsumer'
  const best = findBestVolume(claim, candidates, isDelayed)
  if (best !== undefined) return doing(bind(best, claim))
  if (classOfClaim(claim) === undefined && defaultClass !== undefined)
    return doing([updateClaim({ ...claim, spec: { ...claim.spec, storageClassName: defaultClass.metadata.name } })])
  if (isDelayed && !has(claim, selectedNode)) return pending(claim, waiting(view))
  if (classOfClaim(claim)) return planProvisioning(view)
  return pending(
    claim,
    remark(claim, 'Normal', 'FailedBinding', 'no persistent volumes available for this claim and no storage class is set'),
  )
}

function waiting({ claim, waitingPods }: ClaimView): Remark {
  if (waitingPods.length === 0)
    return remark(claim, 'Normal', 'WaitForFirstConsumer', 'waiting for first consumer to be created before binding')
  const pods = waitingPods.length > 1 ? 'pods' : 'pod'
  return remark(claim, 'Normal', 'WaitForPodScheduled', `waiting for ${pods} ${waitingPods.join(',')} to be scheduled`)
}

/** The claim asks for a certain volume. */
function planChosen({ claim, volume }: ClaimView): RemarkedPlan {
  if (volume === undefined) return doing(setUnbound(claim, 'Pending'))
  const { name } = volume.metadata
  if (volume.spec.claimRef === undefined) {
    const why = mismatch(volume, claim)
    if (why === undefined) return doing(bind(volume, claim))
    return pending(claim, remark(claim, 'Warning', 'VolumeMismatch', `Cannot bind to requested volume "${name}": ${why}`))
  }
  if (isSetAsideFor(volume, claim)) return doing(bind(volume, claim))
  return pending(claim, remark(claim, 'Warning', 'FailedBinding', `volume "${name}" already bound to a different claim.`))
}

/** The claim had its volume: it has it still, or has lost it. */
function planBound({ claim, volume }: ClaimView): RemarkedPlan {
  const { volumeName } = claim.spec
  if (!volumeName) return lost(claim, [], 'ClaimLost', 'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!')
  // Volumes may be held in memory later than claims: nobody is to be frightened because of that.
  if (volume === undefined) {
    const confirm: Command = { do: 'confirmAbsent', kind: PersistentVolume, name: volumeName }
    return lost(claim, [confirm], 'ClaimLost', 'Bound claim has lost its PersistentVolume. Data on the volume is lost!')
  }
  const { claimRef } = volume.spec
  if (claimRef === undefined || claimRef.uid === claim.metadata.uid) return doing(bind(volume, claim))
  const confirm: Command = { do: 'confirmUnchanged', kind: PersistentVolume, object: volume }
  const message = 'Two claims are bound to the same volume, this one is bound incorrectly'
  return lost(claim, [confirm], 'ClaimMisbound', message)
}

function lost(claim: PersistentVolumeClaim, confirm: readonly Command[], reason: string, message: string): RemarkedPlan {
  if (claim.status.phase === 'Lost') return settled
  return doing([...confirm, ...setUnbound(claim, 'Lost'), remark(claim, 'Warning', reason, message)])
}

/** Nothing inside makes volumes on demand: who does reads its name on the claim. */
function planProvisioning({ claim, storageClass }: ClaimView): RemarkedPlan {
  if (storageClass === undefined) return failedProvisioning(claim, `storageclass.storage.k8s.io "${classOfClaim(claim)}" not found`)
  const { provisioner } = storageClass
  const driver = driverOfPlugin(provisioner)
  const name = driver ?? provisioner
  if (driver === undefined && provisioner.startsWith('kubernetes.io/')) {
    if (provisioner === 'kubernetes.io/nfs') return failedProvisioning(claim, 'no provisionable volume plugin matched')
    if (provisioner !== hostPath) return failedProvisioning(claim, `no volume plugin matched name: ${provisioner}`)
    // The one that could is switched off, as the reference's is by default.
    if (claim.spec.dataSource !== undefined)
      return failedProvisioning(claim, `plugin "${hostPath}" is not a CSI plugin. Only CSI plugin can provision a claim with a datasource`)
    const failed = failedProvisioning(claim, `Failed to create provisioner: provisioning in volume plugin "${hostPath}" is disabled`)
    return isHandedTo(claim, name) ? failed : handTo(claim, name)
  }
  if (!isHandedTo(claim, name)) return handTo(claim, name)
  const message = `Waiting for a volume to be created either by the external provisioner '${name}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`
  return { ...settled, remarks: [remark(claim, 'Normal', 'ExternalProvisioning', message)] }
}

const hostPath = 'kubernetes.io/host-path'

const isHandedTo = (claim: PersistentVolumeClaim, provisioner: string): boolean =>
  claim.metadata.annotations?.[storageProvisioner] === provisioner

function handTo(claim: PersistentVolumeClaim, provisioner: string): RemarkedPlan {
  const { [migratedTo]: _, ...others } = claim.metadata.annotations ?? {}
  const annotations = { ...others, [betaStorageProvisioner]: provisioner, [storageProvisioner]: provisioner }
  return doing([updateClaim({ ...claim, metadata: { ...claim.metadata, annotations } })])
}

const failedProvisioning = (claim: PersistentVolumeClaim, message: string): RemarkedPlan => ({
  ...settled,
  remarks: [remark(claim, 'Warning', 'ProvisioningFailed', message)],
})

type Remark = Extract<Command, { do: 'event' }>

const remark = (regarding: PersistentVolumeClaim, type: Remark['type'], reason: string, message: string): Remark => ({
  do: 'event',
  regarding,
  type,
  reason,
  message,
})

const doing = (commands: readonly Command[]): RemarkedPlan => ({ commands, wakeAt: Infinity })

const pending = (claim: PersistentVolumeClaim, why: Remark): RemarkedPlan => ({ ...doing(setUnbound(claim, 'Pending')), remarks: [why] })
