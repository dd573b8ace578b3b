import { createHash, X509Certificate } from 'node:crypto'
import type { Clock } from '#lib/clock.ts'
import { readDer } from '#lib/der.ts'
import type { Authenticator, UserInfo } from '../contract.ts'
import { credentialIdKey } from '../tokens/claims.ts'
import { readSubject } from './subject.ts'

/**
 * Users by client certificate: the common name is the user, organizations are the groups. TLS has verified the chain before; the rest (time
 * of validity, use as a client) is checked here again, because a connection outlives the handshake and a TLS stack may be configured laxly.
 * With `authorities` (PEM) given, the signature is checked too. Throws an Error when the certificate may not be used.
 */
export function clientCertificateAuthenticator(options: {
  readonly clock: Clock
  readonly authorities?: readonly string[]
}): Authenticator {
  const authorities = options.authorities?.map((pem) => new X509Certificate(pem))
  // A connection carries many requests with one certificate. Bounded, although only who holds a certificate of ours can add to it.
  const parsed = new Map<string, Identity>()
  return async (_request, caller) => {
    if (caller.certificate === undefined) return undefined
    const key = Buffer.from(caller.certificate).toString('latin1')
    let identity = parsed.get(key)
    if (identity === undefined) {
      identity = readIdentity(caller.certificate, authorities)
      if (parsed.size >= parsedMax) parsed.delete(parsed.keys().next().value!)
      parsed.set(key, identity)
    }
    const now = options.clock.now()
    if (now < identity.notBefore || now > identity.notAfter) throw new Error('x509: certificate has expired or is not yet valid')
    return identity.user
  }
}

interface Identity {
  readonly user: UserInfo | undefined
  readonly notBefore: number
  readonly notAfter: number
}

const parsedMax = 1000

/** id-kp-clientAuth and anyExtendedKeyUsage (RFC 5280 section 4.2.1.12). */
const clientUses = ['1.3.6.1.5.5.7.3.2', '2.5.29.37.0']

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
  return {
    user: userOf(certificate),
    notBefore: certificate.validFromDate.getTime(),
    notAfter: certificate.validToDate.getTime(),
  }
}

/**
 * Read from the DER and not from the text that OpenSSL prints: there a name with a line break or an equal sign in it can pass for another
 * (CVE-2021-44533).
 */
function userOf(certificate: X509Certificate): UserInfo | undefined {
  const fields = readDer(readDer(readDer(certificate.raw)[0]!.content)[0]!.content)
  // version, serial number, signature, issuer, validity, subject (RFC 5280 section 4.1); every version 3 certificate states its version.
  const subject = fields[0]!.tag === 0xa0 ? fields[5]! : fields[4]!
  const names = readSubject(subject)
  if (names.commonName === '') return undefined
  const fingerprint = createHash('sha256').update(certificate.raw).digest('hex')
  return {
    name: names.commonName,
    ...(names.uid !== '' && { uid: names.uid }),
    groups: names.organizations,
    extra: { [credentialIdKey]: [`X509SHA256=${fingerprint}`] },
  }
}
