import { constants, type Stats } from 'node:fs'
import * as fs from 'node:fs/promises'
import type { DiskUsage } from '#kubelet/stats/stats-host.ts'
import { orMissing } from '../files.ts'
import { openFolder, placePath } from '../open-place.ts'

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
  const top = root.isDirectory() ? await orMissing(realPlace(path)) : undefined
  const directories = top === undefined ? [] : ['']
  while (directories.length > 0) {
    const directory = directories.pop()!
    const place = await orMissing(openFolder(`${top}${directory}`))
    if (place === undefined) continue
    try {
      // A container may have put a link in the place of any folder on the way: then this is another one.
      if ((await fs.readlink(placePath(place))) !== `${top}${directory}`) continue
      for await (const names of batches(placePath(place))) {
        const stats = await Promise.all(names.map((name) => orMissing(fs.lstat(`${placePath(place)}/${name}`))))
        for (const [index, stat] of stats.entries()) {
          if (stat === undefined || stat.dev !== root.dev) continue
          count(stat)
          if (stat.isDirectory()) directories.push(`${directory}/${names[index]!}`)
        }
      }
    } finally {
      await place.close()
    }
  }
  return { usedBytes: blocks * blockBytes, inodesUsed }
}

/** So many names at a time: a folder may have more of them than there is memory for. */
async function* batches(directory: string): AsyncGenerator<readonly string[]> {
  let names: string[] = []
  for await (const { name } of await fs.opendir(directory, { bufferSize: width })) {
    names.push(name)
    if (names.length < width) continue
    yield names
    names = []
  }
  yield names
}

/** The path without links, of what is there now. */
async function realPlace(path: string): Promise<string> {
  const place = await fs.open(path, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    return await fs.readlink(placePath(place))
  } finally {
    await place.close()
  }
}
