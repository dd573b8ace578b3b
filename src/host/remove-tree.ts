import { readFileSync } from 'node:fs'
import * as fs from 'node:fs/promises'
import { WherryError } from '#lib/errors.ts'
import { codeOf, orMissing } from './files.ts'
import { openFolder, placePath } from './open-place.ts'

/** Open folders at once; a tree that is deeper is made flat on the way, since names and open files have their bounds. */
const maxDepth = 64
const mountId = /^mnt_id:\s*(\d+)$/m

/**
 * Removes a directory with all that it holds, and nothing else, whoever swaps or mounts what meanwhile: each folder is opened without
 * following links, has to lie in the same mount as the root, and is emptied through its open place. A mount inside (whose content is
 * somebody's volume) stops it with `Conflict`. Nothing there: done.
 */
export async function removeTree(path: string): Promise<void> {
  const root = await orMissing(openFolder(path))
  if (!root) return fs.rm(path, { force: true })
  try {
    const tree: Tree = { root, path, mount: mountOf(root), moved: 0 }
    while (await empty(tree, root, 0));
  } finally {
    await root.close()
  }
  await fs.rmdir(path)
}

interface Tree {
  readonly root: fs.FileHandle
  readonly path: string
  readonly mount: string
  moved: number
}

/** Whether anything was there. */
async function empty(tree: Tree, folder: fs.FileHandle, depth: number): Promise<boolean> {
  let found = false
  const base = placePath(folder)
  for await (const entry of await fs.opendir(base)) {
    found = true
    const path = `${base}/${entry.name}`
    if (!entry.isDirectory()) {
      await ifThere(fs.unlink(path))
      continue
    }
    const child = await orMissing(openFolder(path))
    // Swapped for something else since it was listed: the next round sees what it is.
    if (!child) continue
    try {
      if (mountOf(child) !== tree.mount)
        throw new WherryError('Conflict', `something is still mounted in ${tree.path}, at a folder "${entry.name}"`)
      if (depth >= maxDepth) {
        await moveUp(tree, path)
        continue
      }
      await empty(tree, child, depth + 1)
    } finally {
      await child.close()
    }
    await ifThere(fs.rmdir(path))
  }
  return found
}

/** To the root of the tree, where the next round finds it. */
async function moveUp(tree: Tree, path: string): Promise<void> {
  for (;;) {
    tree.moved += 1
    try {
      return await fs.rename(path, `${placePath(tree.root)}/..deep-${tree.moved}`)
    } catch (error) {
      if (codeOf(error) !== 'ENOTEMPTY' && codeOf(error) !== 'EEXIST' && codeOf(error) !== 'ENOTDIR') throw error
    }
  }
}

/** Of the mount, not of the file system: a bind mount of a folder on the same disk is another one (proc_pid_fdinfo(5)). */
function mountOf(place: fs.FileHandle): string {
  // No disk is asked, so nobody waits: cheaper than a thread.
  const id = mountId.exec(readFileSync(`/proc/self/fdinfo/${place.fd}`, 'utf8'))?.[1]
  if (id === undefined) throw new WherryError('InternalError', 'this kernel does not tell in which mount an open file lies')
  return id
}

/** A writer that goes on while we remove is met in the next round. */
async function ifThere(work: Promise<void>): Promise<void> {
  try {
    await work
  } catch (error) {
    if (!['ENOENT', 'ENOTEMPTY', 'ENOTDIR', 'EISDIR'].includes(codeOf(error) ?? '')) throw error
  }
}
