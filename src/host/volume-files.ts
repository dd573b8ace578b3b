import * as fs from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { VolumeFile } from '#kubelet/volumes/volume-host.ts'
import { WherryError } from '#lib/errors.ts'
import { codeOf, orMissing } from './files.ts'

const dataLink = '..data'
const newDataLink = '..data_tmp'
const directoryMode = 0o755

/**
 * Writes a volume's files as the reference's atomic writer lays them out: a hidden folder `..<time>` holds them, the link `..data` leads to
 * it, and each name in the volume is a link `name → ..data/name`. A program that watches `..data` (inotify) sees exactly one change. A
 * crash leaves the old state, or the new one with a folder too many, which the next write removes.
 */
export async function writeVolumeFiles(
  directory: string,
  files: readonly VolumeFile[],
  groupId: number | undefined,
  places: readonly string[] = [],
): Promise<boolean> {
  for (const { path } of files) check(path)
  const old = await orMissing(fs.readlink(join(directory, dataLink)))
  const same = old !== undefined && (await holds(join(directory, old), files))
  let folder = old
  if (!same) {
    folder = (await fs.mkdtemp(join(directory, '..new_'))).slice(directory.length + 1)
    await writeFolder(join(directory, folder), files, groupId)
    await fs.rm(join(directory, newDataLink), { force: true })
    await fs.symlink(folder, join(directory, newDataLink))
    await fs.rename(join(directory, newDataLink), join(directory, dataLink))
  }
  const names = new Set(files.map(({ path }) => firstOf(path)))
  // What is a file already needs no place beside it, and what is hidden is not for others.
  const ours = places.filter((place) => !names.has(firstOf(place)) && !place.startsWith('..'))
  await matchNames(directory, names, new Set(ours.map(firstOf)), folder)
  for (const place of ours) await makePlace(directory, place, groupId)
  return !same
}

const firstOf = (path: string): string => path.split('/')[0]!

/** A folder for something to be mounted at, and those above it. */
async function makePlace(directory: string, place: string, groupId: number | undefined): Promise<void> {
  const parts = place.split('/')
  for (let depth = 1; depth <= parts.length; depth += 1) {
    const path = join(directory, ...parts.slice(0, depth))
    if ((await fs.mkdir(path, { recursive: true })) !== undefined) await give(path, groupId)
  }
}

async function give(path: string, groupId: number | undefined): Promise<void> {
  if (groupId !== undefined) await fs.chown(path, 0, groupId)
  await fs.chmod(path, groupId === undefined ? directoryMode : directoryMode | 0o2050)
}

function check(path: string): void {
  const parts = path.split('/')
  if (path.startsWith('/') || parts.some((part) => part === '..' || part === '') || parts[0]!.startsWith('..'))
    throw new WherryError('Invalid', `file path "${path}" must be relative, without ".." and not beginning with ".."`)
}

async function writeFolder(folder: string, files: readonly VolumeFile[], groupId: number | undefined): Promise<void> {
  const directories = new Set([folder])
  for (const { path, content, mode, userId } of files) {
    const target = join(folder, path)
    await fs.mkdir(dirname(target), { recursive: true })
    for (let above = dirname(target); above !== folder; above = dirname(above)) directories.add(above)
    // Nobody but root until it has its owner and mode; the umask has no say.
    await fs.writeFile(target, content, { mode: 0o600 })
    if (userId !== undefined || groupId !== undefined) await fs.chown(target, userId ?? 0, groupId ?? 0)
    await fs.chmod(target, groupId === undefined ? mode : mode | 0o440)
  }
  for (const path of directories) await give(path, groupId)
}

/** Whether the folder holds just these files, with these contents and modes. */
async function holds(folder: string, files: readonly VolumeFile[]): Promise<boolean> {
  const entries = await orMissing(fs.readdir(folder, { recursive: true, withFileTypes: true }))
  if (!entries || entries.filter((entry) => !entry.isDirectory()).length !== files.length) return false
  for (const { path, content, mode } of files) {
    const target = join(folder, path)
    const stat = await orMissing(fs.stat(target))
    if (!stat?.isFile() || stat.size !== content.length || (stat.mode & mode) !== mode) return false
    if (!(await fs.readFile(target)).equals(content)) return false
  }
  return true
}

/** Links for the names there are, none for those there were, and no hidden folder but the present one. What is `kept` is none of them. */
async function matchNames(
  directory: string,
  names: ReadonlySet<string>,
  kept: ReadonlySet<string>,
  folder: string | undefined,
): Promise<void> {
  const present = await fs.readdir(directory)
  for (const name of present) {
    if (name === dataLink || name === folder || names.has(name) || kept.has(name)) continue
    await fs.rm(join(directory, name), { recursive: true, force: true })
  }
  for (const name of names) {
    if (present.includes(name)) continue
    await fs.symlink(`${dataLink}/${name}`, join(directory, name)).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error
    })
  }
}
