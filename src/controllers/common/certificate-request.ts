import { createPublicKey, verify } from 'node:crypto'
import { readDer } from '#lib/der.ts'

/** What a PKCS #10 request (RFC 2986) asks to have signed. */
export interface CertificateRequest {
  /** DER of the name, as it stands in the request. */
  readonly subject: Uint8Array
  readonly commonName: string
  readonly organizations: readonly string[]
  /** DER of the subject's public key (SPKI). */
  readonly publicKey: Uint8Array
  readonly dnsNames: readonly string[]
  readonly emailAddresses: readonly string[]
  /** Four or sixteen bytes each. */
  readonly addresses: readonly Uint8Array[]
  readonly uris: readonly string[]
  /** Whether the request is signed with the key that it names: who asks holds the key. */
  readonly isSigned: boolean
}

/** Reads a request in PEM. Throws an Error when the text is none. */
export function readCertificateRequest(pem: string): CertificateRequest {
  const block = /-----BEGIN CERTIFICATE REQUEST-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE REQUEST-----/.exec(pem)?.[1]
  if (block === undefined) throw new Error('PEM block type must be CERTIFICATE REQUEST')
  const [outer] = readDer(Buffer.from(block, 'base64'))
  const [information, algorithm, signature] = outer === undefined ? [] : readDer(outer.content)
  const [, subject, publicKey, attributes] = information === undefined ? [] : readDer(information.content)
  if (information === undefined || algorithm === undefined || signature === undefined || subject === undefined || publicKey === undefined)
    throw new Error('asn1: structure error: not a certificate request')
  const parts = namesOf(subject.content)
  const names = alternativeNames(attributes?.content ?? new Uint8Array())
  return {
    subject: subject.whole,
    commonName: parts.get(commonNameId)?.at(-1) ?? '',
    organizations: parts.get(organizationId) ?? [],
    publicKey: publicKey.whole,
    dnsNames: names.filter(({ tag }) => tag === 0x82).map(({ content }) => Buffer.from(content).toString('latin1')),
    emailAddresses: names.filter(({ tag }) => tag === 0x81).map(({ content }) => Buffer.from(content).toString('latin1')),
    addresses: names.filter(({ tag }) => tag === 0x87).map(({ content }) => content),
    uris: names.filter(({ tag }) => tag === 0x86).map(({ content }) => Buffer.from(content).toString('latin1')),
    isSigned: isSigned(information.whole, algorithm.content, signature.content.subarray(1), publicKey.whole),
  }
}

/** Contents of the object identifiers 2.5.4.3 and 2.5.4.10. */
const commonNameId = '550403'
const organizationId = '55040a'
/** 1.2.840.113549.1.9.14 (PKCS #9, a request's extensions) and 2.5.29.17 (subjectAltName). */
const extensionRequestId = '2a864886f70d01090e'
const alternativeNameId = '551d11'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

function namesOf(content: Uint8Array): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const part of readDer(content).flatMap((set) => readDer(set.content))) {
    const [type, value] = readDer(part.content)
    if (type === undefined || value === undefined) continue
    const id = hex(type.content)
    found.set(id, [...(found.get(id) ?? []), Buffer.from(value.content).toString(value.tag === 0x0c ? 'utf8' : 'latin1')])
  }
  return found
}

function alternativeNames(attributes: Uint8Array): { readonly tag: number; readonly content: Uint8Array }[] {
  for (const attribute of readDer(attributes)) {
    const [id, values] = readDer(attribute.content)
    if (id === undefined || values === undefined || hex(id.content) !== extensionRequestId) continue
    for (const extension of readDer(values.content).flatMap(({ content }) => readDer(content))) {
      const parts = readDer(extension.content)
      // The critical flag between the two may be left out.
      const value = parts.at(-1)
      if (parts[0] !== undefined && value !== undefined && hex(parts[0].content) === alternativeNameId)
        return readDer(value.content).flatMap(({ content }) => readDer(content))
    }
  }
  return []
}

/** Signature algorithms (RFC 5758, RFC 8017, RFC 8410) by their identifiers, and the hash of each; null: the algorithm brings its own. */
const hashes: Readonly<Record<string, string | null>> = {
  '2a864886f70d01010b': 'sha256',
  '2a864886f70d01010c': 'sha384',
  '2a864886f70d01010d': 'sha512',
  '2a8648ce3d040302': 'sha256',
  '2a8648ce3d040303': 'sha384',
  '2a8648ce3d040304': 'sha512',
  '2b6570': null,
}

function isSigned(signed: Uint8Array, algorithm: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean {
  const [id] = readDer(algorithm)
  const hash = id === undefined ? undefined : hashes[hex(id.content)]
  if (hash === undefined) return false
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' })
    return verify(hash, signed, key, signature)
  } catch {
    // A key that OpenSSL cannot read has signed nothing.
    return false
  }
}
