import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign, X509Certificate } from 'node:crypto'
import { addressBytes, der, readDer } from '#lib/der.ts'

/** A certificate and its private key, both PEM (a new key in the form of RFC 5915, as Kubernetes' own tools write it). */
export interface KeyPair {
  readonly certificate: string
  readonly key: string
}

/** What one certificate says. */
export interface CertificateRequest {
  readonly commonName: string
  /** Kubernetes reads these as groups (authentication by client certificate). */
  readonly organizations?: readonly string[]
  readonly usage: 'ca' | 'server' | 'client' | 'serverAndClient'
  readonly dnsNames?: readonly string[]
  readonly addresses?: readonly string[]
  /** Milliseconds since the epoch. */
  readonly notBefore: number
  readonly notAfter: number
}

/**
 * Makes an ECDSA P-256 key and an X.509 v3 certificate for it (RFC 5280), signed by `issuer`, or by itself where there is none. node:crypto
 * signs but writes no certificates, and the libraries that do bring 15 MB and a reflection polyfill for these eighty lines.
 */
export function makeCertificate(request: CertificateRequest, issuer?: KeyPair): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const publicDer = publicKey.export({ type: 'spki', format: 'der' })
  const subject = nameOf(request)
  const authority = issuer === undefined ? undefined : new X509Certificate(issuer.certificate)
  const signingKey = issuer === undefined ? privateKey : createPrivateKey(issuer.key)
  const issuerKey = authority === undefined ? publicDer : authority.publicKey.export({ type: 'spki', format: 'der' })
  const signed = der.sequence(
    der.explicit(0, der.integer(Uint8Array.of(2))),
    der.integer(serialNumber()),
    signatureAlgorithm,
    authority === undefined ? subject : subjectOf(authority),
    der.sequence(der.time(request.notBefore), der.time(request.notAfter)),
    subject,
    publicDer,
    der.explicit(3, der.sequence(...extensions(request, keyIdentifier(publicDer), keyIdentifier(issuerKey)))),
  )
  const certificate = der.sequence(signed, signatureAlgorithm, der.bitString(sign('sha256', signed, signingKey)))
  // Java's clients tell the algorithm of a key by its first line alone, and that of PKCS #8 does not name it.
  return { certificate: pem('CERTIFICATE', certificate), key: privateKey.export({ type: 'sec1', format: 'pem' }) }
}

/** A signing key without a certificate: for service-account tokens (ES256). PEM, PKCS #8 and SPKI. */
export function makeSigningKey(): { readonly key: string; readonly publicKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }), publicKey: publicKey.export({ type: 'spki', format: 'pem' }) }
}

/** The public half of a PEM private key, as PEM. */
export const publicKeyOf = (key: string): string => createPublicKey(key).export({ type: 'spki', format: 'pem' }) as string

/** ecdsa-with-SHA256 (RFC 5758). */
const signatureAlgorithm = der.sequence(der.objectIdentifier('1.2.840.10045.4.3.2'))

/** RFC 5280 section 4.2.1.12: id-kp-serverAuth, id-kp-clientAuth. */
const serverAuth = der.objectIdentifier('1.3.6.1.5.5.7.3.1')
const clientAuth = der.objectIdentifier('1.3.6.1.5.5.7.3.2')
const extendedUsage = { server: [serverAuth], client: [clientAuth], serverAndClient: [serverAuth, clientAuth] }

function extensions(request: CertificateRequest, keyId: Uint8Array, issuerKeyId: Uint8Array): Uint8Array[] {
  const names = [
    ...(request.dnsNames ?? []).map((name) => der.implicit(2, Buffer.from(name))),
    ...(request.addresses ?? []).map((address) => der.implicit(7, addressBytes(address))),
  ]
  return [
    extension('2.5.29.19', true, request.usage === 'ca' ? der.sequence(der.boolean(true)) : der.sequence()),
    // digitalSignature is bit 0; an authority also has keyCertSign (5) and cRLSign (6).
    extension('2.5.29.15', true, request.usage === 'ca' ? der.bitString(Uint8Array.of(0x86), 1) : der.bitString(Uint8Array.of(0x80), 7)),
    ...(request.usage === 'ca' ? [] : [extension('2.5.29.37', false, der.sequence(...extendedUsage[request.usage]))]),
    ...(names.length === 0 ? [] : [extension('2.5.29.17', false, der.sequence(...names))]),
    extension('2.5.29.14', false, der.octetString(keyId)),
    extension('2.5.29.35', false, der.sequence(der.implicit(0, issuerKeyId))),
  ]
}

const extension = (id: string, critical: boolean, value: Uint8Array): Uint8Array =>
  der.sequence(der.objectIdentifier(id), ...(critical ? [der.boolean(true)] : []), der.octetString(value))

/** The DER of a subject: organizations first, then the common name, each a set of its own. */
export function nameOf(request: Pick<CertificateRequest, 'commonName' | 'organizations'>): Uint8Array {
  const attribute = (id: string, value: string) => der.set(der.sequence(der.objectIdentifier(id), der.utf8(value)))
  return der.sequence(
    ...(request.organizations ?? []).map((organization) => attribute('2.5.4.10', organization)),
    attribute('2.5.4.3', request.commonName),
  )
}

/** The subject's bytes exactly as they stand in the certificate: an issuer name has to be equal to it byte by byte. */
export function subjectOf(certificate: X509Certificate): Uint8Array {
  const fields = readDer(readDer(readDer(certificate.raw)[0]!.content)[0]!.content)
  return fields[5]!.whole
}

/** SHA-1 of the key's bit string (RFC 5280 section 4.2.1.2, method 1): a name for the key, no protection. */
function keyIdentifier(publicKey: Uint8Array): Uint8Array {
  const bitString = readDer(readDer(publicKey)[0]!.content)[1]!
  return createHash('sha1').update(bitString.content.subarray(1)).digest()
}

/** 126 random bits, positive and without a leading zero (RFC 5280 section 4.1.2.2 wants at most 20 octets). */
function serialNumber(): Uint8Array {
  const bytes = randomBytes(16)
  bytes[0] = (bytes[0]! & 0x3f) | 0x40
  return bytes
}

const pem = (label: string, content: Uint8Array): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(content)
    .toString('base64')
    .replace(/.{64}(?=.)/g, '$&\n')}\n-----END ${label}-----\n`
