import { X509Certificate } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { Node } from '#api/core/v1/node.ts'
import type { Client } from '#client/client.ts'
import { createClient } from '#client/http.ts'
import { createHttpsTransport } from '#client/https-transport.ts'
import { systemClock } from '#host/clock.ts'
import { clusterFactsPlace, readClusterFacts } from '#host/cluster-facts.ts'
import { type Config, checkConfig, defaultConfig, readConfig, writeConfig } from '#host/config.ts'
import { type Layout, type Paths, paths } from '#host/layout.ts'
import { nodeCertificateStore } from '#host/node-bootstrap.ts'
import { writeAtomically } from '#host/pki/write-atomically.ts'
import { systemRandom } from '#host/random.ts'
import type { Clock } from '#lib/clock.ts'
import { isError, WherryError } from '#lib/errors.ts'
import type { Transport } from '#lib/http.ts'
import { parseToken } from './bootstrap-token.ts'
import { readClusterInfo } from './cluster-info.ts'
import { checkHashes, keyHash, trustedAuthority } from './trusted-authority.ts'

/** Which machine joins which cluster, and by what it knows it. */
export interface JoinOptions {
  readonly layout: Layout
  /** URLs of the API server, such as https://192.0.2.1:6443. The first is asked; all are kept for the agent. */
  readonly servers: readonly string[]
  /** Bootstrap token: `abcdef.0123456789abcdef`. */
  readonly token: string
  /** `sha256:` and the hash of the public key of the cluster's authority, as kubeadm has it; one of them has to be right. */
  readonly caCertHashes: readonly string[]
  readonly nodeName: string
  /** As the setting of this name: an address, or one of each family with a comma between them, the first is the node's own. */
  readonly nodeAddress: string
  /** Further settings of the machine's, over those that its file has. */
  readonly settings?: Partial<Config>
  /** How long a token may be unknown to the cluster's signer, which hears of a new one a moment after it was made; default 15 s. */
  readonly patienceMs?: number
  /** Absent: the machine's. */
  readonly clock?: Clock
}

/** What a machine was before it joined. */
export interface Joined {
  readonly config: Config
  /** Whether it has a certificate of the cluster already, so that it was joined before; then no token was kept. */
  readonly wasJoined: boolean
}

/**
 * Makes a machine's folder ready for its agent: finds the cluster's authority by its hash, checks by the token that the server is the cluster's, and
 * writes authority, token and `config.yaml`, which comes last: while it is missing, nothing counts as joined. Starts nothing.
 *
 * A machine that is joined already stays so: what the cluster says of itself is written anew, and a token is kept only if its certificate was lost
 * or has ended. Errors: `Conflict` for a machine of another cluster, or one under another name; `Unauthorized` for a token that the server
 * does not know (any more), `Forbidden` for a server that is not the pinned one, `ServiceUnavailable` where none answers, `BadRequest` for words that
 * cannot be right. Every text says what to do.
 */
export async function joinNode(options: JoinOptions): Promise<Joined> {
  const { layout, servers, nodeName, nodeAddress, clock = systemClock } = options
  const token = parseToken(options.token)
  checkHashes(options.caCertHashes)
  const where = paths(layout)
  const present = presentConfig(where, options)
  const [server] = servers
  if (server === undefined) throw new WherryError('BadRequest', 'the URL of the API server is missing, such as https://192.0.2.1:6443')
  const authority = await trustedAuthority({ server: new URL(server), hashes: options.caCertHashes, now: clock.now(), timeoutMs: 10_000 })
  const transport = createHttpsTransport({
    server,
    ca: authority,
    token: options.token.trim(),
    clock,
    random: systemRandom,
    requestTimeoutMs: 15_000,
  })
  try {
    const client = createClient(transport, { fieldManager: 'wherry' })
    await checkClock(transport, clock)
    const { ca } = await readClusterInfo(client, token, options.caCertHashes, { clock, withinMs: options.patienceMs ?? 15_000 })
    const { data } = await client.get(ConfigMap, clusterFactsPlace.name, clusterFactsPlace.namespace)
    const config = checkConfig(
      {
        ...(present ?? defaultConfig()),
        ...options.settings,
        ...readClusterFacts(data),
        nodeName,
        nodeAddress,
        server: servers.join(','),
      },
      where.config,
    )
    const wasJoined = nodeCertificateStore(where, nodeName, 'kubelet-client', () => ca, clock).read() !== undefined
    if (!wasJoined) await refuseTwin(client, nodeName)
    await writeAtomically(where.caCertificate, ca)
    if (!wasJoined) await writeAtomically(where.bootstrapToken, options.token.trim())
    writeConfig(where.config, config)
    return { config, wasJoined }
  } catch (error) {
    throw explained(error, server)
  } finally {
    await transport.close()
  }
}

