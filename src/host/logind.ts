import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { HeldShutdown, ShutdownInhibitor } from '#kubelet/shutdown/inhibitor.ts'
import { type Clock, sleep } from '#lib/clock.ts'
import { isError, WherryError } from '#lib/errors.ts'
import { run } from './run.ts'

export interface LogindOptions {
  readonly clock: Clock
  /** The node's own folder, by which its configuration of logind is known as its own. */
  readonly folder: string
  /** Programs of systemd, where they are not on the path. */
  readonly busctl?: string
  readonly systemdInhibit?: string
  /** For how long logind lets itself be held up; gone after a restart of the machine. */
  readonly configDirectory?: string
}

const service = ['org.freedesktop.login1', '/org/freedesktop/login1', 'org.freedesktop.login1.Manager'] as const
const callMs = 10_000

/**
 * Holds shutdowns up through systemd-logind (systemd documentation, "Inhibitor Locks"). The lock is a program that runs for as long as we want it: it
 * ends with our end of its input, so an agent that dies holds nothing up.
 */
export function logindInhibitor(options: LogindOptions): ShutdownInhibitor {
  const { clock, folder, busctl = 'busctl', systemdInhibit = 'systemd-inhibit', configDirectory = usualConfigDirectory } = options

  async function delayMs(): Promise<number> {
    try {
      const { stdout } = await run(busctl, ['get-property', ...service, 'InhibitDelayMaxUSec'], { timeoutMs: callMs })
      return Number(/^t (\d+)/.exec(stdout)?.[1] ?? 0) / 1000
    } catch (cause) {
      if (!isError(cause)) throw cause
      throw new WherryError('ServiceUnavailable', `systemd-logind does not answer: ${cause.message}`, { cause })
    }
  }

  /** Lets logind wait for as long as the pods were promised; it reads that anew, some time after it was told to. */
  async function allow(wantedMs: number): Promise<void> {
    if ((await delayMs()) >= wantedMs) return
    mkdirSync(configDirectory, { recursive: true, mode: 0o755 })
    const text = `${firstLine(folder)}[Login]\nInhibitDelayMaxSec=${Math.ceil(wantedMs / 1000)}\n`
    writeFileSync(configFileIn(configDirectory), text, { mode: 0o644 })
    await readAnew(busctl)
    for (let waitMs = 100; waitMs <= 1600; waitMs *= 2) {
      if ((await delayMs()) >= wantedMs) return
      await sleep(clock, waitMs)
    }
    throw new WherryError('Timeout', `systemd-logind waits for no more than ${await delayMs()} ms, and pods were promised ${wantedMs} ms`)
  }

  async function lock(): Promise<ChildProcess> {
    const why = ['--what=shutdown', '--mode=delay', '--who=kubelet', '--why=Kubelet needs time to handle node shutdown']
    const child = spawn(systemdInhibit, [...why, 'sh', '-c', 'echo held; exec cat >/dev/null'], { stdio: ['pipe', 'pipe', 'ignore'] })
    await new Promise<void>((resolve, reject) => {
      const failed = (cause?: Error) =>
        reject(new WherryError('ServiceUnavailable', `${systemdInhibit} gives no lock${cause ? `: ${cause.message}` : ''}`, { cause }))
      child.once('error', failed)
      child.once('close', () => failed())
      child.stdout.once('data', () => resolve())
    })
    child.stdin.on('error', () => child.kill())
    return child
  }

  return {
    async hold(wantedMs, onShutdown, onLost): Promise<HeldShutdown> {
      await allow(wantedMs)
      let held: ChildProcess | undefined = await lock()
      const match = `type='signal',interface='${service[2]}',member='PrepareForShutdown'`
      const monitor = spawn(busctl, ['monitor', '--json=short', `--match=${match}`], { stdio: ['ignore', 'pipe', 'ignore'] })
      let isClosed = false
      const lost = (error: unknown): void => {
        if (isClosed) return
        isClosed = true
        held?.stdin?.end()
        onLost(error)
      }
      monitor.once('error', lost)
      monitor.once('close', () => lost(new WherryError('ServiceUnavailable', `${busctl} monitor ended`)))
      createInterface(monitor.stdout).on('line', (line) => {
        const isBeginning = beginningOf(line)
        if (isBeginning !== undefined) onShutdown(isBeginning)
      })
      return {
        async release() {
          held?.stdin?.end()
          held = undefined
        },
        async renew() {
          held ??= await lock()
        },
        async close() {
          isClosed = true
          held?.stdin?.end()
          held = undefined
          monitor.kill()
        },
      }
    },
  }
}

/**
 * Has logind wait for no longer than before us, and says whether there was anything to take back. `folder`: a node's own, or one above those of
 * several nodes of the machine, any of which may have written it. A file of this name that none of them wrote stays: it is another kubelet's.
 */
export async function forgetShutdownDelay({
  folder,
  busctl = 'busctl',
  configDirectory = usualConfigDirectory,
}: Pick<LogindOptions, 'folder' | 'busctl' | 'configDirectory'>): Promise<boolean> {
  const file = configFileIn(configDirectory)
  if (!existsSync(file)) return false
  const text = readFileSync(file, 'utf8')
  if (!text.startsWith(firstLine(folder)) && !text.startsWith(`${writtenFor}${folder}/`)) return false
  rmSync(file, { force: true })
  await readAnew(busctl)
  return true
}

const usualConfigDirectory = '/run/systemd/logind.conf.d'
const writtenFor = '# Written for the pods of '
const firstLine = (folder: string): string => `${writtenFor}${folder}\n`
const configFileIn = (directory: string): string => `${directory}/99-kubelet.conf`

/** logind reads its configuration when it is sent a HUP. */
async function readAnew(busctl: string): Promise<void> {
  const manager = ['org.freedesktop.systemd1', '/org/freedesktop/systemd1', 'org.freedesktop.systemd1.Manager']
  await run(busctl, ['call', ...manager, 'KillUnit', 'ssi', 'systemd-logind.service', 'all', '1'], { timeoutMs: callMs })
}

/** What a line of `busctl monitor` says of a shutdown: that it begins, that it was called off, or nothing. */
function beginningOf(line: string): boolean | undefined {
  let message: { readonly member?: string; readonly payload?: { readonly data?: readonly unknown[] } }
  try {
    message = JSON.parse(line)
  } catch {
    // Beside messages the program prints words for people.
    return undefined
  }
  const said = message.payload?.data?.[0]
  return message.member === 'PrepareForShutdown' && typeof said === 'boolean' ? said : undefined
}
