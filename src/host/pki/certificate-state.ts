import { createPrivateKey, X509Certificate } from 'node:crypto'
import { isIP, SocketAddress } from 'node:net'
import { type CertificateRequest, type KeyPair, nameOf, subjectOf } from './certificate.ts'

/**
 * Why a stored certificate has to be made again, or undefined while it serves: it does not parse, is not signed by `issuer`, does not
 * belong to its key, says something else than asked for, or has less than `renewBeforeMs` of its life left.
 */
export function staleReason(
  present: KeyPair,
  request: Omit<CertificateRequest, 'notBefore' | 'notAfter'>,
  options: { readonly issuer?: KeyPair; readonly now: number; readonly renewBeforeMs: number },
): string | undefined {
  let certificate: X509Certificate
  try {
    certificate = new X509Certificate(present.certificate)
    if (!certificate.checkPrivateKey(createPrivateKey(present.key))) return 'the key belongs to another certificate'
  } catch (error) {
    return `unreadable: ${error instanceof Error ? error.message : String(error)}`
  }
  const issuer = new X509Certificate(options.issuer?.certificate ?? present.certificate)
  if (!certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey)) return 'signed by another authority'
  if (certificate.validToDate.getTime() - options.now < options.renewBeforeMs) return 'near its end'
  if (certificate.validFromDate.getTime() > options.now) return 'not yet valid'
  if (!Buffer.from(nameOf(request)).equals(subjectOf(certificate))) return 'for another subject'
  return sameNames(certificate, request) ? undefined : 'for other names or addresses'
}

function sameNames(certificate: X509Certificate, request: Pick<CertificateRequest, 'dnsNames' | 'addresses'>): boolean {
  const wanted = [
    ...(request.dnsNames ?? []).map((name) => `DNS:${name}`),
    ...(request.addresses ?? []).map((address) => `IP:${canonicalAddress(address)}`),
  ]
  const present = (certificate.subjectAltName ?? '')
    .split(', ')
    .filter((name) => name !== '')
    .map((name) => (name.startsWith('IP Address:') ? `IP:${canonicalAddress(name.slice('IP Address:'.length))}` : name))
  return wanted.toSorted().join() === present.toSorted().join()
}

/** IPv6 has many spellings; OpenSSL prints another than people write. */
function canonicalAddress(address: string): string {
  return isIP(address) === 6 ? new SocketAddress({ family: 'ipv6', address }).address : address
}

/** When a PEM certificate ends, in milliseconds since the epoch. */
export const certificateEndMs = (certificate: string): number => new X509Certificate(certificate).validToDate.getTime()
