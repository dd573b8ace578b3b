import { type DerValue, readDer } from '#lib/der.ts'

/** The parts of an X.500 name that identify somebody to Kubernetes. */
export interface Subject {
  readonly commonName: string
  readonly organizations: readonly string[]
  /** All of them: a certificate should hold one at most. */
  readonly uids: readonly string[]
}

/** Reads the name out of its DER; where an attribute that stands for one value comes twice, the last counts, as in the reference. */
export function readSubject(name: DerValue): Subject {
  const subject = { commonName: '', organizations: [] as string[], uids: [] as string[] }
  for (const part of readDer(name.content).flatMap((set) => readDer(set.content))) {
    const [type, value] = readDer(part.content)
    if (type === undefined || value === undefined) continue
    const id = Buffer.from(type.content).toString('hex')
    const text = textOf(value)
    if (id === commonNameId) subject.commonName = text
    else if (id === organizationId) subject.organizations.push(text)
    else if (id === uidId) subject.uids.push(text)
  }
  return subject
}

/** Contents of the object identifiers 2.5.4.3, 2.5.4.10 and Kubernetes' 1.3.6.1.4.1.57683.2 (a user's uid). */
const commonNameId = '550403'
const organizationId = '55040a'
const uidId = '2b0601040183c25302'

/** BMPString is UTF-16 with the high byte first; the other string types that certificates use agree with UTF-8 or Latin-1. */
function textOf({ tag, content }: DerValue): string {
  if (tag === 0x1e) return Buffer.from(content).swap16().toString('utf16le')
  return Buffer.from(content).toString(tag === 0x0c ? 'utf8' : 'latin1')
}

/** The common name of a PKCS #10 request in PEM (RFC 2986), undefined when it is none. The signature is the signer's business. */
export function commonNameOfRequest(pem: string): string | undefined {
  const block = /-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----([A-Za-z0-9+/=\s]+)-----END/.exec(pem)?.[1]
  if (block === undefined) return undefined
  try {
    const [, subject] = readDer(readDer(readDer(Buffer.from(block, 'base64'))[0]!.content)[0]!.content)
    return subject && readSubject(subject).commonName
  } catch {
    // Not DER, or not this structure: the same as no request at all.
    return undefined
  }
}
