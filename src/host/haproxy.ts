import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { chmod, copyFile, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { type Clock, sleep } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'
import { defaultTimeouts, type ProxySettings } from '#router/haproxy/configuration.ts'
import { backendFolder, configurationFolders, mainFile } from '#router/haproxy/configuration-files.ts'
import type { ProxyHost } from '#router/haproxy/proxy-host.ts'
import { findDaemon, startDaemon, stopDaemon } from './daemon.ts'
import { receiveLog } from './haproxy-log.ts'
import { portHolder } from './haproxy-ports.ts'
import { askHaproxy } from './haproxy-socket.ts'
import { makeCertificate } from './pki/certificate.ts'
import { certificateEndMs } from './pki/certificate-state.ts'
import { writeAtomically } from './pki/write-atomically.ts'
import { run } from './run.ts'

/** Where a HAProxy of ours keeps everything, by whole paths. */
export interface HaproxyPlaces {
  /** Configuration, maps and certificates. Private keys are among them: mode 0700. */
  readonly directory: string
  /** Sockets, the empty folder that workers are shut up in, and what the process was last brought to. */
  readonly runDirectory: string
  readonly pidFile: string
  /** Access log: a JSON object a request. One former file is kept beside it. */
  readonly accessLog: string
  /** What the program says of itself. */
  readonly programLog: string
}

export interface HaproxyOptions extends HaproxyPlaces {
  readonly clock: Clock
  readonly log: Log
  /** Absent: `haproxy` of the search path. */
  readonly program?: string
  /** When the access log begins anew. */
  readonly logLimitBytes?: number
}

/** The sockets of a place, for the configuration that is written for it. */
export const haproxySockets = ({ runDirectory }: Pick<HaproxyPlaces, 'runDirectory'>) => ({
  adminSocket: join(runDirectory, 'admin.sock'),
  masterSocket: join(runDirectory, 'master.sock'),
  metricsSocket: join(runDirectory, 'metrics.sock'),
  /** Empty but for the socket of the log: workers see nothing else of the machine's files. */
  confinedDirectory: join(runDirectory, 'confined'),
  logSocket: join(runDirectory, 'confined', 'log.sock'),
})

/** How a HAProxy at these places is configured: workers run as the user of Debian's package, and see none of the machine's files. */
export function haproxySettings(places: HaproxyPlaces, addresses: readonly string[]): ProxySettings {
  const { adminSocket, metricsSocket, confinedDirectory } = haproxySockets(places)
  return {
    addresses,
    directory: places.directory,
    adminSocket,
    metricsSocket,
    logSocket: '/log.sock',
    inner: { bound: confinedDirectory, reached: '' },
    confinement: { directory: confinedDirectory, user: 'haproxy', group: 'haproxy' },
    // Two buffers of 16 KiB each: 320 MB where all are busy at once.
    maxConnections: 10_000,
    timeouts: defaultTimeouts,
  }
}

/**
 * HAProxy as a process of its own that outlives us: a master that reads the configuration, and a worker that serves. A new worker takes the sockets
 * over from the old one, which ends with its last connection.
 */
export function createHaproxyHost(options: HaproxyOptions): ProxyHost & { close(): Promise<void> } {
  const { directory, runDirectory, pidFile, accessLog, programLog, clock, log, program = 'haproxy' } = options
  const { adminSocket, masterSocket, confinedDirectory, logSocket } = haproxySockets(options)
  const appliedFile = join(runDirectory, 'applied')
  const trial = `${directory}.trial`
  const listeners = new Set<() => void>()
  /** What stands in each file, so that the many that stay are not read again. */
  const written = new Map<string, string>()
  let isClosed = false
  let line: Socket | undefined
  let receiver: Promise<{ close(): Promise<void> }> | undefined
  let isStopping = false

  /** Held open, so that the end of the process is heard at once. A reload cuts it as well. */
  function listenForEnd(): void {
    if (isClosed || line !== undefined) return
    const socket = connect(masterSocket)
    line = socket
    socket.unref()
    socket.once('connect', () => socket.write('prompt\n'))
    socket.resume()
    socket.on('error', () => {})
    socket.once('close', () => {
      line = undefined
      if (isClosed || isStopping) return
      clock.schedule(clock.now() + 100, () => {
        if (isClosed || isStopping || line !== undefined) return
        if (findDaemon(pidFile) !== undefined) listenForEnd()
        else for (const listener of listeners) listener()
      })
    })
  }

  const workerPid = async (): Promise<number | undefined> => {
    try {
      return Number(/^Pid: (\d+)$/m.exec(await askHaproxy(adminSocket, 'show info', 5_000))?.[1])
    } catch {
      // Nobody listens yet, or no more.
      return undefined
    }
  }

  /** What the master says of itself; undefined while it begins anew. */
  const masterState = async (): Promise<MasterState | undefined> =>
    readMasterState(await askHaproxy(masterSocket, 'show proc', 5_000).catch(() => ''))

  /** Until the former worker takes no connection any more, it may still answer by what held before. */
  async function isLeaving(worker: number | undefined, until: number): Promise<void> {
    if (worker === undefined) return
    while (clock.monotonicMs() < until) {
      const said = await askHaproxy(masterSocket, `@!${worker} show info`, 5_000).catch(() => '')
      // No answer: it is gone, or the master begins anew, and then it knows.
      if (/^Stopping: 1$/m.test(said) || (said !== '' && !/^Pid:/m.test(said)) || !existsSync(`/proc/${worker}`)) return
      await sleep(clock, 10)
    }
  }

  async function prepare(): Promise<void> {
    await mkdir(runDirectory, { recursive: true, mode: 0o700 })
    await mkdir(confinedDirectory, { recursive: true, mode: 0o755 })
    // Of a trial that was cut short: keys of users are among it.
    await rm(trial, { recursive: true, force: true })
    await prepareFolder(directory)
    await ensureDefaultCertificate(join(directory, 'certificates', 'default.pem'), clock)
  }

  /** What a running proxy has of us: somebody who keeps its log, and hears of its end. */
  async function attach(): Promise<void> {
    listenForEnd()
    receiver ??= receiveLog({
      socket: logSocket,
      file: accessLog,
      limitBytes: options.logLimitBytes ?? logLimitBytes,
      onError: (error) => log.warn('a part of the access log is lost', { file: accessLog, error }),
    })
    try {
      await receiver
    } catch (error) {
      // A full disk is no reason not to serve; the next change tries again.
      receiver = undefined
      log.warn('nobody keeps the access log', { file: accessLog, error })
    }
  }

  async function detach(): Promise<void> {
    line?.destroy()
    const last = receiver
    receiver = undefined
    await (await last)?.close()
  }

  async function start(): Promise<void> {
    isStopping = false
    await prepare()
    await stopDaemon(pidFile, 0)
    // It grows by some lines a reload only.
    if ((statSync(programLog, { throwIfNoEntry: false })?.size ?? 0) > programLogLimitBytes) rmSync(programLog, { force: true })
    startDaemon({ command: program, args: ['-W', ...filesIn(directory), '-S', `${masterSocket},mode,600`], pidFile, logFile: programLog })
    const until = clock.monotonicMs() + startMs
    while ((await workerPid()) === undefined) {
      if (findDaemon(pidFile) === undefined || clock.monotonicMs() > until) {
        await stopDaemon(pidFile, 0)
        throw new WherryError('ServiceUnavailable', `haproxy does not start: ${await complaint()}`)
      }
      await sleep(clock, 20)
    }
    await attach()
  }

  return {
    isRunning: () => findDaemon(pidFile) !== undefined,
    applied() {
      try {
        return readFileSync(appliedFile, 'utf8') || undefined
      } catch {
        return undefined
      }
    },
    noteApplied(mark) {
      if (mark === undefined) rmSync(appliedFile, { force: true })
      else {
        mkdirSync(runDirectory, { recursive: true, mode: 0o700 })
        writeFileSync(appliedFile, mark, { mode: 0o600 })
      }
    },
    async writeFiles(files) {
      await prepare()
      await attach()
      for (const [name, text] of files) {
        if (written.get(name) === text) continue
        await write(join(directory, name), text)
        written.set(name, text)
      }
      for (const folder of configurationFolders)
        for (const name of await readdir(join(directory, folder))) {
          const path = `${folder}/${name}`
          if (files.has(path) || path === 'certificates/default.pem') continue
          await rm(join(directory, path), { force: true })
          written.delete(path)
        }
    },
    start,
    async adopt() {
      await prepare()
      await attach()
    },
    async reload() {
      const daemon = findDaemon(pidFile)
      if (daemon === undefined) throw new WherryError('ServiceUnavailable', 'haproxy is not running')
      // Whoever started it told it of other files, and those are what it would read again.
      if (!commandOf(daemon.pid).includes(join(directory, backendFolder))) return start()
      const until = clock.monotonicMs() + reloadMs
      const refuse = async (): Promise<never> => {
        throw new WherryError('Invalid', `haproxy refuses its configuration and goes on with the former one: ${await complaint()}`)
      }
      let before = await masterState()
      for (; before === undefined; before = await masterState()) {
        if (findDaemon(pidFile) === undefined || clock.monotonicMs() > until) return refuse()
        await sleep(clock, 20)
      }
      process.kill(daemon.pid, 'SIGUSR2')
      for (let look = 1; ; look += 1) {
        await sleep(clock, 20)
        const now = await masterState()
        if (now !== undefined && now.failed > before.failed) return refuse()
        // A master that was busy may have missed it. One that heard it must not hear it twice: what the first new worker is told would be lost.
        if (now?.reloads === before.reloads && look % askAgainLooks === 0) process.kill(daemon.pid, 'SIGUSR2')
        if (now !== undefined && now.worker !== before.worker && (await workerPid()) === now.worker) return isLeaving(before.worker, until)
        if (findDaemon(pidFile) === undefined || clock.monotonicMs() > until) return refuse()
      }
    },
    async refusal(filesAt) {
      try {
        // Of one that was cut short: the program reads every file that it finds.
        await rm(trial, { recursive: true, force: true })
        await prepareFolder(trial)
        await copyFile(join(directory, 'certificates', 'default.pem'), join(trial, 'certificates', 'default.pem'))
        for (const [name, text] of await filesAt(trial)) await write(join(trial, name), text)
        const { code, stdout, stderr } = await check(trial)
        return code === 0 ? undefined : haproxyWords(`${stdout}${stderr}`)
      } finally {
        await rm(trial, { recursive: true, force: true })
      }
    },
    async stop() {
      isStopping = true
      await stopHaproxy({ pidFile })
      await detach()
      // Keys of users are kept no longer than they are shown.
      await rm(join(directory, 'certificates'), { recursive: true, force: true })
      written.clear()
    },
    command: (text) => askHaproxy(adminSocket, text),
    async portHolder(address, port) {
      const daemon = findDaemon(pidFile)
      return portHolder(address, port, (pid) => daemon !== undefined && (pid === daemon.pid || parentOf(pid) === daemon.pid))
    },
    onExit(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async close() {
      isClosed = true
      await detach()
    },
  }

  function check(of: string) {
    return run(program, ['-c', ...filesIn(of)], { accept: [1], timeoutMs: 60_000 })
  }

  /** The check says best what is wrong; what it does not see (a port in use) stands in the last lines that the program said. */
  async function complaint(): Promise<string> {
    const { code, stdout, stderr } = await check(directory)
    const said = code === 0 ? lastLines(programLog) : `${stdout}${stderr}`
    return said
      .split('\n')
      .filter((text) => /ALERT|error|cannot/i.test(text))
      .slice(0, 8)
      .join('\n')
      .slice(0, 4_096)
  }
}

/** Ends a HAProxy that was left to itself, and all of its connections. What it kept in its folders stays. */
export const stopHaproxy = async ({ pidFile }: Pick<HaproxyPlaces, 'pidFile'>): Promise<boolean> => stopDaemon(pidFile, 5_000)

/** What HAProxy is told to read. */
const filesIn = (directory: string): readonly string[] => ['-f', join(directory, mainFile), '-f', join(directory, backendFolder)]

const startMs = 60_000
const reloadMs = 120_000
const askAgainLooks = 250
const logLimitBytes = 64 << 20
const programLogLimitBytes = 1 << 20

/** Of a configuration. Private keys are in it, so nobody else may look. */
async function prepareFolder(directory: string): Promise<void> {
  for (const name of configurationFolders) await mkdir(join(directory, name), { recursive: true, mode: 0o700 })
  await chmod(directory, 0o700)
}

/** Shown where no certificate of a user's is for the name that was asked for. Renewed a month before its end, at the next start or reload. */
async function ensureDefaultCertificate(path: string, clock: Clock): Promise<void> {
  const dayMs = 86_400_000
  const now = clock.now()
  try {
    const text = readFileSync(path, 'utf8')
    if (certificateEndMs(text) > now + 30 * dayMs) return
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  const pair = makeCertificate({
    commonName: 'wherry router default certificate',
    usage: 'server',
    notBefore: now - 300_000,
    notAfter: now + 365 * dayMs,
  })
  await writeAtomically(path, `${pair.certificate}${pair.key}`)
}

function lastLines(path: string): string {
  try {
    return readFileSync(path, 'utf8').split('\n').slice(-30).join('\n')
  } catch {
    return ''
  }
}

/** Whole or not at all, but without waiting for the disk: after a crash of the machine everything is written anew, and there may be thousands. */
async function write(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text, { mode: 0o600 })
  await rename(`${path}.new`, path)
}

/** What a process was called with (proc(5)); nothing, where it is gone. */
function commandOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return []
  }
}

