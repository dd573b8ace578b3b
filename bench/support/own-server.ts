import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { serverUrl } from '#cli/connect.ts'
import { warm } from '#cli/up/warm.ts'
import { defaultConfig, readConfig, writeConfig } from '#host/config.ts'
import { type Layout, paths } from '#host/layout.ts'
import { processEnvironment, processFlags, processProgram } from '#host/node-process.ts'
import { makeCertificate } from '#host/pki/certificate.ts'
import type { Target } from '../load/load.ts'
import { freePorts } from './free-port.ts'
import { type Server, untilReady } from './server.ts'

/** A server process as `wherry up` starts it, with folders and a port of its own. */
export async function startOwnServer(): Promise<Server> {
  const directory = mkdtempSync(join(tmpdir(), 'wherry-bench-'))
  const layout = { dataDirectory: join(directory, 'data'), runDirectory: join(directory, 'run') }
  writeConfig(paths(layout).config, { ...defaultConfig(), nodeName: 'bench', apiPort: await freePorts() })
  const environment = processEnvironment(layout)
  return startIn({
    directory,
    prepare: () => warm(paths(layout).compileCache, ['server'], environment),
    words: [...processFlags('server'), processProgram('server')],
    environment,
    target: () => adminTarget(layout),
    pki: paths(layout).pki,
  })
}

/** The API server and the scheduler without any controller, as `wherry server` starts them. */
export async function startOwnScheduling(): Promise<Server> {
  const directory = mkdtempSync(join(tmpdir(), 'wherry-bench-'))
  const data = join(directory, 'data')
  const pki = join(data, 'pki')
  const address = `127.0.0.1:${await freePorts()}`
  const program = fileURLToPath(new URL('../../src/main/wherry.ts', import.meta.url))
  return startIn({
    directory,
    words: [program, 'server', '--data', data, '--listen', address, '--components', 'apiserver,scheduler'],
    // It warms a compile cache there.
    environment: { XDG_CACHE_HOME: join(directory, 'cache') },
    target: () => targetOf(`https://${address}`, pki),
    pki,
  })
}

interface Start {
  /** Of everything; it goes with the server. */
  readonly directory: string
  readonly prepare?: () => Promise<unknown> | undefined
  /** Node's arguments. */
  readonly words: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  /** Throws while its certificates are not made. */
  readonly target: () => Target
  readonly pki: string
}

async function startIn(options: Start): Promise<Server> {
  try {
    await options.prepare?.()
    return await start(options)
  } catch (error) {
    rmSync(options.directory, { recursive: true, force: true })
    throw error
  }
}

async function start(options: Start): Promise<Server> {
  const { directory, words, environment, target, pki } = options
  const logFile = join(directory, 'server.log')
  const log = openSync(logFile, 'a')
  const startedAt = performance.now()
  const child = spawn(process.execPath, [...words], { stdio: ['ignore', log, log], env: { ...process.env, ...environment } })
  closeSync(log)
  await untilReady(target, () => (child.exitCode === null ? undefined : `the server ended at its start:\n${readFileSync(logFile, 'utf8')}`))
  return {
    pids: [child.pid!],
    storePids: [],
    target: exemptTarget(target(), pki),
    startedAt,
    readyMs: performance.now() - startedAt,
    async restart(signal = 'SIGTERM') {
      await stop(child, signal)
      return start(options)
    },
    async remove() {
      await stop(child, 'SIGTERM')
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** The administrator's way to the server of this layout. Throws while its certificates are not made. */
export function adminTarget(layout: Layout): Target {
  const { config, pki } = paths(layout)
  return targetOf(serverUrl(readConfig(config)!), pki)
}

function targetOf(url: string, pki: string): Target {
  const read = (name: string): string => readFileSync(join(pki, name), 'utf8')
  return { url, ca: read('ca.crt'), certificate: read('admin.crt'), key: read('admin.key') }
}

/**
 * The same as a member of `system:masters`, as the reference's driver is: such requests are exempt from priority and fairness, which is not what
 * is measured.
 */
function exemptTarget(target: Target, pki: string): Target {
  const key = readFileSync(join(pki, 'ca.key'), 'utf8')
  const now = Date.now()
  const request = {
    commonName: 'bench',
    organizations: ['system:masters'],
    usage: 'client',
    notBefore: now - 60_000,
    notAfter: now + 86_400_000,
  } as const
  return { ...target, ...makeCertificate(request, { certificate: target.ca, key }) }
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill(signal)
  await once(child, 'exit')
}
