import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { connectAsAdmin } from '#cli/connect.ts'
import { warm } from '#cli/up/warm.ts'
import { defaultConfig, writeConfig } from '#host/config.ts'
import { type Layout, paths } from '#host/layout.ts'
import { processEnvironment, processFlags, processProgram } from '#host/node-process.ts'

/** A server process as `wherry up` starts it, with folders and a port of its own and no node. */
export interface OwnServer {
  readonly pid: number
  readonly layout: Layout
  readonly url: string
  /** From the start of the process to the answer of `/readyz`. */
  readonly readyMs: number
  /** Ends it; its folders stay. */
  stop(signal?: NodeJS.Signals): Promise<void>
  /** Starts it again over what it kept. */
  restart(): Promise<OwnServer>
  /** Ends it and removes its folders. */
  remove(): Promise<void>
}

export async function startOwnServer(): Promise<OwnServer> {
  const directory = mkdtempSync(join(tmpdir(), 'wherry-bench-'))
  const layout = { dataDirectory: join(directory, 'data'), runDirectory: join(directory, 'run') }
  writeConfig(paths(layout).config, { ...defaultConfig(), nodeName: 'bench', apiPort: await freePort() })
  try {
    await warm(paths(layout).compileCache, ['server'], processEnvironment(layout))
    return await start(directory, layout)
  } catch (error) {
    rmSync(directory, { recursive: true, force: true })
    throw error
  }
}

async function start(directory: string, layout: Layout): Promise<OwnServer> {
  const logFile = join(directory, 'server.log')
  const log = openSync(logFile, 'a')
  const startedAt = performance.now()
  const child = spawn(process.execPath, [...processFlags('server'), processProgram('server')], {
    stdio: ['ignore', log, log],
    env: { ...process.env, ...processEnvironment(layout) },
  })
  closeSync(log)
  await answers(layout, child, logFile)
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill(signal)
    await once(child, 'exit')
  }
  const connection = connectAsAdmin(layout)
  connection.close()
  return {
    pid: child.pid!,
    layout,
    url: connection.server,
    readyMs: performance.now() - startedAt,
    stop,
    async restart() {
      await stop()
      return start(directory, layout)
    },
    async remove() {
      await stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

async function answers(layout: Layout, child: ChildProcess, logFile: string): Promise<void> {
  const until = performance.now() + 60_000
  while (performance.now() < until) {
    if (child.exitCode !== null) throw new Error(`the server ended at its start:\n${readFileSync(logFile, 'utf8')}`)
    try {
      const connection = connectAsAdmin(layout)
      try {
        const { status } = await connection.transport({ method: 'GET', path: '/readyz', headers: {}, signal: AbortSignal.timeout(1_000) })
        if (status === 200) return
      } finally {
        connection.close()
      }
    } catch {
      // Its certificates are not made yet, or its port is not open.
    }
    await delay(5)
  }
  throw new Error(`the server was not ready within a minute; see ${logFile}`)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0)
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
