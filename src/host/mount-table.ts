import * as fs from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { WherryError } from '#lib/errors.ts'
import { type RunOptions, type RunResult, run } from './run.ts'

/** How long mount(8) and its like may take where no server has to answer. */
export const mountMs = 30_000
/** mount.nfs(8) itself tries for two minutes. */
const networkMountMs = 150_000
const networkUnmountMs = 30_000

/** All mount points, later ones last, from /proc/self/mountinfo, where space and its like are octal (proc_pid_mountinfo(5)). */
export async function mountPoints(): Promise<readonly string[]> {
  const table = await fs.readFile('/proc/self/mountinfo', 'utf8')
  return table
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => mountPoint(line.split(' ', 5)[4]!))
}

/** A mount point as its name is: the table writes spaces and their like in octal. */
export const mountPoint = (escaped: string): string =>
  escaped.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))

/** The mount points at or below a path, deepest first, so that each can be unmounted in this order. */
export async function mountsBelow(path: string): Promise<readonly string[]> {
  const points = await mountPoints()
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

/** The same of a server that may not answer any more: in peace, then by force, then out of sight. Whoever still uses it keeps his open files. */
export async function unmountNetwork(path: string): Promise<void> {
  const ways = [[], ['-f'], ['-f', '-l']]
  for (const [attempt, way] of ways.entries()) {
    try {
      await bounded('umount', ['-n', '--no-canonicalize', ...way, path], networkUnmountMs)
      return
    } catch (error) {
      if (attempt === ways.length - 1) throw error
    }
  }
}

/** mount(8); a failure in the reference's words, and nothing stays mounted by it. */
export async function mount(request: {
  readonly source: string
  readonly target: string
  readonly type?: string
  readonly options?: readonly string[]
  readonly network?: boolean
  readonly signal?: AbortSignal
}): Promise<void> {
  const { source, target, type, options = [], network = false, signal } = request
  if ((await mountsBelow(target)).includes(target)) return
  const args = [...(type ? ['-t', type] : []), ...(options.length > 0 ? ['-o', options.join(',')] : []), '--', source, target]
  const shown = args.filter((arg) => arg !== '--').join(' ')
  let said: RunResult
  try {
    const limits = { accept: mountExits, ...(signal && { signal }) }
    said = await bounded('mount', ['-n', ...args], network ? networkMountMs : mountMs, limits)
  } catch (error) {
    await undo(target, network)
    throw signal?.aborted ? signal.reason : error
  }
  if (said.code === 0) return
  await undo(target, network)
  throw new WherryError(
    'InternalError',
    `mount failed: exit status ${said.code}\nMounting command: mount\nMounting arguments: ${shown}\nOutput: ${said.stderr.trim() || said.stdout.trim()}${await hint(type, network)}`,
  )
}

/** Names of servers are for a helper to find, which mount(8) only calls where it is installed. */
async function hint(type: string | undefined, network: boolean): Promise<string> {
  if (!network || type === undefined) return ''
  const found = await Promise.any(['/sbin', '/usr/sbin', '/usr/bin'].map((folder) => fs.access(`${folder}/mount.${type}`))).then(
    () => true,
    () => false,
  )
  return found ? '' : `\nThis node has no mount.${type}: install it (of NFS: package nfs-common or nfs-utils)`
}

/** mount(8), "EXIT STATUS": bits of what went wrong. */
const mountExits = Array.from({ length: 127 }, (_, index) => index + 1)

async function undo(target: string, network: boolean): Promise<void> {
  for (const point of await mountsBelow(target)) await (network ? unmountNetwork(point) : unmount(point))
}

/** Runs a program that may hang in the kernel: its end is not waited for longer than that it was killed. */
export async function bounded(command: string, args: readonly string[], timeoutMs: number, options: RunOptions = {}): Promise<RunResult> {
  const stop = new AbortController()
  const late = delay(timeoutMs + 2000, undefined, { signal: stop.signal, ref: false }).then(() => {
    throw new WherryError('Timeout', `${command} did not end within ${timeoutMs} ms, nor when it was killed`)
  })
  try {
    return await Promise.race([run(command, args, { ...options, timeoutMs }), late])
  } finally {
    late.catch(() => {})
    stop.abort()
  }
}
