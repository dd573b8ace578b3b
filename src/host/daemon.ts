import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { WherryError } from '#lib/errors.ts'
import { saveFile } from './save-file.ts'

/** A background process of ours, remembered in a file: its number, and when it started, since numbers are used again. */
export interface Daemon {
  readonly pid: number
  readonly startTicks: string
}

/** What is started, and where it is remembered. `env` is put over our own environment. */
export interface DaemonOptions {
  readonly command: string
  readonly args: readonly string[]
  readonly pidFile: string
  readonly logFile: string
  readonly env?: Readonly<Record<string, string>>
}

/** Starts a process that outlives us, in a session of its own, its output appended to the log file. */
export function startDaemon(options: DaemonOptions): Daemon {
  mkdirSync(dirname(options.pidFile), { recursive: true, mode: 0o700 })
  mkdirSync(dirname(options.logFile), { recursive: true, mode: 0o700 })
  const log = openSync(options.logFile, 'a', 0o600)
  try {
    const child = spawn(options.command, options.args, {
      detached: true,
      stdio: ['ignore', log, log],
      env: { ...process.env, ...options.env },
    })
    // A program that cannot be started has no number, which is said below; the event says it again.
    child.once('error', () => {})
    if (child.pid === undefined) throw new WherryError('NotFound', `cannot start ${options.command}`)
    child.unref()
    const daemon = { pid: child.pid, startTicks: startTicksOf(child.pid) ?? '' }
    // Whole or not at all: others look at it at any time.
    saveFile(options.pidFile, `${JSON.stringify(daemon)}\n`)
    return daemon
  } finally {
    closeSync(log)
  }
}

/** The process that the file names, if it still runs. A file that names a dead or a foreign process says nothing. */
export function findDaemon(pidFile: string): Daemon | undefined {
  let daemon: Daemon
  try {
    daemon = JSON.parse(readFileSync(pidFile, 'utf8')) as Daemon
  } catch {
    return undefined
  }
  return isRunning(daemon) ? daemon : undefined
}

/** Whether the process that was started then still is the one of this number. */
export const isRunning = (daemon: Daemon): boolean => startTicksOf(daemon.pid) === daemon.startTicks

/** TERM, then KILL once the grace is over. Resolves when the process is gone; the file goes with it. */
export async function stopDaemon(pidFile: string, graceMs = 10_000): Promise<boolean> {
  const daemon = findDaemon(pidFile)
  if (daemon) {
    signal(daemon, 'SIGTERM')
    if (!(await ended(daemon, graceMs))) {
      signal(daemon, 'SIGKILL')
      if (!(await ended(daemon, 5_000)))
        throw new WherryError('Timeout', `process ${daemon.pid} does not end, not even by SIGKILL: it hangs in the kernel`)
    }
  }
  rmSync(pidFile, { force: true })
  return daemon !== undefined
}

function signal(daemon: Daemon, name: NodeJS.Signals): void {
  try {
    process.kill(daemon.pid, name)
  } catch (error) {
    // It ended between the look and the signal: that is what was wanted.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

async function ended(daemon: Daemon, withinMs: number): Promise<boolean> {
  for (const until = Date.now() + withinMs; Date.now() < until; await delay(20)) if (!isRunning(daemon)) return true
  return !isRunning(daemon)
}

/** Field 22 of /proc/PID/stat (proc(5)); undefined for a process that is gone or only waits to be collected. */
function startTicksOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field is the program's name in brackets and may hold spaces.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
  } catch {
    return undefined
  }
}
