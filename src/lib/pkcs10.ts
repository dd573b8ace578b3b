import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto'
import { type DerValue, readDer } from './der.ts'

/**
 * What is wrong with a certificate request in PEM (RFC 2986), in the words of Go's x509 package, which clients see; undefined where it is
 * one, signed with the key that it names.
 */
export function certificateRequestProblem(pem: string): string | undefined {
  const block = pemBlocks(pem)[0]
  if (block === undefined || block.type !== 'CERTIFICATE REQUEST') return 'PEM block type must be CERTIFICATE REQUEST'
  const outer = parts(block.content)
  if (typeof outer === 'string') return outer
  if (outer.length > 1) return 'asn1: syntax error: trailing data'
  if (outer[0]?.tag !== sequenceTag) return "asn1: structure error: tags don't match"
  const [information, algorithm, signature] = inside(outer[0])
  const [version, subject, publicKey] = information === undefined ? [] : inside(information)
  if (algorithm === undefined || signature === undefined || version === undefined || subject === undefined || publicKey === undefined)
    return 'asn1: syntax error: sequence truncated'
  return signatureProblem(information!, algorithm, signature.content.subarray(1), publicKey)
}

/** A certificate request in DER (RFC 2986): its public key, and whether it is signed with it. Undefined for what is none. */
export function readCertificateRequest(bytes: Uint8Array): { readonly publicKey: KeyObject; readonly isSigned: boolean } | undefined {
  const outer = parts(bytes)
  if (typeof outer === 'string' || outer.length !== 1 || outer[0]!.tag !== sequenceTag) return undefined
  const [information, algorithm, signature] = inside(outer[0]!)
  const [version, subject, publicKey] = information === undefined ? [] : inside(information)
  if (algorithm === undefined || signature === undefined || version === undefined || subject === undefined || publicKey === undefined)
    return undefined
  try {
    return {
      publicKey: createPublicKey({ key: Buffer.from(publicKey.whole), format: 'der', type: 'spki' }),
      isSigned: signatureProblem(information!, algorithm, signature.content.subarray(1), publicKey) === undefined,
    }
  } catch {
    // A key that nobody can read is none.
    return undefined
  }
}

/** One part of a PEM text (RFC 7468). */
export interface PemBlock {
  readonly type: string
  readonly hasHeaders: boolean
  readonly content: Uint8Array
}

/** All blocks of a text that are whole; what stands around them is left aside. */
export function pemBlocks(text: string): PemBlock[] {
  return [...text.matchAll(/^-----BEGIN ([^\n]+?)-----[ \t\r]*\n([\s\S]*?)^-----END \1-----/gm)].flatMap(([, type = '', body = '']) => {
    const hasHeaders = /^[^\n]*:/.test(body)
    const base64 = (hasHeaders ? body.slice(body.indexOf('\n\n') + 2) : body).replace(/\s/g, '')
    return /^[A-Za-z0-9+/]*={0,2}$/.test(base64) && base64.length % 4 === 0
      ? [{ type, hasHeaders, content: Buffer.from(base64, 'base64') }]
      : []
  })
}

const sequenceTag = 0x30

function parts(bytes: Uint8Array): DerValue[] | string {
  try {
    return readDer(bytes)
  } catch {
    return 'asn1: syntax error: data truncated'
  }
}

function inside(value: DerValue): DerValue[] {
  const found = parts(value.content)
  return typeof found === 'string' ? [] : found
}

/** Signature algorithms (RFC 5758, RFC 8017, RFC 8410) by their identifiers: the sort of key and the hash; null: the algorithm brings its own. */
const algorithms: Readonly<Record<string, readonly [key: string, hash: string | null]>> = {
  '2a864886f70d01010b': ['rsa', 'sha256'],
  '2a864886f70d01010c': ['rsa', 'sha384'],
  '2a864886f70d01010d': ['rsa', 'sha512'],
  '2a8648ce3d040302': ['ec', 'sha256'],
  '2a8648ce3d040303': ['ec', 'sha384'],
  '2a8648ce3d040304': ['ec', 'sha512'],
  '2b6570': ['ed25519', null],
}
/** RSASSA-PSS, whose parameters name the hash: by their bytes, in the one form that is known, with a salt as long as the hash (RFC 4055). */
const pssAlgorithm = '2a864886f70d01010a'
const pssHashes: Readonly<Record<string, string>> = Object.fromEntries(
  [
    ['sha256', '01', '20'],
    ['sha384', '02', '30'],
    ['sha512', '03', '40'],
  ].map(([hash, id, saltLength]) => {
    const identifier = `300d06096086480165030402${id}0500`
    return [`3034a00f${identifier}a11c301a06092a864886f70d010108${identifier}a2030201${saltLength}`, hash!]
  }),
)
const refusals: Readonly<Record<string, string>> = {
  rsa: 'crypto/rsa: verification error',
  ec: 'x509: ECDSA verification failure',
  ed25519: 'x509: Ed25519 verification failure',
}

function signatureProblem(signed: DerValue, algorithm: DerValue, signature: Uint8Array, publicKey: DerValue): string | undefined {
  const [id, parameters] = inside(algorithm)
  const name = id === undefined ? '' : Buffer.from(id.content).toString('hex')
  const pssHash = name === pssAlgorithm && parameters !== undefined ? pssHashes[Buffer.from(parameters.whole).toString('hex')] : undefined
  const known = pssHash === undefined ? algorithms[name] : (['rsa', pssHash] as const)
  if (known === undefined) return 'x509: cannot verify signature: algorithm unimplemented'
  const [sort, hash] = known
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey.whole), format: 'der', type: 'spki' })
    if (key.asymmetricKeyType !== sort) return `x509: signature algorithm specifies another public key than ${key.asymmetricKeyType}`
    const padded =
      pssHash === undefined ? key : { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    return verify(hash, signed.whole, padded, signature) ? undefined : refusals[sort]
  } catch {
    return 'x509: failed to parse public key'
  }
}
