import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createCgroupManager } from '#kubelet/cgroups/cgroup-manager.ts'
import { cgroupHost } from './cgroups.ts'
import { systemClock } from './clock.ts'
import { names } from './names.ts'
import { removeWays } from './routes.ts'
import { run } from './run.ts'
import { shimsOf } from './shims.ts'

/** Ends the shims of one containerd with all that runs beneath them: what a containerd that cannot be asked any more left behind. */
export function killShims(socket: string): number {
  const shims = shimsOf(socket)
  for (const { pid } of shims) for (const each of [...descendants(pid), pid]) kill(each)
  return shims.length
}

/**
 * The network namespaces of one containerd's tasks, as the bundles under its state directory name them. Their mounts stand in a folder that
 * other runtimes of the machine share, so no name tells whose they are.
 */
export function networkNamespaces(stateDirectory: string): string[] {
  const tasks = join(stateDirectory, 'io.containerd.runtime.v2.task')
  if (!existsSync(tasks)) return []
  const bundles = readdirSync(tasks).flatMap((namespace) => readdirSync(join(tasks, namespace)).map((id) => join(tasks, namespace, id)))
  const found = bundles.flatMap((bundle) => {
    const text = readOrNothing(join(bundle, 'config.json'))
    if (text === '') return []
    const { linux } = JSON.parse(text) as { linux?: { namespaces?: { type: string; path?: string }[] } }
    return (linux?.namespaces ?? []).flatMap(({ type, path }) => (type === 'network' && path?.includes('/netns/') ? [path] : []))
  })
  return [...new Set(found)]
}

/** The address that it had is forgotten together with our folders. */
export async function removeNetworkNamespace(path: string): Promise<void> {
  if (!existsSync(path)) return
  await run('umount', ['--lazy', path], { accept: [1, 32] })
  rmSync(path, { force: true })
}

/** Unmounts everything beneath the directories, the innermost first. */
export async function unmountBeneath(directories: readonly string[]): Promise<void> {
  const mounted = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    // Octal escapes stand for spaces in paths (proc(5)).
    .map((line) => line.split(' ')[4]?.replaceAll(/\\(\d{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8))) ?? '')
    .filter((path) => directories.some((directory) => path === directory || path.startsWith(`${directory}/`)))
  for (const path of mounted.reverse()) await run('umount', ['--lazy', path], { accept: [1, 32] })
}

/** Our interfaces and packet rules; the kernel's settings are `restoreSettings`' matter. */
export async function removeNetwork(): Promise<void> {
  await removeWays({ vxlan: names.vxlanDevice, bridge: names.bridge })
  for (const device of [names.bridge, names.serviceDevice])
    if (existsSync(`/sys/class/net/${device}`)) await run('ip', ['link', 'delete', device])
  await removeTables([names.table, names.policyTable])
}

/** Packet rules by the names of their tables, of whatever family. One that is not there is none to be removed. */
export async function removeTables(wanted: readonly string[]): Promise<void> {
  // A kernel without IPv6 refuses to hear of its tables, so those that there are are asked for first.
  const { stdout } = await run('nft', ['list', 'tables'])
  const present = stdout.split('\n').filter((line) => wanted.some((name) => line.endsWith(` ${name}`)))
  if (present.length > 0) await run('nft', ['-f', '-'], { input: `${present.map((table) => `delete ${table}`).join('\n')}\n` })
}

/** Our cgroups with whatever still runs in them. runc makes them in hierarchies without a controller, too, where no limit would lead us. */
export async function removeCgroups(root: string = names.cgroupRoot): Promise<void> {
  await createCgroupManager({ host: cgroupHost(), clock: systemClock, root }).removeTree()
  for (const hierarchy of readdirSync('/sys/fs/cgroup')) removeEmptyTree(`/sys/fs/cgroup/${hierarchy}${root}`)
}

function removeEmptyTree(directory: string): void {
  if (!existsSync(directory)) return
  for (const entry of readdirSync(directory, { withFileTypes: true }))
    if (entry.isDirectory()) removeEmptyTree(`${directory}/${entry.name}`)
  rmdirSync(directory)
}

function descendants(pid: number): number[] {
  const children = readOrNothing(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number)
  return children.flatMap((child) => [...descendants(child), child])
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** A process may end while we look at it. */
function readOrNothing(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
