import * as fs from 'node:fs/promises'
import { release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { hasNoswap } from '#kubelet/volumes/noswap.ts'
import { mountMs, mountPoints } from './mount-table.ts'
import { run } from './run.ts'

/** Of a tmpfs; absent: as the kernel has it. `sizeBytes` is a limit. */
export interface TmpfsOptions {
  readonly sizeBytes?: number
  readonly mode?: number
  readonly groupId?: number
}

/** Mounts a tmpfs at a folder, unless something is mounted there. */
export type MountTmpfs = (path: string, options: TmpfsOptions) => Promise<void>

interface Wish {
  readonly path: string
  readonly options: string
  readonly done: () => void
  readonly fail: (error: unknown) => void
}

/** A line of each is read by mount(8) at once. */
const togetherMax = 256

/**
 * Mounts that are asked for while others are being made are made together, by one mount(8). Nearly every pod has a tmpfs for its token, and a child
 * of this process with all its memory costs 5 ms of a processor: thirty pods at once would wait for that thirty times.
 */
export function createTmpfsMounts(runs: typeof run = run): MountTmpfs {
  let waiting: Wish[] = []
  let isRunning = false

  async function work(): Promise<void> {
    isRunning = true
    while (waiting.length > 0) {
      const wishes = waiting.slice(0, togetherMax)
      waiting = waiting.slice(togetherMax)
      try {
        await mountAll(wishes, runs)
      } catch (error) {
        for (const { fail } of wishes) fail(error)
      }
    }
    isRunning = false
  }

  return (path, options) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    waiting.push({ path, options: optionsText(options), done: resolve, fail: reject })
    if (!isRunning) void work()
    return promise
  }
}

async function mountAll(wishes: readonly Wish[], runs: typeof run): Promise<void> {
  let left = await missing(wishes)
  if (left.length > 1) {
    // Where that is not possible, such as with a full disk, each is tried alone and tells what is wrong.
    await mountTogether(left, runs).catch(() => {})
    left = await missing(left)
  }
  // One alone, or what did not go together with the others, to learn why.
  for (const wish of left) {
    try {
      if ((await missing([wish])).length > 0)
        await runs('mount', ['-n', '-t', 'tmpfs', ...(wish.options === '' ? [] : ['-o', wish.options]), 'tmpfs', wish.path], {
          timeoutMs: mountMs,
        })
    } catch (error) {
      wish.fail(error)
    }
  }
  for (const { done } of wishes) done()
}

/** By a table as in fstab(5), which has to be a file. What cannot be mounted keeps nothing else from it. */
async function mountTogether(wishes: readonly Wish[], runs: typeof run): Promise<void> {
  const folder = await fs.mkdtemp(join(tmpdir(), 'wherry-mounts-'))
  try {
    const table = join(folder, 'fstab')
    // mount(8) does not see that it has just mounted at a path that comes twice.
    const lines = new Map(wishes.map(({ path, options }) => [path, `tmpfs ${escaped(path)} tmpfs ${options || 'defaults'} 0 0\n`]))
    await fs.writeFile(table, [...lines.values()].join(''), { mode: 0o600 })
    await runs('mount', ['-n', '-a', '-T', table], { timeoutMs: mountMs, accept: someFailed })
  } finally {
    await fs.rm(folder, { recursive: true, force: true })
  }
}

/** mount(8), "EXIT STATUS": each failure is told again by its own call. */
const someFailed = Array.from({ length: 127 }, (_, index) => index + 1)

async function missing(wishes: readonly Wish[]): Promise<readonly Wish[]> {
  const points = new Set(await mountPoints())
  return wishes.filter(({ path }) => !points.has(path))
}

const optionsText = ({ sizeBytes, mode, groupId }: TmpfsOptions): string =>
  [
    ...(sizeBytes === undefined ? [] : [`size=${sizeBytes}`]),
    ...(mode === undefined ? [] : [`mode=${mode.toString(8)}`]),
    ...(groupId === undefined ? [] : [`gid=${groupId}`]),
    ...(hasNoswap(release()) ? ['noswap'] : []),
  ].join(',')

/** White space and backslashes in octal, and a leading number sign, as fstab(5) has them. */
const escaped = (path: string): string =>
  path.replace(/[\s\\#]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`)
