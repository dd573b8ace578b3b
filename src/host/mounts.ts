import type { Stats } from 'node:fs'
import { constants } from 'node:fs'
import * as fs from 'node:fs/promises'
import { release } from 'node:os'
import { dirname, join, relative } from 'node:path'
import type { FileType, VolumeHost } from '#kubelet/volumes/volume-host.ts'
import { WherryError } from '#lib/errors.ts'
import { codeOf, nodeFiles, orMissing } from './files.ts'
import { run } from './run.ts'
import { writeVolumeFiles } from './volume-files.ts'

const mountMs = 30_000
/** open(2): names a place without opening what is there, so that a socket or a pipe does not block. Node has no name for it. */
const oPath = 0o10000000

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
  async mountTmpfs(path, { sizeBytes }) {
    if ((await mountsBelow(path)).includes(path)) return
    const options = [...(sizeBytes === undefined ? [] : [`size=${sizeBytes}`]), ...(hasNoswap() ? ['noswap'] : [])]
    await run('mount', ['-n', '-t', 'tmpfs', ...(options.length > 0 ? ['-o', options.join(',')] : []), 'tmpfs', path], {
      timeoutMs: mountMs,
    })
  },
  async removeTree(path) {
    for (const mount of await mountsBelow(path)) await unmount(mount)
    // Deleting through a mount would delete a volume's content: one that appeared meanwhile stops it here.
    const left = await mountsBelow(path)
    if (left.length > 0) throw new WherryError('Conflict', `${left[0]} is still mounted`)
    await fs.rm(path, { recursive: true, force: true })
  },
  writeFiles: writeVolumeFiles,
  async giveToGroup(path, groupId, { readOnly, onlyOnMismatch }) {
    if (onlyOnMismatch && belongsToGroup(await fs.lstat(path), groupId, readOnly)) return
    await giveTree(path, groupId, readOnly)
  },
  bindSubPath,
}

/**
 * The mount points at or below a path, deepest first (so that each can be unmounted in this order), from /proc/self/mountinfo, where space
 * and its like are octal (proc_pid_mountinfo(5)).
 */
export async function mountsBelow(path: string): Promise<readonly string[]> {
  const table = await fs.readFile('/proc/self/mountinfo', 'utf8')
  const points = table
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(' ', 5)[4]!.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))))
  // Later lines are mounted on top of earlier ones.
  return points
    .filter((point) => point === path || point.startsWith(`${path}/`))
    .reverse()
    .toSorted((a, b) => b.split('/').length - a.split('/').length)
}

/** Takes the topmost mount at this path away. Throws where somebody still uses it. */
export async function unmount(path: string): Promise<void> {
  await run('umount', ['-n', '--no-canonicalize', path], { timeoutMs: mountMs })
}

