import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { isError, WherryError } from '#lib/errors.ts'
import { containerLogsDirectory } from '../container-log-links.ts'
import { codeOf } from '../files.ts'
import { type Layout, paths } from '../layout.ts'
import { run } from '../run.ts'
import { entering, machinePaths, namespaceKinds } from './machine.ts'
import { foreignMounts, mountPoints, mountScript, quoted } from './machine-mounts.ts'

/**
 * Makes the node's network, host name and mount namespaces unless they are there, and returns whether they were made. No process keeps them: each is
 * mounted on a file. What was made half-way, or died with the machine, is made anew; whoever calls has ended what ran in the former ones.
 */
export async function ensureNamespaces(layout: Layout, name: string): Promise<boolean> {
  if (areNamespacesThere(layout, name)) return false
  await makeNamespaces(layout, name)
  await arrangeMounts(layout, name)
  writeFileSync(machinePaths(layout, name).complete, '', { mode: 0o600 })
  return true
}

/**
 * A mount namespace may be mounted in an older one only. Linux 6.18 tells the age by numbers that each processor deals out of a stock of its own, so where
 * we are ourselves in a namespace that is not the machine's first one, a new one may seem older on one processor and younger on another. The one
 * that made ours is among them.
 */
async function makeNamespaces(layout: Layout, name: string): Promise<void> {
  const processors = cpus().map((_, processor) => ['taskset', '--cpu-list', String(processor)])
  for (const [attempt, words] of [[], ...processors].entries()) {
    try {
      return await unshare(layout, name, words)
    } catch (error) {
      if (attempt === processors.length || !isError(error) || !error.message.includes('Invalid argument')) throw error
    }
  }
}

async function unshare(layout: Layout, name: string, before: readonly string[]): Promise<void> {
  await removeNamespaces(layout, name)
  const { namespaces, files } = machinePaths(layout, name)
  // Pods with users of their own lie in this folder as well; their users have to get through.
  mkdirSync(dirname(namespaces), { recursive: true, mode: 0o711 })
  mkdirSync(namespaces, { recursive: true, mode: 0o700 })
  // Only where no other namespace gets it too: it would hold itself (unshare(1), --mount).
  await run('mount', ['--bind', namespaces, namespaces])
  await run('mount', ['--make-private', namespaces])
  const { net, uts, mnt } = files
  for (const file of [net, uts, mnt]) writeFileSync(file, '', { mode: 0o600 })
  const [program, ...words] = [...before, 'unshare', `--net=${net}`, `--uts=${uts}`, `--mount=${mnt}`, '--propagation=private', '--']
  await run(program!, [...words, 'sh', '-c', `printf %s ${quoted(name)} >/proc/sys/kernel/hostname`])
}

/** Whether all of them are mounted and arranged. */
export function areNamespacesThere(layout: Layout, name: string): boolean {
  const { complete, files } = machinePaths(layout, name)
  if (!existsSync(complete)) return false
  const mounted = mountPoints(readFileSync('/proc/self/mountinfo', 'utf8'))
  return namespaceKinds.every((kind) => mounted.includes(files[kind]))
}

/** Lets go of them; without a process in them the kernel takes them away, with all that is mounted and every device in them. */
export async function removeNamespaces(layout: Layout, name: string): Promise<void> {
  const { namespaces } = machinePaths(layout, name)
  const mounted = mountPoints(readFileSync('/proc/self/mountinfo', 'utf8')).filter(
    (point) => point === namespaces || point.startsWith(`${namespaces}/`),
  )
  for (const point of mounted.reverse()) await run('umount', ['--lazy', point], { accept: [1, 32] })
  rmSync(namespaces, { recursive: true, force: true })
}

/** Ends every process that is still in one of the namespaces, and waits until none is. Pods have namespaces of their own: their shims come first. */
export async function endProcessesInside(layout: Layout, name: string, withinMs = 10_000): Promise<void> {
  const { files } = machinePaths(layout, name)
  const mounted = mountPoints(readFileSync('/proc/self/mountinfo', 'utf8'))
  // Where nothing is mounted the file is an empty one of the disk.
  const wanted = namespaceKinds.filter((kind) => mounted.includes(files[kind])).map((kind) => `${kind}:[${statSync(files[kind]).ino}]`)
  if (wanted.length === 0) return
  let left: readonly number[] = []
  for (const until = Date.now() + withinMs; Date.now() < until; await delay(20)) {
    left = processesIn(wanted)
    if (left.length === 0) return
    for (const pid of left) kill(pid)
  }
  throw new WherryError('Timeout', `processes ${left.join(', ')} of node ${name} do not end, not even by SIGKILL: they hang in the kernel`)
}

function processesIn(namespaces: readonly string[]): readonly number[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .map(Number)
    .filter((pid) => namespaceKinds.some((kind) => namespaces.includes(namespaceOf(pid, kind))))
}

/** A process may end while we look at it. */
function namespaceOf(pid: number, kind: string): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/${kind}`)
  } catch {
    return ''
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error
  }
}

async function arrangeMounts(layout: Layout, name: string): Promise<void> {
  const where = machinePaths(layout, name)
  const own = paths(where.layout)
  const [program, ...words] = entering(layout, name)
  const inside = (...command: string[]) => run(program!, [...words, ...command])
  const table = async (): Promise<string> => (await inside('cat', '/proc/self/mountinfo')).stdout
  const ofOthers = [join(layout.dataDirectory, 'node'), join(layout.dataDirectory, 'nodes'), layout.runDirectory, '/run/netns']
  const foreign = foreignMounts(await table(), ofOthers)
  if (foreign.length > 0) await inside('umount', '--lazy', '--', ...foreign)

  const scratch = join(where.layout.runDirectory, 'scratch')
  for (const folder of [scratch, where.ownFiles, where.containerLogs, containerLogsDirectory])
    mkdirSync(folder, { recursive: true, mode: 0o755 })
  mkdirSync(own.kubelet, { recursive: true, mode: 0o750 })
  const usualKubelet = realPlace('/var/lib/kubelet')
  const files = ownFiles(layout, name).map(([file, text]) => {
    const path = join(where.ownFiles, file.replaceAll('/', '_'))
    writeFileSync(path, text, { mode: 0o644 })
    return [path, file] as const
  })
  const script = mountScript(await table(), {
    scratch,
    empty: ['/run/netns', '/run/containerd'],
    folders: [[where.containerLogs, containerLogsDirectory], ...(usualKubelet === undefined ? [] : [[own.kubelet, usualKubelet] as const])],
    files,
  })
  await inside('sh', '-c', script)
}

/** Files by which programs know one machine from another, as far as this one has them. */
function ownFiles(layout: Layout, name: string): readonly (readonly [file: string, text: string])[] {
  const identity = '/etc/machine-id'
  const id = existsSync(identity) ? readFileSync(identity, 'utf8').trim() : ''
  return [
    ...(existsSync('/etc/hostname') ? [['/etc/hostname', `${name}\n`] as const] : []),
    // machine-id(5): from the machine's own one, never shown itself, to one for a purpose.
    ...(id === ''
      ? []
      : [[identity, `${createHash('sha256').update(`${id} ${layout.dataDirectory} ${name}`).digest('hex').slice(0, 32)}\n`] as const]),
  ]
}

/** Where a place leads to; undefined where nothing is. */
function realPlace(place: string): string | undefined {
  try {
    return realpathSync(place)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}
