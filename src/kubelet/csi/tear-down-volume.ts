import type { TearDownRequest } from '../volumes/volume-plugin.ts'
import type { CsiNode } from './csi-drivers.ts'
import { csiError } from './csi-error.ts'
import type { CsiContext } from './csi-plugin.ts'
import { nodeCapabilities, nodeService } from './node-service.ts'
import { csiPaths, recordFile } from './paths.ts'
import { removePlace } from './remove-place.ts'
import { recordOf } from './set-up-volume.ts'
import { uniqueNameOf } from './volume-source.ts'

/**
 * Unpublishes a volume from a pod, and unstages it with the node's last pod. What is on disk says what there is to undo; the driver must be
 * there for it. Each step is written off only once the driver said that it is done.
 */
export async function tearDownVolume(context: CsiContext, request: TearDownRequest): Promise<void> {
  const { podUid, path, record, isLast } = request
  const { files, staged, tokenAttributes } = context
  tokenAttributes.forget(podUid)
  // Nothing was begun.
  if (record === undefined || record === null) return
  const volume = recordOf(record)
  const paths = csiPaths(context.rootDirectory, podUid, path, volume)
  const isPublished = await files.exists(`${paths.publishRecord}/${recordFile}`)
  const isStaged = isLast && volume.lifecycle !== 'Ephemeral' && (await files.exists(`${paths.stageRecord}/${recordFile}`))
  if (!isPublished && !isStaged) return
  const node = nodeOf(context, volume.driver)

  if (isPublished) {
    try {
      await node.call(nodeService.unpublish, { volumeId: volume.handle, targetPath: node.seen(paths.target) })
    } catch (cause) {
      throw csiError('InternalError', `Unmounter.TearDownAt failed: ${(cause as Error).message}`, cause)
    }
    await leave(context, volume.driver, paths.target, paths.publishRecord)
  }
  if (!isStaged) return
  // Staging begins anew with the next pod, whatever comes of this.
  staged.delete(uniqueNameOf(volume))
  if ((await node.capabilities()).has(nodeCapabilities.stageUnstageVolume)) {
    try {
      await node.call(nodeService.unstage, { volumeId: volume.handle, stagingTargetPath: node.seen(paths.staging) })
    } catch (cause) {
      throw csiError('InternalError', `attacher.UnmountDevice failed: ${(cause as Error).message}`, cause)
    }
  }
  if (volume.isBlock) await files.remove(paths.target.slice(0, paths.target.lastIndexOf('/')))
  await leave(context, volume.driver, paths.staging, paths.stageRecord)
  if (volume.isBlock) await files.remove(paths.stageRecord.slice(0, paths.stageRecord.lastIndexOf('/')))
}

/** A driver that leaves a mount behind is wrong, and asking it again would change nothing: whoever looks after it has to know. */
async function leave({ files, log }: CsiContext, driver: string, place: string, recordFolder: string): Promise<void> {
  if (await removePlace(files, place, recordFolder)) return
  log.error('a CSI driver said that it unmounted what is still mounted; unmount it by hand', { driver, path: place })
}

function nodeOf({ drivers }: CsiContext, driver: string): CsiNode {
  try {
    return drivers.node(driver)
  } catch (cause) {
    throw csiError('ServiceUnavailable', `Unmounter.TearDownAt failed to get CSI client: ${(cause as Error).message}`, cause)
  }
}