/** tmpfs' `noswap` came with Linux 6.4. */
function hasNoswap(): boolean {
  const [major = 0, minor = 0] = release().split('.').map(Number)
  return major > 6 || (major === 6 && minor >= 4)
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

const groupBits = (readOnly: boolean, isDirectory: boolean): number => (readOnly ? 0o440 : 0o660) | (isDirectory ? 0o2110 : 0)

function belongsToGroup(stat: Stats, groupId: number, readOnly: boolean): boolean {
  const bits = groupBits(readOnly, true)
  return stat.isDirectory() && stat.gid === groupId && (stat.mode & bits) === bits
}

/** Children first: an interrupted run leaves a root that does not match, and is done again. Links are never followed. */
async function giveTree(path: string, groupId: number, readOnly: boolean): Promise<void> {
  const handle = await openPlace(path)
  try {
    const stat = await handle.stat()
    const place = `/proc/self/fd/${handle.fd}`
    if (stat.isDirectory()) for (const name of await fs.readdir(place)) await giveTree(`${place}/${name}`, groupId, readOnly)
    // Owner stays. On a link only the link itself changes hands.
    if (stat.isSymbolicLink()) return await fs.lchown(path, stat.uid, groupId)
    await fs.chown(place, stat.uid, groupId)
    await fs.chmod(place, (stat.mode & 0o7777) | groupBits(readOnly, stat.isDirectory()))
  } catch (error) {
    // A container of the pod may have removed it since it was listed.
    if (codeOf(error) !== 'ENOENT') throw error
  } finally {
    await handle.close()
  }
}

const openPlace = (path: string) => fs.open(path, oPath | constants.O_NOFOLLOW)

/**
 * A container that can write to the volume may swap any part of the path for a link at any moment. So the path is resolved once, must lie in
 * the volume, and is then walked again from the volume's root, part by part, each opened without following links, and the mount is made
 * from the open place itself and not from its name.
 */
async function bindSubPath(volumePath: string, subPath: string, target: string): Promise<void> {
  const parts = subPath.split('/').filter((part) => part !== '' && part !== '.')
  if (subPath.startsWith('/') || parts.includes('..'))
    throw new WherryError('Invalid', `subPath "${subPath}" must be a relative path without ".."`)
  const root = await fs.realpath(volumePath)
  const place = await openSubPath(root, parts, subPath)
  try {
    const stat = await place.stat()
    const mounted = (await mountsBelow(target)).filter((point) => point === target)
    if (mounted.length > 0) {
      const there = await fs.stat(target)
      if (there.dev === stat.dev && there.ino === stat.ino) return
      // The volume's content was replaced since the container's last start.
      for (const point of mounted) await unmount(point)
    }
    await makeTarget(target, stat.isDirectory())
    // The child process sees our open place under our process id; resolving the link first would bring the name back.
    const source = `/proc/${process.pid}/fd/${place.fd}`
    await run('mount', ['-n', '--no-canonicalize', '--bind', source, target], { timeoutMs: mountMs })
  } finally {
    await place.close()
  }
}

async function makeTarget(target: string, isDirectory: boolean): Promise<void> {
  const found = await orMissing(fs.lstat(target))
  if (found && found.isDirectory() !== isDirectory) await fs.rm(target, { recursive: true })
  if (isDirectory) await fs.mkdir(target, { recursive: true, mode: 0o750 })
  else await (await fs.open(target, 'a', 0o640)).close()
}

async function openSubPath(root: string, parts: readonly string[], subPath: string): Promise<fs.FileHandle> {
  // Links inside the volume are fine (a configMap's files are such): resolved here, and judged by where they lead.
  const { resolved, missing } = await resolveExisting(root, parts)
  const inside = relative(root, resolved)
  if (inside === '..' || inside.startsWith('../') || inside.startsWith('/'))
    throw new WherryError('Invalid', `subPath "${subPath}" is not within the volume`)
  let place = await openPlace(root)
  const mode = (await place.stat()).mode & 0o7777
  try {
    const existing = inside.split('/').filter((name) => name !== '')
    for (const [i, part] of [...existing, ...missing].entries()) {
      const path = `/proc/self/fd/${place.fd}/${part}`
      const isNew = i >= existing.length
      if (isNew) {
        await fs.mkdir(path).catch((error: unknown) => {
          if (codeOf(error) !== 'EEXIST') throw error
        })
      }
      const next = await openPlace(path)
      await place.close()
      place = next
      const stat = await place.stat()
      if (stat.isSymbolicLink()) throw new WherryError('Invalid', `subPath "${subPath}" was replaced by a link while it was being opened`)
      // A new directory is as open as the volume itself.
      if (isNew && stat.isDirectory()) await fs.chmod(`/proc/self/fd/${place.fd}`, mode)
    }
    return place
  } catch (error) {
    await place.close()
    throw error
  }
}

/** The real path of as many parts as are there, and the parts that are not. */
async function resolveExisting(
  root: string,
  parts: readonly string[],
): Promise<{ readonly resolved: string; readonly missing: readonly string[] }> {
  for (let count = parts.length; count > 0; count -= 1) {
    const resolved = await orMissing(fs.realpath(join(root, ...parts.slice(0, count))))
    if (resolved !== undefined) return { resolved, missing: parts.slice(count) }
    // A link that leads nowhere must not be taken for a missing directory.
    const dangling = await orMissing(fs.lstat(join(root, ...parts.slice(0, count))))
    if (dangling?.isSymbolicLink()) throw new WherryError('Invalid', `${dirname(join(...parts))} holds a link that leads nowhere`)
  }
  return { resolved: root, missing: parts }
}