/** What HAProxy says against a configuration, without numbers, times and places of ours: `[ALERT]  (71) : config : parsing [/x/haproxy.cfg:8] : …`. */
export function haproxyWords(said: string): string {
  const words = said
    .split('\n')
    .filter((line) => line.startsWith('[ALERT]'))
    .map((line) => line.replace(/^\[ALERT\]\s*\(\d+\) : (config : )?/, '').replace(/\[?\/[^\s\]']*\/([^\s\]'/]+)\]? ?:? ?/g, ''))
    .filter((line) => !/^(Error\(s\) found|Fatal errors found)/.test(line))
    .map((line) => line.replace(/^parsing\s+:?\s*/, '').trim())
  return [...new Set(words)].slice(0, 3).join('; ').slice(0, 512) || 'it gives no reason'
}

/** Field 4 of /proc/PID/stat (proc(5)). */
function parentOf(pid: number): number | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    return undefined
  }
}

interface MasterState {
  readonly reloads: number
  /** Reloads that it gave up. */
  readonly failed: number
  /** The one that takes new connections. */
  readonly worker: number | undefined
}

/** The answer to `show proc` (HAProxy's management guide): a line a process with its number, kind, and how often it was reloaded. */
export function readMasterState(text: string): MasterState | undefined {
  const [, reloads, failed] = /^\d+\s+master\s+(\d+) \[failed: (\d+)\]/m.exec(text) ?? []
  if (reloads === undefined) return undefined
  const [, worker] = /^(\d+)\s+worker\s+0\s/m.exec(text) ?? []
  return { reloads: Number(reloads), failed: Number(failed), worker: worker === undefined ? undefined : Number(worker) }
}
