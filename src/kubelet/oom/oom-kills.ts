/** One process that the kernel ended because memory ran out. */
export interface OomKill {
  readonly process: string
  readonly pid: number
  /** Memory of the whole machine ran out, and not that of one group. */
  readonly isSystem: boolean
}

/**
 * Reads the kernel's log line by line (mm/oom_kill.c): a report begins, and a line later on tells who was ended and whose limit was met. The line that
 * names both came with Linux 5.0 and names a group only where one was at its limit; before, two lines told. Gives what a line makes known.
 */
export function createOomReader(): (line: string) => OomKill | undefined {
  let open: { group: string } | undefined
  return (line) => {
    if (line.includes('invoked oom-killer:')) {
      open = { group: WHOLE_MACHINE }
      return undefined
    }
    if (open === undefined) return undefined
    const { group } = open
    const [, atLimit, process, pid] = summary.exec(line) ?? []
    if (atLimit !== undefined) {
      open = undefined
      return { process: process!, pid: Number(pid), isSystem: atLimit === WHOLE_MACHINE }
    }
    const [, limited] = legacyGroup.exec(line) ?? []
    if (limited !== undefined) open.group = limited
    const [, ended, name] = killed.exec(line) ?? []
    if (ended === undefined) return undefined
    open = undefined
    return { process: name!, pid: Number(ended), isSystem: group === WHOLE_MACHINE }
  }
}

/** The root of the groups. */
const WHOLE_MACHINE = '/'
const summary = /oom-kill:constraint=.*,oom_memcg=(.*),task_memcg=.*,task=(.*),pid=(\d+),uid=/
const legacyGroup = /Task in .* killed as a result of limit of (.*)/
const killed = /Killed process (\d+) \((.+?)\)/
