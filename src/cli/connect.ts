import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Client } from '#client/client.ts'
import { createClient } from '#client/http.ts'
import { createHttpsTransport } from '#client/https-transport.ts'
import { systemClock } from '#host/clock.ts'
import { type Config, readConfig } from '#host/config.ts'
import { isJoined } from '#host/join-settings.ts'
import { type Layout, paths } from '#host/layout.ts'
import { systemRandom } from '#host/random.ts'
import { WherryError } from '#lib/errors.ts'
import type { Transport } from '#lib/http.ts'

/** The administrator's connection to this machine's API server. Opens nothing before the first call. */
export interface Connection {
  readonly client: Client
  readonly transport: Transport
  readonly config: Config
  readonly server: string
  close(): void
}

export function connectAsAdmin(layout: Layout): Connection {
  const { config: file, pki } = paths(layout)
  const config = readConfig(file)
  if (config && isJoined(config))
    throw new WherryError(
      'ServiceUnavailable',
      `this machine is node ${config.nodeName} of the cluster at ${config.server}, and its administrator is elsewhere: ask on the server's machine`,
    )
  if (!config || !existsSync(join(pki, 'admin.crt')))
    throw new WherryError('ServiceUnavailable', 'there is no cluster on this machine yet; "wherry up" makes one')
  const read = (name: string): string => readFileSync(join(pki, name), 'utf8')
  const server = serverUrl(config)
  const transport = createHttpsTransport({
    server,
    ca: read('ca.crt'),
    certificate: read('admin.crt'),
    key: read('admin.key'),
    clock: systemClock,
    random: systemRandom,
  })
  return { client: createClient(transport, { fieldManager: 'wherry' }), transport, config, server, close: () => transport.close() }
}

/** Where people and programs of this machine reach the API server. */
export const serverUrl = (config: Config): string => `https://127.0.0.1:${config.apiPort}`
