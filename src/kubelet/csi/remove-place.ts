import type { CsiFiles } from './csi-files.ts'
import { recordFile } from './paths.ts'

/**
 * Takes away a place that the driver has left, with its record. The driver should have removed the place itself (CSI spec,
 * NodeUnpublishVolume); one where something is still mounted stays, with its record, since removing through a mount would remove data: false.
 */
export async function removePlace(files: CsiFiles, place: string, recordFolder: string): Promise<boolean> {
  if (await files.isMounted(place)) return false
  await files.remove(place)
  await files.remove(`${recordFolder}/${recordFile}`)
  await files.remove(recordFolder)
  return true
}
