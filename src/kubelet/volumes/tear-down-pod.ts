import { WherryError } from '#lib/errors.ts'
import { nameOfFolder, operation, pluginName } from './operation.ts'
import { imageFolder, type Shared } from './shared.ts'
import type { VolumeRecord } from './volume-records.ts'

/**
 * Undoes the volumes of a pod by what is on disk alone: subPath mounts first, since they keep volumes busy, then each volume by its plug-in.
 * What one fails at does not keep the others; then the first failure is thrown, and all is tried again by whoever asks again.
 */
export async function tearDownPod(shared: Shared, podUid: string): Promise<void> {
  const { host } = shared.options
  await host.unmount(`${shared.podDirectory(podUid)}/volume-subpaths`)
  const results = await Promise.allSettled(shared.records.ofPod(podUid).map((record) => tearDown(shared, record)))
  const failed = results.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
}

async function tearDown(shared: Shared, record: VolumeRecord): Promise<void> {
  const { podUid, folder, name, path, uniqueName, data } = record
  const { options, records, lock } = shared
  const plugin = shared.plugins.find((candidate) => candidate.folder === folder)
  const undo = async (): Promise<void> => {
    if (folder === imageFolder) await tearDownImage(shared, path)
    else {
      if (!plugin)
        throw new WherryError('ServiceUnavailable', `UnmountVolume failed for volume "${name}": this node has no plug-in for ${folder}`)
      const others =
        uniqueName === undefined ? [] : records.all().filter((other) => other.uniqueName === uniqueName && !isSame(other, record))
      const isLast = others.length === 0
      // One that waits for the volume still has nothing of its own to undo, but will be the last that knows of what all shared.
      if (data !== undefined) for (const other of others) if (other.data === undefined) await records.put({ ...other, data })
      if (plugin.tearDown) await plugin.tearDown({ podUid, volumeName: name, path, record: data, isLast })
      else await options.host.unmount(path)
    }
    await records.remove(record)
  }
  const called = plugin === undefined ? nameOfFolder(folder) : pluginName(plugin, { record: data })
  // A raw device has no folder among the volumes.
  const done = path.includes('/volumeDevices/') ? 'unmap_volume' : 'volume_unmount'
  await lock(uniqueName ?? path, () => operation(options, called, done, undo))
  if (record.isAttachable) shared.inUseChanged()
}

const isSame = (a: VolumeRecord, b: VolumeRecord): boolean => a.podUid === b.podUid && a.folder === b.folder && a.name === b.name

async function tearDownImage({ options }: Shared, path: string): Promise<void> {
  await options.host.unmount(path)
  await options.images?.release(path)
}
