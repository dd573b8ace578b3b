import { createHash, X509Certificate } from 'node:crypto'
import type { Clock } from '#lib/clock.ts'
import { readDer } from '#lib/der.ts'
import type { Authenticator, UserInfo } from '../contract.ts'
import { credentialIdKey } from '../tokens/claims.ts'
import { readSubject, type Subject } from './subject.ts'

/** Whose certificates make users. */
export interface ClientCertificateOptions {
  readonly clock: Clock
  /** PEM: whose signature counts. Absent: TLS has verified the chain, and every authority that it knows makes users. */
  readonly authorities?: readonly string[]
  /** Told at each use for how many milliseconds the certificate is still good. Absent: nobody counts. */
  readonly onUse?: (leftMs: number) => void
}

/** Users by client certificate: the common name is the user, organizations are the groups. Throws an Error when the certificate may not be used. */
export function clientCertificateAuthenticator(options: ClientCertificateOptions): Authenticator {
  const read = readClientCertificate(options)
  return async (_request, caller) => (caller.certificate === undefined ? undefined : read(caller.certificate).user)
}

/** What a certificate (DER) says, once it may be used by a client. */
export interface ReadCertificate {
  readonly subject: Subject
  /** Undefined without a common name. */
  readonly user: UserInfo | undefined
}

/**
 * A reader of client certificates. TLS has verified the chain before; the rest (time of validity, use as a client) is checked here again,
 * because a connection outlives the handshake and a TLS stack may be configured laxly. Throws an Error when the certificate may not be used.
 */
export function readClientCertificate(options: ClientCertificateOptions): (raw: Uint8Array) => ReadCertificate {
  const authorities = options.authorities?.flatMap(splitPem).map((pem) => new X509Certificate(pem))
  // A connection carries many requests with one certificate. Bounded, although only who holds a certificate of ours can add to it.
  // One that is refused is remembered as well: of several readers mostly one takes it, and the others are asked at every request first.
  const parsed = new Map<string, Identity | Error>()
  const ofConnection = new WeakMap<Uint8Array, Identity | Error>()
  const parse = (raw: Uint8Array): Identity | Error => {
    const key = Buffer.from(raw).toString('latin1')
    let identity = parsed.get(key)
    if (identity === undefined) {
      identity = identityOrRefusal(raw, authorities)
      if (parsed.size >= parsedMax) parsed.delete(parsed.keys().next().value!)
      parsed.set(key, identity)
    }
    ofConnection.set(raw, identity)
    return identity
  }
  return (raw) => {
    const identity = ofConnection.get(raw) ?? parse(raw)
    if (identity instanceof Error) throw identity
    const now = options.clock.now()
    options.onUse?.(identity.notAfter - now)
    if (now < identity.notBefore || now > identity.notAfter) throw new Error('x509: certificate has expired or is not yet valid')
    return identity
  }
}

interface Identity extends ReadCertificate {
  readonly notBefore: number
  readonly notAfter: number
}

const parsedMax = 1000

/** A bundle holds several certificates in a row. */
const splitPem = (bundle: string): readonly string[] =>
  bundle.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [bundle]

/** id-kp-clientAuth and anyExtendedKeyUsage (RFC 5280 section 4.2.1.12). */
const clientUses = ['1.3.6.1.5.5.7.3.2', '2.5.29.37.0']

function identityOrRefusal(raw: Uint8Array, authorities: readonly X509Certificate[] | undefined): Identity | Error {
  try {
    return readIdentity(raw, authorities)
  } catch (error) {
    if (error instanceof Error) return error
    throw error
  }
}

function readIdentity(raw: Uint8Array, authorities: readonly X509Certificate[] | undefined): Identity {
  const certificate = new X509Certificate(raw)
  if (certificate.ca) throw new Error('x509: an authority cannot be a client')
  const uses = certificate.keyUsage as readonly string[] | undefined
  if (uses !== undefined && !uses.some((use) => clientUses.includes(use)))
    throw new Error('x509: certificate specifies an incompatible key usage')
  if (
    authorities !== undefined &&
    !authorities.some((authority) => certificate.checkIssued(authority) && certificate.verify(authority.publicKey))
  )
    throw new Error('x509: certificate signed by unknown authority')
  const subject = subjectOf(certificate)
  return {
    subject,
    user: userOf(certificate, subject),
    notBefore: certificate.validFromDate.getTime(),
    notAfter: certificate.validToDate.getTime(),
  }
}

/**
 * Read from the DER and not from the text that OpenSSL prints: there a name with a line break or an equal sign in it can pass for another
 * (CVE-2021-44533).
 */
function subjectOf(certificate: X509Certificate): Subject {
  const fields = readDer(readDer(readDer(certificate.raw)[0]!.content)[0]!.content)
  // version, serial number, signature, issuer, validity, subject (RFC 5280 section 4.1); every version 3 certificate states its version.
  return readSubject(fields[0]!.tag === 0xa0 ? fields[5]! : fields[4]!)
}

function userOf(certificate: X509Certificate, { commonName, organizations, uids }: Subject): UserInfo | undefined {
  if (commonName === '') return undefined
  // Which of two would count is a question that must not come up.
  if (uids.length > 1) throw new Error(`expected 1 UID, but found multiple: [${uids.join(' ')}]`)
  if (uids[0] === '') throw new Error('UID cannot be an empty string')
  const fingerprint = createHash('sha256').update(certificate.raw).digest('hex')
  return {
    name: commonName,
    ...(uids[0] !== undefined && { uid: uids[0] }),
    groups: organizations,
    extra: { [credentialIdKey]: [`X509SHA256=${fingerprint}`] },
  }
}
