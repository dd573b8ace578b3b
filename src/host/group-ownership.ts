import type { Stats } from 'node:fs'
import * as fs from 'node:fs/promises'
import { codeOf } from './files.ts'
import { openPlace } from './open-place.ts'

/** Gives a tree to a group, its root last; see `VolumeHost.giveToGroup`. */
export async function giveToGroup(
  path: string,
  groupId: number,
  { readOnly, onlyOnMismatch }: { readonly readOnly: boolean; readonly onlyOnMismatch: boolean },
): Promise<void> {
  if (onlyOnMismatch && belongsToGroup(await fs.lstat(path), groupId, readOnly)) return
  await giveTree(path, groupId, readOnly)
}

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
