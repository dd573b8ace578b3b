import { WherryError } from '#lib/errors.ts'
import type { MountedVolume, VolumeStats } from '../volumes/volume-plugin.ts'
import type { CsiContext } from './csi-plugin.ts'
import { nodeCapabilities, nodeService, usageUnits } from './node-service.ts'
import { csiPaths } from './paths.ts'
import { recordOf } from './set-up-volume.ts'

/** How full a volume is, as its driver says. Throws `MethodNotAllowed` where the driver does not tell: a walk through its files would not, either. */
export async function volumeStats(context: CsiContext, { podUid, path, record }: MountedVolume): Promise<VolumeStats> {
  const volume = recordOf(record)
  const node = context.drivers.node(volume.driver)
  if (!(await node.capabilities()).has(nodeCapabilities.getVolumeStats))
    throw new WherryError('MethodNotAllowed', `metrics are not supported for ${volume.driver} volumes`)
  const { target } = csiPaths(context.rootDirectory, podUid, path, volume)
  const { usage = [] } = await node.call(nodeService.stats, { volumeId: volume.handle, volumePath: node.seen(target) })
  if (usage.length === 0) throw new WherryError('InternalError', 'failed to get usage from response. usage is nil')
  const bytes = usage.findLast(({ unit }) => unit === usageUnits.bytes)
  const inodes = usage.findLast(({ unit }) => unit === usageUnits.inodes)
  return {
    capacityBytes: bytes?.total ?? 0,
    availableBytes: bytes?.available ?? 0,
    usedBytes: bytes?.used ?? 0,
    inodes: inodes?.total ?? 0,
    inodesFree: inodes?.available ?? 0,
    inodesUsed: inodes?.used ?? 0,
  }
}
