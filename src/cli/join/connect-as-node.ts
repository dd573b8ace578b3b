import { readFileSync } from 'node:fs'
import type { Client } from '#client/client.ts'
import { createClient } from '#client/http.ts'
import { createHttpsTransport, type HttpsTransportOptions } from '#client/https-transport.ts'
import { systemClock } from '#host/clock.ts'
import type { Config } from '#host/config.ts'
import { serverUrls } from '#host/join-settings.ts'
import { type Layout, type Paths, paths } from '#host/layout.ts'
import { nodeCertificateStore } from '#host/node-bootstrap.ts'
import { systemRandom } from '#host/random.ts'
import { WherryError } from '#lib/errors.ts'

/** A way to the servers of the cluster that this machine joined. */
export interface NodeConnection {
  readonly client: Client
  close(): Promise<void>
}

/** Where the client certificate of a machine that joined stays. */
export const clientCertificateOf = (config: Config, where: Paths) =>
  nodeCertificateStore(where, config.nodeName, 'kubelet-client', () => readFileSync(where.caCertificate, 'utf8'), systemClock)

/** As the node itself, which may look at its own Node. Throws `Unauthorized` for a machine whose certificate was lost or has ended. */
export function connectAsNode(layout: Layout, config: Config): NodeConnection {
  const where = paths(layout)
  const pair = clientCertificateOf(config, where).read()
  if (pair === undefined)
    throw new WherryError(
      'Unauthorized',
      `this machine has no certificate of the cluster at ${config.server} that serves; "wherry join" with a new token gives it one`,
    )
  return connectBy(config, where, pair)
}

/** By a certificate, or a token. Opens nothing before the first call. */
export function connectBy(config: Config, where: Paths, who: Pick<HttpsTransportOptions, 'token' | 'certificate' | 'key'>): NodeConnection {
  const transport = createHttpsTransport({
    server: serverUrls(config),
    ca: readFileSync(where.caCertificate, 'utf8'),
    ...who,
    clock: systemClock,
    random: systemRandom,
  })
  return { client: createClient(transport, { fieldManager: 'wherry' }), close: () => transport.close() }
}
