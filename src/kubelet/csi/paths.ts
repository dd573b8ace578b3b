import { safe } from '../volumes/safe.ts'
import { type CsiVolume, sha256 } from './volume-source.ts'

/** Where a volume is handed over, in the places where the reference has them: drivers and backup tools look there. */
export interface CsiPaths {
  /** What pods of this node share: `NodeStageVolume`'s. */
  readonly staging: string
  /** Of this pod: `NodePublishVolume`'s. */
  readonly target: string
  /** The folder of the record of what is staged, and of what is published; the reference's name of the file is `vol_data.json`. */
  readonly stageRecord: string
  readonly publishRecord: string
}

/**
 * `path`: the volume's folder below the pod's; what is in it belongs to the volume of this pod alone. Throws `Invalid` for a driver whose name would
 * lead elsewhere.
 */
export function csiPaths(
  rootDirectory: string,
  podUid: string,
  path: string,
  { driver, handle, name, isBlock }: Pick<CsiVolume, 'driver' | 'handle' | 'name' | 'isBlock'>,
): CsiPaths {
  const plugin = `${rootDirectory}/plugins/kubernetes.io/csi`
  if (isBlock) {
    const devices = `${plugin}/volumeDevices`
    return {
      staging: `${devices}/staging/${name}`,
      target: `${devices}/publish/${name}/${podUid}`,
      stageRecord: `${devices}/${name}/data`,
      publishRecord: path,
    }
  }
  const shared = `${plugin}/${safe(driver)}/${sha256(handle)}`
  return { staging: `${shared}/globalmount`, target: `${path}/mount`, stageRecord: shared, publishRecord: path }
}

export const recordFile = 'vol_data.json'
