import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from './free-port.ts'
import { type Server, type StartServer, untilReady } from './server.ts'

/**
 * The original control plane, by the program `up` in a folder of tools: `up start [--keep] --nowait` starts it, `up stop` ends it. It leaves
 * `procs` (lines "name pid"), `ca.crt`, `admin.crt` and `admin.key` in the folder that REFERENCE_DIR names. Throws where it is not built.
 * `options` go to every start: with `--fast` its controllers and scheduler wait for no rate limit of their own.
 */
export function referenceServer(tools: string, ...options: readonly string[]): StartServer {
  const up = join(tools, 'up')
  if (!existsSync(up)) throw new Error(`--beside ${tools}: there is no program "up" in it`)
  return async () => {
    const directory = mkdtempSync(join(tmpdir(), 'wherry-bench-reference-'))
    const port = await freePorts(portsTaken)
    const environment = { ...process.env, REFERENCE_DIR: directory, REFERENCE_PORT: String(port) }
    const run = (...words: string[]): void => void execFileSync(up, words, { env: environment, stdio: ['ignore', 'ignore', 'inherit'] })
    // The first start makes certificates, which is not what is measured.
    run('start', '--nowait')
    run('stop')
    const start = async (...words: string[]): Promise<Server> => {
      run('start', '--nowait', ...options, ...words)
      const processes = readFileSync(join(directory, 'procs'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => line.split(' ') as [name: string, pid: string])
      const pids = processes.map(([, pid]) => Number(pid))
      const startedAt = startOf(pids[0]!)
      const read = (name: string): string => readFileSync(join(directory, name), 'utf8')
      const target = {
        url: `https://127.0.0.1:${port}`,
        ca: read('ca.crt'),
        certificate: read('admin.crt'),
        key: read('admin.key'),
      }
      try {
        await untilReady(
          () => target,
          () => (pids.every((pid) => existsSync(`/proc/${pid}`)) ? undefined : `the reference ended at its start; see ${directory}/logs`),
        )
      } catch (error) {
        // The rest of it would go on; its logs stay, to be read.
        run('stop')
        throw error
      }
      return {
        pids,
        storePids: pids.filter((_, index) => processes[index]![0] === 'etcd'),
        target,
        startedAt,
        readyMs: performance.now() - startedAt,
        async restart(signal = 'SIGTERM') {
          if (signal === 'SIGKILL') for (const pid of pids) process.kill(pid, signal)
          run('stop')
          return start('--keep')
        },
        async remove() {
          run('stop')
          rmSync(directory, { recursive: true, force: true })
        },
      }
    }
    return start()
  }
}

/** The API server's, and those after it for the store, the controllers and the scheduler. */
const portsTaken = 6

/** When a process started, on `performance.now()`'s scale: field 22 of proc(5) counts hundredths of a second since the machine's start. */
function startOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const startedTicks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19])
  const upSeconds = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0])
  return performance.now() - (upSeconds * 1000 - startedTicks * 10)
}
