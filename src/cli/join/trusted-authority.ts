import { createHash, type X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { checkServerIdentity, connect, type TLSSocket } from 'node:tls'
import { WherryError } from '#lib/errors.ts'

/** kubeadm's form of a pin: the hash of the authority's public key (SPKI, RFC 7469), so that a renewed certificate of the same key keeps it. */
export const keyHash = (certificate: X509Certificate): string =>
  `sha256:${createHash('sha256')
    .update(certificate.publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')}`

/** Throws `BadRequest` where a hash cannot be one. */
export function checkHashes(hashes: readonly string[]): void {
  if (hashes.length === 0)
    throw new WherryError('BadRequest', "the hash of the cluster's CA certificate is missing: nothing else tells its server from another")
  for (const hash of hashes)
    if (!/^sha256:[0-9a-f]{64}$/.test(hash))
      throw new WherryError(
        'BadRequest',
        `the CA certificate hash ${JSON.stringify(hash)} must be sha256: and 64 hexadecimal digits, as "wherry token create --print-join-command" prints it`,
      )
}

/**
 * The authority (PEM) that the server shows and that one of the hashes pins. Nothing is sent to the server: until its authority is known, it could
 * be anybody, and the token would be theirs. The certificate is looked at only so far that errors can tell what is wrong; whoever connects with
 * this authority verifies all of it. Throws `Forbidden` for another authority's server, `ServiceUnavailable` where none answers.
 */
export async function trustedAuthority(options: {
  readonly server: URL
  readonly hashes: readonly string[]
  readonly now: number
  readonly timeoutMs: number
}): Promise<string> {
  const { server, hashes, now } = options
  const socket = await handshake(server, options.timeoutMs)
  try {
    const chain = chainOf(socket.getPeerX509Certificate())
    const authority = chain.find((certificate) => certificate.ca && hashes.includes(keyHash(certificate)))
    if (authority === undefined) throw foreign(server, chain)
    const leaf = chain[0]!
    for (const certificate of [authority, leaf]) checkTime(certificate, now)
    if (!leaf.checkIssued(authority) || !leaf.verify(authority.publicKey))
      throw new WherryError(
        'Forbidden',
        `${server.host} shows the pinned authority, but its own certificate is of another: this is not the cluster's server`,
      )
    const problem = checkServerIdentity(hostOf(server), socket.getPeerCertificate())
    if (problem)
      throw new WherryError(
        'ServiceUnavailable',
        `the certificate of ${server.host} does not name ${hostOf(server)}, but ${leaf.subjectAltName ?? 'nobody'}; use one of these, or add the name to the setting "serverNames" of the server`,
        { cause: problem },
      )
    return authority.toString()
  } finally {
    socket.destroy()
  }
}

const hostOf = (server: URL): string => server.hostname.replace(/^\[|\]$/g, '')

function handshake(server: URL, timeoutMs: number): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const host = hostOf(server)
    // Not verified here, on purpose: the pin decides, once the chain is seen.
    const socket = connect({
      host,
      port: Number(server.port || 443),
      ...(isIP(host) === 0 && { servername: host }),
      rejectUnauthorized: false,
      minVersion: 'TLSv1.2',
      timeout: timeoutMs,
    })
    const fail = (cause: Error) => {
      socket.destroy()
      reject(new WherryError('ServiceUnavailable', `cannot reach the API server at ${server.host}: ${cause.message}`, { cause }))
    }
    socket.once('timeout', () => fail(new Error(`no answer within ${timeoutMs / 1000} s`)))
    socket.once('error', fail)
    socket.once('secureConnect', () => {
      socket.off('error', fail)
      socket.on('error', () => socket.destroy())
      resolve(socket)
    })
  })
}

/** As the server sent it, its own certificate first. */
function chainOf(leaf: X509Certificate | undefined): X509Certificate[] {
  const chain: X509Certificate[] = []
  for (let next = leaf; next !== undefined && chain.length < longestChain; next = next.issuerCertificate) {
    if (chain.some(({ fingerprint256 }) => fingerprint256 === next!.fingerprint256)) break
    chain.push(next)
  }
  return chain
}

const longestChain = 10

function foreign(server: URL, chain: readonly X509Certificate[]): WherryError {
  const shown = chain.filter(({ ca }) => ca).map(keyHash)
  const what = shown.length === 0 ? 'it shows no authority at all' : `it shows ${shown.join(' and ')}`
  return new WherryError(
    'Forbidden',
    `${server.host} is not the server that the CA certificate hash pins: ${what}. Check address and hash ("wherry token create --print-join-command" on the server's machine prints both); if both are right, somebody stands between`,
  )
}

function checkTime({ validFromDate, validToDate }: X509Certificate, now: number): void {
  const ours = `this machine's clock says ${new Date(now).toISOString()}`
  if (now < validFromDate.getTime())
    throw new WherryError(
      'ServiceUnavailable',
      `the server's certificate begins at ${validFromDate.toISOString()}, and ${ours}: set the clock`,
    )
  if (now > validToDate.getTime())
    throw new WherryError(
      'ServiceUnavailable',
      `the server's certificate ended at ${validToDate.toISOString()}, and ${ours}: set the clock, or start the server anew to renew the certificate`,
    )
}
