import { X509Certificate } from 'node:crypto'
import { readDer } from './der.ts'

/** What an X.509 certificate says of itself, as far as it is judged by that. */
export interface CertificateFacts {
  readonly certificate: X509Certificate
  /** Basic constraints (RFC 5280 section 4.2.1.9) that call it an authority. */
  readonly isAuthority: boolean
  /** Names of its subject (section 4.2.1.6). */
  readonly dnsNames: readonly string[]
  readonly emailAddresses: readonly string[]
}

/** Reads one certificate in DER; undefined for what is none, or more than one. */
export function readCertificate(bytes: Uint8Array): CertificateFacts | undefined {
  try {
    const certificate = new X509Certificate(bytes)
    if (certificate.raw.length !== bytes.length) return undefined
    const constraints = extensionOf(bytes, basicConstraints)
    const names = extensionOf(bytes, subjectAlternativeName) ?? []
    const textsOf = (tag: number) => names.filter((name) => name.tag === tag).map(({ content }) => Buffer.from(content).toString('latin1'))
    return {
      certificate,
      isAuthority: constraints?.some(({ tag, content }) => tag === booleanTag && content[0] !== 0) ?? false,
      dnsNames: textsOf(dnsNameTag),
      emailAddresses: textsOf(emailTag),
    }
  } catch {
    // What OpenSSL or the reader of DER cannot read is none.
    return undefined
  }
}

const basicConstraints = '551d13'
const subjectAlternativeName = '551d11'
const booleanTag = 0x01
const octetStringTag = 0x04
const extensionsTag = 0xa3
const emailTag = 0x81
const dnsNameTag = 0x82

/** The values inside an extension that is a sequence, by the extension's identifier. */
function extensionOf(bytes: Uint8Array, id: string) {
  const [whole] = readDer(bytes)
  const [information] = readDer(whole!.content)
  const holder = readDer(information!.content).find(({ tag }) => tag === extensionsTag)
  const [list] = holder === undefined ? [] : readDer(holder.content)
  for (const extension of list === undefined ? [] : readDer(list.content)) {
    const parts = readDer(extension.content)
    if (Buffer.from(parts[0]!.content).toString('hex') !== id) continue
    const [sequence] = readDer(parts.find(({ tag }) => tag === octetStringTag)!.content)
    return readDer(sequence!.content)
  }
  return undefined
}
