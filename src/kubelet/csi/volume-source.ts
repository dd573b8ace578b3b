import { createHash } from 'node:crypto'
import type { PersistentVolumeAccessMode, SecretReference } from '#api/core/v1/types.ts'
import { isBlock, type VolumeSpec } from '../volumes/volume-plugin.ts'

/** A CSI volume as a pod uses it, whether it is written into the pod or stands behind a claim. */
export interface CsiVolume {
  /** Of the PersistentVolume, or the pod's own name of an inline volume. */
  readonly name: string
  readonly driver: string
  /** How the driver calls it. */
  readonly handle: string
  readonly lifecycle: 'Persistent' | 'Ephemeral'
  readonly isBlock: boolean
  readonly readOnly: boolean
  readonly fsType: string
  readonly attributes: Readonly<Record<string, string>>
  readonly mountOptions: readonly string[]
  readonly accessModes: readonly PersistentVolumeAccessMode[]
  readonly secrets: {
    readonly stage?: SecretReference | undefined
    readonly publish?: SecretReference | undefined
    readonly expand?: SecretReference | undefined
  }
}

/** Undefined: no CSI volume. */
export function csiVolumeOf(
  spec: VolumeSpec,
  pod: { readonly metadata: { readonly uid: string; readonly namespace: string } },
): CsiVolume | undefined {
  const { persistentVolume: volume } = spec
  if (volume !== undefined) {
    const { csi, mountOptions = [], accessModes = [] } = volume.spec
    if (csi === undefined) return undefined
    return {
      name: spec.name,
      driver: csi.driver,
      handle: csi.volumeHandle,
      lifecycle: 'Persistent',
      isBlock: isBlock(spec),
      readOnly: spec.readOnly,
      fsType: csi.fsType ?? '',
      attributes: csi.volumeAttributes ?? {},
      mountOptions,
      accessModes,
      secrets: { stage: csi.nodeStageSecretRef, publish: csi.nodePublishSecretRef, expand: csi.nodeExpandSecretRef },
    }
  }
  const { csi } = spec.volume
  if (csi === undefined) return undefined
  const secret = csi.nodePublishSecretRef?.name
  return {
    name: spec.name,
    driver: csi.driver,
    handle: inlineHandle(pod.metadata.uid, spec.name),
    lifecycle: 'Ephemeral',
    isBlock: false,
    readOnly: csi.readOnly ?? false,
    fsType: csi.fsType ?? '',
    attributes: csi.volumeAttributes ?? {},
    mountOptions: [],
    accessModes: [],
    secrets: { publish: secret ? { name: secret, namespace: pod.metadata.namespace } : undefined },
  }
}

/** How the Node's status calls it. */
export const uniqueNameOf = ({ driver, handle }: Pick<CsiVolume, 'driver' | 'handle'>): string => `kubernetes.io/csi/${driver}^${handle}`

/** The VolumeAttachment of a volume to a node, as attacher and controllers compute it too. */
export const attachmentNameOf = ({ driver, handle }: Pick<CsiVolume, 'driver' | 'handle'>, nodeName: string): string =>
  `csi-${sha256(`${handle}${driver}${nodeName}`)}`

/** KEP-596: an inline volume has the handle of its pod and its name in it. */
export const inlineHandle = (podUid: string, name: string): string => `csi-${sha256(`${podUid}${name}`)}`

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
