import type { Stats } from 'node:fs'
import * as fs from 'node:fs/promises'
import type { FileType, VolumeHost } from '#kubelet/volumes/volume-host.ts'
import { WherryError } from '#lib/errors.ts'
import { deviceSize, growFileSystem, mountDevice } from './block-devices.ts'
import { writeDurably } from './durable-file.ts'
import { codeOf, nodeFiles, orMissing } from './files.ts'
import { giveToGroup } from './group-ownership.ts'
import { bounded, mount, mountsBelow, unmount, unmountNetwork } from './mount-table.ts'
import { removeTree } from './remove-tree.ts'
import { bindSubPath } from './sub-path-mount.ts'
import { createTmpfsMounts } from './tmpfs-mounts.ts'
import { writeVolumeFiles } from './volume-files.ts'

export { mountsBelow, unmount } from './mount-table.ts'

const aliveMs = 10_000
const recordLimitBytes = 1 << 20

/** Volumes on this machine, by mount(8) and umount(8). */
export const volumeHost: VolumeHost = {
  async makeDirectory(path, mode) {
    await fs.mkdir(path, { recursive: true })
    await fs.chmod(path, mode)
  },
  list: nodeFiles.list,
  async fileType(path) {
    const stat = await orMissing(fs.stat(path))
    return stat && typeOf(stat)
  },
  async makeFile(path, mode) {
    const file = await fs.open(path, 'a', mode)
    await file.close()
  },
  async makeEmptyDirectory(path, mode, groupId) {
    if (await orMissing(fs.lstat(path))) return
    const temporary = await fs.mkdtemp(`${path}.new-`)
    try {
      if (groupId !== undefined) await fs.chown(temporary, 0, groupId)
      await fs.chmod(temporary, mode)
      await fs.rename(temporary, path)
    } catch (error) {
      await fs.rm(temporary, { recursive: true, force: true })
      throw error
    }
  },
  mountTmpfs: createTmpfsMounts(),
  mount,
  async unmount(path, { network = false } = {}) {
    for (const point of await mountsBelow(path)) await (network ? unmountNetwork(point) : unmount(point))
  },
  isMounted: async (path) => (await mountsBelow(path)).includes(path),
  mountDevice,
  growFileSystem,
  async realPath(path) {
    const real = await orMissing(fs.realpath(path))
    if (real === undefined) throw new WherryError('NotFound', `path "${path}" does not exist`)
    return real
  },
  deviceSize,
  groupOf: async (path) => (await fs.stat(path)).gid,
  async fileSystemStats(path) {
    const { bsize, blocks, bfree, bavail, files, ffree } = await fs.statfs(path)
    return {
      capacityBytes: blocks * bsize,
      availableBytes: bavail * bsize,
      usedBytes: (blocks - bfree) * bsize,
      inodes: files,
      inodesFree: ffree,
      inodesUsed: files - ffree,
    }
  },
  async checkAlive(path) {
    // A child of ours may wait for ever; a thread of ours may not, there are few.
    await bounded('stat', ['-f', '-c', '%t', path], aliveMs)
  },
  async readRecord(path) {
    const content = await nodeFiles.read(path, recordLimitBytes)
    return content && Buffer.from(content).toString()
  },
  writeRecord: writeDurably,
  async remove(path) {
    try {
      await fs.unlink(path)
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return
      if (codeOf(error) !== 'EISDIR' && codeOf(error) !== 'EPERM') throw error
      await fs.rmdir(path)
    }
  },
  async removeTree(path) {
    for (const point of await mountsBelow(path)) await unmount(point)
    await removeTree(path)
  },
  writeFiles: writeVolumeFiles,
  giveToGroup,
  bindSubPath,
}

const typeOf = (stat: Stats): FileType =>
  stat.isDirectory()
    ? 'directory'
    : stat.isFile()
      ? 'file'
      : stat.isSocket()
        ? 'socket'
        : stat.isCharacterDevice()
          ? 'character device'
          : stat.isBlockDevice()
            ? 'block device'
            : 'other'
