import type { Stats } from 'node:fs'
import * as fs from 'node:fs/promises'
import { WherryError } from '#lib/errors.ts'
import { codeOf, orMissing } from './files.ts'
import { openPlace } from './open-place.ts'

/** Gives a tree to a group, its root last; see `VolumeHost.giveToGroup`. */
export async function giveToGroup(
  path: string,
  groupId: number,
  { readOnly, onlyOnMismatch }: { readonly readOnly: boolean; readonly onlyOnMismatch: boolean },
): Promise<void> {
  if (onlyOnMismatch && belongsToGroup(await fs.lstat(path), groupId, readOnly)) return
  await giveTree(path, groupId, readOnly, 0)
}

/** Two open files for each level, of which this process has some ten thousands: who makes deeper trees than anybody needs waits in vain. */
const maxDepth = 1000

const groupBits = (readOnly: boolean, isDirectory: boolean): number => (readOnly ? 0o440 : 0o660) | (isDirectory ? 0o2110 : 0)

function belongsToGroup(stat: Stats, groupId: number, readOnly: boolean): boolean {
  const bits = groupBits(readOnly, true)
  return stat.isDirectory() && stat.gid === groupId && (stat.mode & bits) === bits
}

/** Children first: an interrupted run leaves a root that does not match, and is done again. Links are never followed. */
async function giveTree(path: string, groupId: number, readOnly: boolean, depth: number): Promise<void> {
  if (depth > maxDepth)
    throw new WherryError('Invalid', `the volume cannot be given to group ${groupId}: it is deeper than ${maxDepth} folders`)
  // A container of the pod may have removed it since it was listed: what stands beside it is given all the same.
  const handle = depth === 0 ? await openPlace(path) : await orMissing(openPlace(path))
  if (handle === undefined) return
  try {
    const stat = await handle.stat()
    const place = `/proc/self/fd/${handle.fd}`
    // By and by: a folder may hold more names than there is memory for.
    if (stat.isDirectory())
      for await (const { name } of await fs.opendir(place)) await giveTree(`${place}/${name}`, groupId, readOnly, depth + 1)
    // Owner stays. On a link only the link itself changes hands.
    if (stat.isSymbolicLink()) return await fs.lchown(path, stat.uid, groupId)
    await fs.chown(place, stat.uid, groupId)
    await fs.chmod(place, (stat.mode & 0o7777) | groupBits(readOnly, stat.isDirectory()))
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
  } finally {
    await handle.close()
  }
}
