import { readdirSync, readFileSync } from 'node:fs'

/** A process that stands between containerd and one container or sandbox, and lives on without containerd. */
export interface Shim {
  readonly pid: number
  /** Of its container or sandbox. */
  readonly id: string
  readonly ageMs: number
  /** Something runs under it: the container's first process, or what makes it. */
  readonly hasChildren: boolean
}

/** The shims of the containerd at this socket. */
export function shimsOf(socket: string): readonly Shim[] {
  return readdirSync('/proc').flatMap((name): Shim[] => {
    if (!/^\d+$/.test(name)) return []
    const words = readOrNothing(`/proc/${name}/cmdline`).split('\u0000')
    if (!words[0]?.includes('containerd-shim') || !words.includes(socket)) return []
    const id = words[words.indexOf('-id') + 1] ?? ''
    return [{ pid: Number(name), id, ageMs: ageMsOf(name), hasChildren: hasChildren(name) }]
  })
}

const hasChildren = (pid: string): boolean =>
  listOrNothing(`/proc/${pid}/task`).some((thread) => readOrNothing(`/proc/${pid}/task/${thread}/children`) !== '')

/** proc(5): the start counts in hundredths of a second since the machine came up. */
function ageMsOf(pid: string): number {
  const stat = readOrNothing(`/proc/${pid}/stat`)
  const startTicks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19])
  const upSeconds = Number(readOrNothing('/proc/uptime').split(' ')[0])
  return upSeconds * 1000 - startTicks * 10
}

/** A process may end while we look at it. */
function readOrNothing(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function listOrNothing(path: string): readonly string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}