const resetHint = '"wherry reset" removes what is left of it, then join again'

/** What the machine was until now. Undefined: nothing. */
function presentConfig(where: Paths, { nodeName, caCertHashes }: JoinOptions): Config | undefined {
  const present = readConfig(where.config)
  if (existsSync(join(where.pki, 'ca.key')) || (present !== undefined && present.server === undefined))
    throw new WherryError('Conflict', `this machine has a cluster of its own in ${where.pki}; ${resetHint}`)
  if (existsSync(where.caCertificate)) {
    const authorities = readFileSync(where.caCertificate, 'utf8').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
    if (!authorities.some((pem) => caCertHashes.includes(keyHash(new X509Certificate(pem)))))
      throw new WherryError(
        'Conflict',
        `this machine is a node of another cluster${present?.server === undefined ? '' : `, that of ${present.server}`}; ${resetHint}`,
      )
  }
  if (present !== undefined && present.nodeName !== nodeName)
    throw new WherryError(
      'Conflict',
      `this machine is node ${present.nodeName} of this cluster already, and cannot become ${nodeName}; ${resetHint}`,
    )
  return present
}

/** The server backdates what it signs by as much; a certificate that begins in the future serves nobody. */
const clockSkewMs = 5 * 60_000

async function checkClock(transport: Transport, clock: Clock): Promise<void> {
  const { headers } = await transport({ method: 'GET', path: '/version', headers: {} })
  const theirs = Date.parse(String(headers['date']))
  const skewMs = clock.now() - theirs
  if (Math.abs(skewMs) > clockSkewMs)
    throw new WherryError(
      'ServiceUnavailable',
      `this machine's clock is ${Math.round(Math.abs(skewMs) / 60_000)} minutes ${skewMs > 0 ? 'ahead of' : 'behind'} the server's: certificates would not serve; set the clock`,
    )
}

/** Two machines under one name would take the node from each other, again and again. */
async function refuseTwin(client: Client, nodeName: string): Promise<void> {
  let node: Node
  try {
    node = await client.get(Node, nodeName)
  } catch (error) {
    if (isError(error, 'NotFound')) return
    throw error
  }
  if (node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'))
    throw new WherryError(
      'Conflict',
      `the cluster has a node ${nodeName} that is ready; choose another --node-name, or, where this machine was that node, remove it first: kubectl delete node ${nodeName}`,
    )
}

/** What the server's short answers mean here. */
function explained(error: unknown, server: string): unknown {
  const more = '"wherry token create --print-join-command" on the server\'s machine makes a new one'
  if (isError(error, 'Unauthorized'))
    return new WherryError('Unauthorized', `${server} does not know this token: it is wrong or has ended; ${more}`, { cause: error })
  if (isError(error, 'Forbidden') && error.message.includes('system:bootstrap:'))
    return new WherryError('Forbidden', `this token may not be used to join a machine; ${more} (${error.message})`, { cause: error })
  if (isError(error, 'NotFound'))
    return new WherryError(
      'ServiceUnavailable',
      `${server} does not say what its cluster is like: ${error.message}; is it a Wherry server, as new as this machine's?`,
      {
        cause: error,
      },
    )
  return error
}
