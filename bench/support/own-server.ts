import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
  try {
    await warm(paths(layout).compileCache, ['server'], processEnvironment(layout))
    return await start(directory, layout)
  } catch (error) {
    rmSync(directory, { recursive: true, force: true })
    throw error
  }
}

async function start(directory: string, layout: Layout): Promise<Server> {
  const logFile = join(directory, 'server.log')
  const log = openSync(logFile, 'a')
  const startedAt = performance.now()
  const child = spawn(process.execPath, [...processFlags('server'), processProgram('server')], {
    stdio: ['ignore', log, log],
    env: { ...process.env, ...processEnvironment(layout) },
  })
  closeSync(log)
  const target = (): Target => adminTarget(layout)
  await untilReady(target, () => (child.exitCode === null ? undefined : `the server ended at its start:\n${readFileSync(logFile, 'utf8')}`))
  return {
    pids: [child.pid!],
    target: exemptTarget(layout),
    startedAt,
    readyMs: performance.now() - startedAt,
    async restart(signal = 'SIGTERM') {
      await stop(child, signal)
      return start(directory, layout)
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
  const read = (name: string): string => readFileSync(join(pki, name), 'utf8')
  return { url: serverUrl(readConfig(config)!), ca: read('ca.crt'), certificate: read('admin.crt'), key: read('admin.key') }
}

/**
 * The same as a member of `system:masters`, as the reference's driver is: such requests are exempt from priority and fairness, which is not what
 * is measured.
 */
function exemptTarget(layout: Layout): Target {
  const target = adminTarget(layout)
  const key = readFileSync(join(paths(layout).pki, 'ca.key'), 'utf8')
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
