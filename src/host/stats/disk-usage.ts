import type { Stats } from 'node:fs'
import * as fs from 'node:fs/promises'
import type { DiskUsage } from '#kubelet/stats/stats-host.ts'
import { codeOf, orMissing } from '../files.ts'

/** So many files are looked at beside each other: enough to keep the disk busy, few enough that others get their turn. */
const width = 16
/** st_blocks counts these (stat(2)), whatever the file system's own blocks are. */
const blockBytes = 512

/**
 * What a tree takes: blocks, not lengths, so that a hole costs nothing; a file with several names once; nothing of another file system that is
 * mounted inside. What vanishes meanwhile does not count.
 */
export async function diskUsage(path: string, of: 'tree' | 'content'): Promise<DiskUsage | undefined> {
  const root = await orMissing(fs.lstat(path))
  if (root === undefined) return undefined
  const linked = new Set<number>()
  let blocks = 0
  let inodesUsed = 0
  const count = (stat: Stats): void => {
    if (stat.nlink > 1 && !stat.isDirectory()) {
      if (linked.has(stat.ino)) return
      linked.add(stat.ino)
    }
    blocks += stat.blocks
    inodesUsed += 1
  }
  if (of === 'tree') count(root)
  const directories = root.isDirectory() ? [path] : []
  while (directories.length > 0) {
    const directory = directories.pop()!
    const names = await orNothing(fs.readdir(directory))
    for (let i = 0; i < names.length; i += width) {
      const paths = names.slice(i, i + width).map((name) => `${directory}/${name}`)
      const stats = await Promise.all(paths.map((one) => orMissing(fs.lstat(one))))
      for (const [index, stat] of stats.entries()) {
        if (stat === undefined || stat.dev !== root.dev) continue
        count(stat)
        if (stat.isDirectory()) directories.push(paths[index]!)
      }
    }
  }
  return { usedBytes: blocks * blockBytes, inodesUsed }
}

/** A folder that went, or that became something else, holds nothing. */
async function orNothing(names: Promise<string[]>): Promise<string[]> {
  try {
    return await names
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) return []
    throw error
  }
}
