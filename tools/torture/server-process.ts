import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createHttpsTransport } from '#client/https-transport.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import { openSqliteStore } from '#store/sqlite.ts'

/** An API server in a process of its own, over a store on disk: the form that users start by `wherry server`. */
export interface ServerProcess {
  readonly port: number
  readonly token: string
  /** PEM; there after the first start. */
  ca(): string
  /** Resolves once `/readyz` answers 200. */
  start(): Promise<void>
  /** At once, as the kernel or a power cut ends a process. */
  kill(): Promise<void>
  /** Of a server that does not run: forgets all history, so that every watch from before gets 410. */
  forgetHistory(): Promise<void>
  /** What it said so far. */
  log(): string
}

/** `directory` holds everything that it makes. It starts nothing yet. */
export async function createServerProcess(directory: string): Promise<ServerProcess> {
  const port = await freePort()
  const token = systemRandom.uuid()
  const data = join(directory, 'data')
  const logFile = join(directory, 'server.log')
  const caFile = join(data, 'ca.crt')
  let child: ChildProcess | undefined

  async function isReady(): Promise<boolean> {
    if (!existsSync(caFile)) return false
    const ca = readFileSync(caFile, 'utf8')
    const transport = createHttpsTransport({ server: `https://127.0.0.1:${port}`, ca, clock: systemClock, random: systemRandom })
    try {
      const { status } = await transport({ method: 'GET', path: '/readyz', headers: {}, signal: AbortSignal.timeout(10_000) })
      return status === 200
    } catch {
      // Its port is not open yet: what is waited for.
      return false
    } finally {
      await transport.close()
    }
  }

  return {
    port,
    token,
    ca: () => readFileSync(caFile, 'utf8'),
    async start() {
      const log = openSync(logFile, 'a')
      const words = ['server', '--components', 'apiserver', '--listen', `127.0.0.1:${port}`, '--data', data, '--admin-token', token]
      const started = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, ...words], { stdio: ['ignore', log, log] })
      closeSync(log)
      child = started
      for (const until = performance.now() + 180_000; !(await isReady()); await new Promise((resolve) => setTimeout(resolve, 25))) {
        if (started.exitCode !== null || performance.now() > until)
          throw new Error(`the server did not start:\n${readFileSync(logFile, 'utf8').slice(-3_000)}`)
      }
    },
    async kill() {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
    async forgetHistory() {
      const store = await openSqliteStore({ path: join(data, 'store.db') })
      try {
        await store.compact(await store.revision())
      } finally {
        await store.close()
      }
    },
    log: () => (existsSync(logFile) ? readFileSync(logFile, 'utf8') : ''),
  }
}

const program = fileURLToPath(new URL('../../src/main/wherry.ts', import.meta.url))

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
