import type { PersistentVolumeAccessMode } from '#api/core/v1/types.ts'
import type { CSIDriver } from '#api/storage/v1/csi-driver.ts'
import { csiError } from './csi-error.ts'
import { accessModes } from './node-service.ts'
import type { CsiVolume } from './volume-source.ts'

/** What the kubelet has to do for a driver's volumes. A driver without a CSIDriver object is as the defaults say. */
export interface DriverPolicy {
  readonly attachRequired: boolean
  readonly podInfoOnMount: boolean
  readonly fsGroupPolicy: string
  readonly lifecycles: readonly string[]
  readonly tokenRequests: NonNullable<CSIDriver['spec']['tokenRequests']>
  readonly tokensInSecrets: boolean
  readonly requiresRepublish: boolean
  readonly seLinuxMount: boolean
  /** 0: never. */
  readonly allocatableUpdateMs: number
}

export function policyOf(driver: CSIDriver | undefined): DriverPolicy {
  const spec = driver?.spec
  return {
    attachRequired: spec?.attachRequired ?? true,
    podInfoOnMount: spec?.podInfoOnMount ?? false,
    fsGroupPolicy: spec?.fsGroupPolicy ?? 'ReadWriteOnceWithFSType',
    lifecycles: spec?.volumeLifecycleModes ?? ['Persistent'],
    tokenRequests: spec?.tokenRequests ?? [],
    tokensInSecrets: spec?.serviceAccountTokenInSecrets ?? false,
    requiresRepublish: spec?.requiresRepublish ?? false,
    seLinuxMount: spec?.seLinuxMount ?? false,
    allocatableUpdateMs: Number(spec?.nodeAllocatableUpdatePeriodSeconds ?? 0) * 1000,
  }
}

/** Throws `Invalid` where the driver says that it has no such volumes; an inline volume needs one that says it has. */
export function checkLifecycle({ driver, lifecycle }: CsiVolume, found: CSIDriver | undefined): void {
  if (found === undefined && lifecycle === 'Persistent') return
  const refusal = `mounter.SetupAt failed to check volume lifecycle mode: volume mode "${lifecycle}" not supported by driver ${driver}`
  if (found === undefined) throw csiError('Invalid', `${refusal} (no CSIDriver object)`)
  const { lifecycles } = policyOf(found)
  if (lifecycles.includes(lifecycle)) return
  throw csiError('Invalid', `${refusal} (only supports [${lifecycles.map((mode) => `"${mode}"`).join(' ')}])`)
}

/** Whether the kubelet gives the files to the pod's `fsGroup` (CSIDriver.spec.fsGroupPolicy); a driver that does it itself is asked to instead. */
export function takesGroup(
  { fsType, lifecycle, accessModes: modes, readOnly, isBlock }: CsiVolume,
  { fsGroupPolicy }: DriverPolicy,
): boolean {
  if (isBlock || readOnly || fsGroupPolicy === 'None') return false
  if (fsGroupPolicy === 'File') return true
  // A volume without a file system of its own, or one that several nodes write to, may not be the pod's to give away.
  if (fsType === '') return false
  return lifecycle === 'Ephemeral' || modes.includes('ReadWriteOnce') || modes.includes('ReadWriteOncePod')
}

/** KEP-2485: only a driver that knows the newer modes is told how many pods may write. */
export function csiAccessMode(mode: PersistentVolumeAccessMode, isMultiWriterCapable: boolean): number {
  switch (mode) {
    case 'ReadWriteOnce':
      return isMultiWriterCapable ? accessModes.singleNodeMultiWriter : accessModes.singleNodeWriter
    case 'ReadWriteOncePod':
      return isMultiWriterCapable ? accessModes.singleNodeSingleWriter : accessModes.singleNodeWriter
    case 'ReadOnlyMany':
      return accessModes.multiNodeReaderOnly
    case 'ReadWriteMany':
      return accessModes.multiNodeMultiWriter
  }
}
