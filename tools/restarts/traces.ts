import { type Dirent, existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { networkNamespaces } from '#host/clean.ts'
import type { Layout } from '#host/layout.ts'
import { paths } from '#host/layout.ts'
import { names } from '#host/names.ts'
import type { Runtime } from '#kubelet/runtime.ts'

/** What pods have made of the machine, each sort as names that are equal as long as nothing of it changes. */
export interface Traces {
  /** Of those that run. */
  readonly containers: readonly string[]
  readonly sandboxes: readonly string[]
  readonly mounts: readonly string[]
  readonly addresses: readonly string[]
  readonly cgroups: readonly string[]
  readonly networkNamespaces: readonly string[]
  /** By number and age. */
  readonly processes: readonly string[]
  readonly podFolders: readonly string[]
}

export async function tracesOf(layout: Layout, runtime: Runtime): Promise<Traces> {
  const where = paths(layout)
  const [containers, sandboxes] = await Promise.all([runtime.containers(), runtime.sandboxes()])
  return {
    containers: containers.filter(({ state }) => state === 'running').map(({ id }) => id),
    sandboxes: sandboxes.filter(({ ready }) => ready).map(({ id }) => id),
    mounts: mountsBeneath([where.kubelet, layout.runDirectory]),
    addresses: filesBeneath(where.cniState).filter((path) => /\/\d+(\.\d+){3}$/.test(path)),
    cgroups: readdirSync('/sys/fs/cgroup').flatMap((hierarchy) => foldersBeneath(`/sys/fs/cgroup/${hierarchy}${names.cgroupRoot}`)),
    networkNamespaces: networkNamespaces(where.containerdState).filter((path) => existsSync(path)),
    processes: processesBeneath(layout.runDirectory),
    podFolders: listed(join(where.kubelet, 'pods')).concat(listed(where.podLogs)),
  }
}

/** Which names of each sort one has and the other has not, in words. */
export function compareTraces(expected: Traces, actual: Traces): readonly string[] {
  return (Object.keys(expected) as (keyof Traces)[]).flatMap((sort) => {
    const lost = expected[sort].filter((name) => !actual[sort].includes(name))
    const left = actual[sort].filter((name) => !expected[sort].includes(name))
    const say = (count: readonly string[], what: string) => (count.length === 0 ? [] : [`${count.length} ${sort} ${what}, as ${count[0]}`])
    return [...say(lost, 'lost'), ...say(left, 'left over')]
  })
}

export const countsOf = (traces: Traces): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(traces).map(([sort, found]) => [sort, (found as readonly string[]).length]))

/** Mount points with the place of each, since one may lie over another. */
function mountsBeneath(directories: readonly string[]): string[] {
  const points = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((path) => directories.some((directory) => path.startsWith(`${directory}/`)))
  return points.map((path, index) => `${path} ${points.slice(0, index).filter((other) => other === path).length}`)
}

/** The shims of this containerd, and all beneath them. */
function processesBeneath(runDirectory: string): string[] {
  const parents = new Map<string, string>()
  const ages = new Map<string, string>()
  const shims = new Set<string>()
  for (const pid of listed('/proc').filter((name) => /^\d+$/.test(name))) {
    const stat = readOrNothing(`/proc/${pid}/stat`)
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (stat === '' || fields[0] === 'Z') continue
    parents.set(pid, fields[1]!)
    ages.set(pid, fields[19]!)
    const words = readOrNothing(`/proc/${pid}/cmdline`).split('\u0000')
    if (words[0]?.includes('containerd-shim') && words.some((word) => word.startsWith(runDirectory))) shims.add(pid)
  }
  const isBeneath = (pid: string | undefined): boolean => pid !== undefined && (shims.has(pid) || isBeneath(parents.get(pid)))
  return [...parents.keys()].filter(isBeneath).map((pid) => `${pid} ${ages.get(pid)}`)
}

const filesBeneath = (directory: string): string[] => namesBeneath(directory, (entry) => entry.isFile())
const foldersBeneath = (directory: string): string[] => namesBeneath(directory, (entry) => entry.isDirectory())

/** What goes while it is looked at was not there. */
function namesBeneath(directory: string, isMeant: (entry: Dirent) => boolean): string[] {
  return entriesOf(directory).flatMap((entry) => {
    const path = join(directory, entry.name)
    return [...(isMeant(entry) ? [path] : []), ...(entry.isDirectory() ? namesBeneath(path, isMeant) : [])]
  })
}

function entriesOf(directory: string): readonly Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

const listed = (directory: string): string[] => entriesOf(directory).map(({ name }) => name)

/** A process or a group may go while it is looked at. */
function readOrNothing(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
