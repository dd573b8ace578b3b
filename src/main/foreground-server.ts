import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ForegroundServer } from '#cli/command.ts'
import { defaultConfig } from '#host/config.ts'
import { writeAtomically } from '#host/pki/write-atomically.ts'
import { serve } from './run-server.ts'

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
