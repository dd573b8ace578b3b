import { mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { ForegroundServer } from '#cli/command.ts'
import { warm } from '#cli/up/warm.ts'
import { defaultConfig } from '#host/config.ts'
import { processEnvironment, processFlags, processProgram } from '#host/node-process.ts'
import { writeAtomically } from '#host/pki/write-atomically.ts'
import { serve } from './run-server.ts'

/**
 * Turns this process into the server that `wherry server` asks for: the same one, so that signals and exit code are its own, but with the
 * options of Node that a server wants, which can only be given at its start.
 */
export async function becomeServer(options: ForegroundServer): Promise<void> {
  const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'wherry')
  const environment = {
    ...processEnvironment({ dataDirectory: options.dataDirectory, runDirectory: options.dataDirectory }),
    NODE_COMPILE_CACHE: cache,
  }
  await warm(cache, ['server'], environment)
  process.execve!(process.execPath, [process.execPath, ...processFlags('server'), processProgram('server')], {
    ...process.env,
    ...environment,
    // Not among the arguments: those are everybody's to read, and the token is among them.
    [variable]: JSON.stringify(options),
  })
}

const variable = 'WHERRY_FOREGROUND_SERVER'

/** What `becomeServer` was called with, in the process that it became. */
export function foregroundOptions(env: Readonly<Record<string, string | undefined>>): ForegroundServer | undefined {
  const text = env[variable]
  return text === undefined ? undefined : (JSON.parse(text) as ForegroundServer)
}

/** A control plane of its own in one folder, for tests, measurements and embedding. */
export async function foregroundServer(options: ForegroundServer): Promise<void> {
  const { dataDirectory: data, adminToken, controllers, scheduler } = options
  const inData = (name: string): string => join(data, name)
  mkdirSync(data, { recursive: true, mode: 0o700 })
  await serve({
    config: { ...defaultConfig(), apiPort: options.port },
    pki: inData('pki'),
    store: inData('store.db'),
    identity: inData('identity'),
    host: options.host === '' ? undefined : options.host,
    port: options.port,
    components: [...(controllers ? (['controllers'] as const) : []), ...(scheduler ? (['scheduler'] as const) : [])],
    allowAnonymous: options.allowAnonymous,
    authenticationConfig: options.authenticationConfig,
    authorizationConfig: options.authorizationConfig,
    tokenWebhookConfig: options.tokenWebhookConfig,
    auditPolicy: options.auditPolicy,
    auditLog: options.auditLog,
    tracingConfig: options.tracingConfig,
    flags: flagsOf(options),
    staticTokens: adminToken === undefined ? {} : { [adminToken]: admin },
    // Before the port opens: whoever waits for the port finds the file.
    onReady: (pki) => writeAtomically(inData('ca.crt'), pki.clusterCa.certificate),
  })
}

/** For `/flagz`: everything but the token. */
const flagsOf = ({ adminToken: _adminToken, ...options }: ForegroundServer): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(options).map(([name, value]) => [name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`), String(value)]),
  )

const admin = { name: 'kubernetes-admin', groups: ['system:masters'] }
