import { createHash } from 'node:crypto'
import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { CSIDriver } from '#api/storage/v1/csi-driver.ts'
import type { Cache } from '#loop/controller.ts'
import { claimNameOf, isClaimOfPod, isDoneWithVolumes } from '../common/volumes.ts'

/** Volumes of a pod that have to be attached to its node: those of CSI drivers that say nothing else, behind claims that are bound. */
export function attachablesOf(pod: Pod, cache: Cache): readonly PersistentVolume[] {
  if (isDoneWithVolumes(pod)) return []
  return (pod.spec.volumes ?? []).flatMap((own) => {
    const volume = volumeBehind(pod, claimNameOf(pod, own), own.ephemeral !== undefined, cache)
    return volume !== undefined && isAttachable(volume, cache) ? [volume] : []
  })
}

/** Bound on both sides: what only one of the two says may still be another's. */
function volumeBehind(pod: Pod, claimName: string | undefined, isEphemeral: boolean, cache: Cache): PersistentVolume | undefined {
  const claim = claimName === undefined ? undefined : cache.get(PersistentVolumeClaim, claimName, pod.metadata.namespace)
  if (claim?.status.phase !== 'Bound' || !claim.spec.volumeName || (isEphemeral && !isClaimOfPod(claim, pod))) return undefined
  const volume = cache.get(PersistentVolume, claim.spec.volumeName)
  return volume?.spec.claimRef?.uid === claim.metadata.uid ? volume : undefined
}

/** A driver that nobody has described is taken to need it. */
export function isAttachable({ spec: { csi } }: PersistentVolume, cache: Cache): boolean {
  return csi !== undefined && cache.get(CSIDriver, csi.driver)?.spec.attachRequired !== false
}

export const csiPrefix = 'kubernetes.io/csi/'

/** What a node's status calls the volume; undefined for one of no CSI driver. */
export const uniqueNameOf = ({ spec: { csi } }: PersistentVolume): string | undefined =>
  csi === undefined ? undefined : `${csiPrefix}${csi.driver}^${csi.volumeHandle}`

/** Name of the attachment of a volume to a node, as drivers and kubelets compute it too. */
export function attachmentName(uniqueName: string, nodeName: string): string {
  const [driver = '', handle = ''] = uniqueName.slice(csiPrefix.length).split('^')
  return `csi-${createHash('sha256').update(`${handle}${driver}${nodeName}`).digest('hex')}`
}

/** What others have made under a name of their own is theirs to take away. */
export const isOurName = (name: string): boolean => /^csi-[0-9a-f]{64}$/.test(name)

/** Whether several nodes may have the volume at once; where its modes say nothing, the driver knows. */
export function isShareable({ spec: { accessModes = [] } }: PersistentVolume): boolean {
  return accessModes.length === 0 || accessModes.some((mode) => mode === 'ReadWriteMany' || mode === 'ReadOnlyMany')
}
