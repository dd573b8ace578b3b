import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { StorageClass } from '#api/storage/v1/storage-class.ts'
import type { World } from '../../world/world.ts'
import { claimNameOf, claimNotFound, classOfClaim, hasClaims, keyOfClaim, notOwned } from '../volume-common/claims.ts'
import { type CsiVolume, csiVolumeOf, csiVolumeOfInline, driverOfProvisioner, isInTree } from '../volume-common/in-tree-volumes.ts'

/** Volumes of CSI drivers, each once: its driver by `driver/handle`. */
export type CsiVolumes = ReadonlyMap<string, string>

/** Whether any of the pod's volumes may count as one of a driver: asked of every pod, so it makes nothing. */
export function mayHaveCsiVolumes(pod: Pod): boolean {
  if (hasClaims(pod)) return true
  for (const volume of pod.spec.volumes ?? []) if (isInTree(volume)) return true
  return false
}

/**
 * The volumes that a pod needs of CSI drivers. Those of former in-tree plug-ins are among them on nodes that have a CSINode. `problem`: why the
 * volumes of a pod that is still to be placed cannot be told.
 */
export function csiVolumesOf(pod: Pod, hasCsiNode: boolean, world: World): { readonly volumes: CsiVolumes; readonly problem?: string } {
  const volumes = new Map<string, string>()
  const { namespace } = pod.metadata
  const claims = world.lookups.of(PersistentVolumeClaim)
  let problem: string | undefined
  for (const volume of pod.spec.volumes ?? []) {
    const name = claimNameOf(pod, volume)
    if (name === undefined) {
      const inline = hasCsiNode ? csiVolumeOfInline(volume) : undefined
      if (inline !== undefined && 'problem' in inline) problem ??= `converting volume(${volume.name}) from inline to csi: ${inline.problem}`
      else if (inline !== undefined) put(volumes, inline)
      continue
    }
    const claim = claims.get(name, namespace)
    if (claim === undefined) {
      problem ??= `looking up PVC ${namespace}/${name}: ${claimNotFound(name)}`
      continue
    }
    const stranger = volume.ephemeral === undefined ? undefined : notOwned(claim, pod)
    if (stranger !== undefined) {
      problem ??= stranger
      continue
    }
    const found = csiVolumeOfClaim(claim, hasCsiNode, world)
    if (found !== undefined) put(volumes, found)
  }
  return problem === undefined ? { volumes } : { volumes, problem }
}

function put(volumes: Map<string, string>, { driver, handle }: CsiVolume): void {
  if (driver !== '' && handle !== '') volumes.set(`${driver}/${handle}`, driver)
}

/** Undefined: it is none of a CSI driver, or nobody knows yet. */
function csiVolumeOfClaim(claim: PersistentVolumeClaim, hasCsiNode: boolean, { lookups }: World): CsiVolume | undefined {
  const { volumeName } = claim.spec
  const volume = volumeName ? lookups.of(PersistentVolume).get(volumeName) : undefined
  if (volume === undefined) {
    const storageClass = lookups.of(StorageClass).get(classOfClaim(claim))
    const driver = storageClass && driverOfProvisioner(storageClass.provisioner, hasCsiNode)
    // What the driver will call the volume is not known before it is made: no handle begins like this.
    return driver === undefined ? undefined : { driver, handle: `\0${keyOfClaim(claim)}` }
  }
  const { csi } = volume.spec
  if (csi !== undefined) return { driver: csi.driver, handle: csi.volumeHandle }
  const migrated = hasCsiNode ? csiVolumeOf(volume) : undefined
  return migrated === undefined || 'problem' in migrated ? undefined : migrated
}
