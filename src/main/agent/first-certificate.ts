import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createClient } from '#client/http.ts'
import { createHttpsTransport } from '#client/https-transport.ts'
import type { Config } from '#host/config.ts'
import { codeOf } from '#host/files.ts'
import { serverUrls } from '#host/join-settings.ts'
import type { Paths } from '#host/layout.ts'
import { bootstrapNode } from '#host/node-bootstrap.ts'
import { type BackoffOptions, backoff } from '#lib/backoff.ts'
import { type Clock, sleep } from '#lib/clock.ts'
import { isError, WherryError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'
import type { NodeCertificates } from './node-certificates.ts'
import { pem } from './pem-files.ts'

/**
 * Waits until the node has a client certificate: asks for one by the bootstrap token that "wherry join" left, again and again, with the reason in
 * the log. It comes to an end by itself once the cluster lets the node in, and no token is left then; `signal` ends it before. Throws
 * `Unauthorized` where there is neither certificate nor token, since nothing that the agent could do would change that.
 */
export async function firstCertificate(options: {
  readonly config: Config
  readonly where: Paths
  readonly certificates: Pick<NodeCertificates, 'has' | 'store'>
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly signal: AbortSignal
}): Promise<void> {
  const { config, where, certificates, clock, random, log, signal } = options
  for (let attempt = 0; !certificates.has(); attempt += 1) {
    const token = readToken(where)
    if (token === undefined)
      throw new WherryError(
        'Unauthorized',
        `this machine's certificate of the cluster at ${config.server} was lost or has ended, and there is no token to ask for another; "wherry join" with a new token gives it one`,
      )
    const transport = createHttpsTransport({ server: serverUrls(config), ca: pem(where, 'ca.crt'), token, clock, random })
    try {
      const client = createClient(transport, { fieldManager: 'wherry-agent' })
      await bootstrapNode({ client, where, nodeName: config.nodeName, store: certificates.store, clock, random, log, signal })
      log.info('the node got its first certificate of the cluster')
    } catch (error) {
      if (signal.aborted) throw error
      const why = isError(error, 'Unauthorized') ? 'its token is wrong or has ended: "wherry join" with a new one' : undefined
      log.error('the node is not let into the cluster; it is tried again', { error, ...(why !== undefined && { why }) })
      await sleep(clock, backoff(retry, attempt, random), signal)
    } finally {
      await transport.close()
    }
  }
  // Who was stopped between the certificate and this has left it.
  await rm(where.bootstrapToken, { force: true })
}

/** As with the certificates that follow. */
const retry: BackoffOptions = { initialMs: 2_000, factor: 2, maxMs: 32_000, jitter: 0.1 }

function readToken({ bootstrapToken }: Paths): string | undefined {
  try {
    return readFileSync(bootstrapToken, 'utf8').trim()
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}
