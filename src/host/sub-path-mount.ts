import * as fs from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { WherryError } from '#lib/errors.ts'
import { codeOf, orMissing } from './files.ts'
import { mountMs, mountsBelow, unmount } from './mount-table.ts'
import { openPlace } from './open-place.ts'
import { run } from './run.ts'

/**
 * A container that can write to the volume may swap any part of the path for a link at any moment. So the path is resolved once, must lie in
 * the volume, and is then walked again from the volume's root, part by part, each opened without following links, and the mount is made
 * from the open place itself and not from its name.
 */
export async function bindSubPath(volumePath: string, subPath: string, target: string): Promise<void> {
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
