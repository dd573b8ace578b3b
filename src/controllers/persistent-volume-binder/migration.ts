import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { same } from '#api/strategy.ts'
import { driverOfPlugin } from '../common/in-tree-plugins.ts'
import { betaStorageProvisioner, migratedTo, provisionedBy, storageProvisioner } from './annotations.ts'

/** The claim with the note of the driver that makes its volume in place of a former in-tree plug-in; undefined: it is as it should be. */
export function migratedClaim(claim: PersistentVolumeClaim): PersistentVolumeClaim | undefined {
  const { annotations } = claim.metadata
  const next = withDriver(annotations, annotations?.[storageProvisioner] ?? annotations?.[betaStorageProvisioner])
  return next === annotations ? undefined : { ...claim, metadata: { ...claim.metadata, annotations: next } }
}

/** The same for a volume, whose finalizer has to be that of who will delete it. */
export function migratedVolume(volume: PersistentVolume): PersistentVolume | undefined {
  const { annotations, finalizers } = volume.metadata
  const nextAnnotations = withDriver(annotations, annotations?.[provisionedBy])
  const nextFinalizers = finalizersOf(volume)
  if (nextAnnotations === annotations && same(nextFinalizers, finalizers)) return undefined
  return { ...volume, metadata: { ...volume.metadata, annotations: nextAnnotations, finalizers: nextFinalizers } }
}

type Annotations = Readonly<Record<string, string>>

/** The same value where nothing changes. */
function withDriver(annotations: Annotations | undefined, provisioner: string | undefined): Annotations {
  if (annotations === undefined || provisioner === undefined) return annotations as Annotations
  const driver = driverOfPlugin(provisioner)
  if ((annotations[migratedTo] ?? '') === (driver ?? '')) return annotations
  const { [migratedTo]: _, ...rest } = annotations
  return driver === undefined ? rest : { ...rest, [migratedTo]: driver }
}

const inTree = 'kubernetes.io/pv-controller'
const external = 'external-provisioner.volume.kubernetes.io/finalizer'

/** A volume that a plug-in inside made must not go before its storage (KEP-2644); others are their provisioners' to hold. */
function finalizersOf({ metadata: { annotations, finalizers = [] }, spec }: PersistentVolume): string[] {
  const provisioner = annotations?.[provisionedBy]
  if (provisioner === undefined) return finalizers
  if (driverOfPlugin(provisioner) !== undefined) return finalizers.filter((one) => one !== inTree)
  if (!provisioner.startsWith('kubernetes.io/')) return finalizers
  const others = finalizers.filter((one) => one !== external)
  if (spec.persistentVolumeReclaimPolicy !== 'Delete') return others.filter((one) => one !== inTree)
  return others.includes(inTree) ? others : [...others, inTree]
}
