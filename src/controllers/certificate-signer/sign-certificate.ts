import { createHash, createHmac, createPrivateKey, type KeyObject, sign, X509Certificate } from 'node:crypto'
import type { Instant } from '#lib/clock.ts'
import { der, readDer } from '#lib/der.ts'
import type { CertificateRequest } from '../common/certificate-request.ts'
import { extendedUsageIds, keyUsageBits } from './usages.ts'

/** An authority as PEM: its certificate and its private key (PKCS #8, RSA, EC or Ed25519). */
export interface SigningAuthority {
  readonly certificate: string
  readonly key: string
}

/** Signs requests. Made once, so that keys are read once. */
export type Signer = (order: SigningOrder) => string

export interface SigningOrder {
  readonly request: CertificateRequest
  readonly usages: readonly string[]
  readonly lifeMs: number
  readonly now: Instant
  /** What makes this certificate another than every other: the request object's uid. */
  readonly uid: string
}

/** Before the moment of signing, for clocks that differ. */
const backdateMs = 5 * 60_000
/** Lives below are not shortened by that. */
const shortMs = 8 * 3_600_000

/**
 * A signer for the authority. It gives a PEM certificate (RFC 5280, version 3) with the request's subject and alternative names and none of its
 * other extensions; it never makes an authority, and never outlives its own. The serial number is a MAC of the request's uid, which nobody
 * can foretell without the key, so that the same order gives the same number and no randomness is needed. Throws an Error when the
 * authority has ended, the request is not signed with its own key, or a usage is unknown.
 */
export function createSigner(authority: SigningAuthority): Signer {
  const issuer = new X509Certificate(authority.certificate)
  const key = createPrivateKey(authority.key)
  const algorithm = signatureAlgorithmOf(key)
  const { subject, keyId } = issuerFacts(issuer)
  const endMs = issuer.validToDate.getTime()
  const serialKey = createHash('sha256')
    .update(key.export({ type: 'pkcs8', format: 'der' }))
    .digest()
  return ({ request, usages, lifeMs, now, uid }) => {
    if (!request.isSigned) throw new Error('unable to verify certificate request signature')
    const notBefore = now - backdateMs
    if (now >= endMs) throw new Error(`refusing to sign a certificate that expired in the past: NotAfter=${issuer.validTo}`)
    const notAfter = Math.min(now + (lifeMs < shortMs ? lifeMs : lifeMs - backdateMs), endMs)
    const signed = der.sequence(
      der.explicit(0, der.integer(Uint8Array.of(2))),
      der.integer(serialNumber(serialKey, uid)),
      algorithm.identifier,
      subject,
      der.sequence(der.time(notBefore), der.time(notAfter)),
      request.subject,
      request.publicKey,
      der.explicit(3, der.sequence(...extensions(request, usages, keyId))),
    )
    const certificate = der.sequence(signed, algorithm.identifier, der.bitString(sign(algorithm.hash, signed, key)))
    return pem(certificate)
  }
}

function signatureAlgorithmOf(key: KeyObject): { readonly identifier: Uint8Array; readonly hash: string | null } {
  const named = (id: string, hash: string | null, ...parameters: Uint8Array[]) => ({
    identifier: der.sequence(der.objectIdentifier(id), ...parameters),
    hash,
  })
  // RFC 4055: the parameters of the RSA algorithms are NULL, those of the others absent.
  if (key.asymmetricKeyType === 'rsa') return named('1.2.840.113549.1.1.11', 'sha256', Uint8Array.of(0x05, 0x00))
  if (key.asymmetricKeyType === 'ed25519') return named('1.3.101.112', null)
  if (key.asymmetricKeyType !== 'ec') throw new TypeError(`an authority's key has to be RSA, EC or Ed25519, not ${key.asymmetricKeyType}`)
  const curve = key.asymmetricKeyDetails?.namedCurve
  if (curve === 'secp384r1') return named('1.2.840.10045.4.3.3', 'sha384')
  if (curve === 'secp521r1') return named('1.2.840.10045.4.3.4', 'sha512')
  return named('1.2.840.10045.4.3.2', 'sha256')
}

function extensions(request: CertificateRequest, usages: readonly string[], issuerKeyId: Uint8Array | undefined): Uint8Array[] {
  const bits = keyUsageBits(usages)
  const extended = extendedUsageIds(usages)
  const names = [
    ...request.dnsNames.map((name) => der.implicit(2, Buffer.from(name, 'latin1'))),
    ...request.emailAddresses.map((name) => der.implicit(1, Buffer.from(name, 'latin1'))),
    ...request.addresses.map((address) => der.implicit(7, address)),
    ...request.uris.map((uri) => der.implicit(6, Buffer.from(uri, 'latin1'))),
  ]
  // Who has no name but the alternative ones: they must not be overlooked (RFC 5280 section 4.2.1.6).
  const isNameless = readDer(readDer(request.subject)[0]!.content).length === 0
  return [
    ...(bits === undefined ? [] : [extension('2.5.29.15', true, bits)]),
    ...(extended.length === 0 ? [] : [extension('2.5.29.37', false, der.sequence(...extended.map((id) => der.objectIdentifier(id))))]),
    extension('2.5.29.19', true, der.sequence()),
    ...(issuerKeyId === undefined ? [] : [extension('2.5.29.35', false, der.sequence(der.implicit(0, issuerKeyId)))]),
    ...(names.length === 0 ? [] : [extension('2.5.29.17', isNameless, der.sequence(...names))]),
  ]
}

const extension = (id: string, critical: boolean, value: Uint8Array): Uint8Array =>
  der.sequence(der.objectIdentifier(id), ...(critical ? [der.boolean(true)] : []), der.octetString(value))

/** The issuer's subject byte by byte, and the identifier of its key where it states one. */
function issuerFacts(issuer: X509Certificate): { readonly subject: Uint8Array; readonly keyId: Uint8Array | undefined } {
  const fields = readDer(readDer(readDer(issuer.raw)[0]!.content)[0]!.content)
  const stated = fields.find(({ tag }) => tag === 0xa3)
  const all = stated === undefined ? [] : readDer(readDer(stated.content)[0]!.content)
  for (const { content } of all) {
    const parts = readDer(content)
    // 2.5.29.14, subjectKeyIdentifier: an octet string within the extension's own.
    if (Buffer.from(parts[0]!.content).toString('hex') === '551d0e')
      return { subject: fields[5]!.whole, keyId: readDer(parts.at(-1)!.content)[0]!.content }
  }
  return { subject: fields[5]!.whole, keyId: undefined }
}

/** 126 bits, positive and without a leading zero (RFC 5280 section 4.1.2.2 wants at most 20 octets). */
function serialNumber(key: Uint8Array, uid: string): Uint8Array {
  const bytes = createHmac('sha256', key).update(uid).digest().subarray(0, 16)
  bytes[0] = (bytes[0]! & 0x3f) | 0x40
  return bytes
}

const pem = (content: Uint8Array): string =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(content)
    .toString('base64')
    .replace(/.{64}(?=.)/g, '$&\n')}\n-----END CERTIFICATE-----\n`
