import type { KeyObject } from 'node:crypto'
import type { PodCertificateRequest, PodCertificateRequestStatus } from '#api/certificates/v1beta1/types.ts'
import { readPublicKey } from '#api/certificates/v1beta1/validate-pod-certificate-request.ts'
import type { WriteContext } from '#api/kind.ts'
import { validateConditions } from '#api/meta/v1/validate-conditions.ts'
import { same } from '#api/strategy.ts'
import type { Cause } from '#lib/errors.ts'
import { pemBlocks, readCertificateRequest } from '#lib/pkcs10.ts'
import { type CertificateFacts, readCertificate } from '#lib/x509.ts'
import { invalid, notSupported, omitted, required, tooLong } from '#schema/validate.ts'

type Request = PodCertificateRequest
type Status = PodCertificateRequestStatus

/** What is wrong with a signer's answer: it is given once, and a certificate has to be what was asked for. */
export function validatePodCertificateStatus(next: Request, previous: Request, { now }: WriteContext): Cause[] {
  const { status } = next
  const causes = [...validateEnds(status), ...validateConditions(status.conditions, 'status.conditions')]
  if (causes.length > 0) return causes
  if (ends.some((type) => has(previous.status, type)))
    return unchanged(status, previous.status, 'immutable after PodCertificateRequest is issued, denied, or failed')
  if (has(status, 'Denied') || has(status, 'Failed'))
    return unchanged(
      status,
      { conditions: status.conditions ?? [] },
      'non-condition status fields must be empty when denying or failing the PodCertificateRequest',
    )
  return has(status, 'Issued')
    ? validateIssued(next, previous, Date.parse(now))
    : unchanged(status, previous.status, 'status is immutable unless transitioning to "Issued", "Denied", or "Failed"')
}

const ends = ['Issued', 'Denied', 'Failed']
const has = ({ conditions = [] }: Status, type: string): boolean => conditions.some((one) => one.type === type && one.status === 'True')
const unchanged = (status: Status, wanted: Status, problem: string): Cause[] =>
  same(status, wanted) ? [] : [invalid('status', omitted, problem)]

function validateEnds({ conditions = [] }: Status): Cause[] {
  let count = 0
  return conditions.flatMap(({ type, status }, i) => {
    // The reference's path has that dot.
    const path = `status.conditions.[${i}]`
    if (!ends.includes(type)) return [notSupported(`${path}.type`, type, ends)]
    count += 1
    return [
      ...(count > 1 ? [invalid(`${path}.type`, type, 'There may be at most one condition with type "Issued", "Denied", or "Failed"')] : []),
      ...(status === 'True' ? [] : [notSupported(`${path}.status`, status, ['True'])]),
    ]
  })
}

const CHAIN_SIZE_MAX_BYTES = 100 * 1024
const chainPath = 'status.certificateChain'
const minuteMs = 60_000

function validateIssued({ spec, status }: Request, previous: Request, now: number): Cause[] {
  const chain = status.certificateChain ?? ''
  if (Buffer.byteLength(chain) > CHAIN_SIZE_MAX_BYTES) return [tooLong(chainPath, CHAIN_SIZE_MAX_BYTES)]
  const bad = (problem: string): Cause[] => [invalid(chainPath, chain, problem)]
  const [leafBlock, ...others] = pemBlocks(chain)
  if (leafBlock === undefined) return bad('issued certificate chain must contain at least one certificate')
  if (leafBlock.type !== 'CERTIFICATE') return bad('issued certificate chain must consist entirely of CERTIFICATE PEM blocks')
  const leaf = readCertificate(leafBlock.content)
  if (leaf === undefined) return bad('leaf certificate does not parse as valid X.509')
  const causes = validateNames(leaf)
  const wanted = wantedKey(previous)
  if ('problem' in wanted) return [...causes, wanted.problem]
  if (!wanted.key.equals(leaf.certificate.publicKey))
    return [...causes, ...bad('leaf certificate was not issued to the requested public key')]
  const late = [...causes, ...missingTimes(status)]
  if (late.length > 0) return late
  const problem = timeProblem(status, leaf, spec.maxExpirationSeconds, now)
  if (problem !== undefined) return [problem]
  for (const { type, content } of others) {
    // The reference spells it so.
    if (type !== 'CERTIFICATE') return bad('issued certificate chain must consist entirely of CERTFICATE PEM blocks')
    if (readCertificate(content) === undefined) return bad('intermediate certificate does not parse as valid X.509')
  }
  return []
}

function validateNames({ dnsNames, emailAddresses }: CertificateFacts): Cause[] {
  const bad = (name: string, problem: string): Cause => invalid(chainPath, name, problem)
  return [
    ...dnsNames.flatMap((name) => [
      ...(name === '' ? [bad(name, 'leaf certificate should not contain empty DNSName')] : []),
      ...(name.includes('..') ? [bad(name, "leaf certificate's DNSName should not contain '..'")] : []),
      ...(name.startsWith('.') || name.endsWith('.') ? [bad(name, "leaf certificate's DNSName should not start or end with '.'")] : []),
    ]),
    ...emailAddresses.flatMap((address) =>
      /^[^\s@<>]+@[^\s@<>]+$/.test(address) ? [] : [bad(address, 'leaf certificate should not contain invalid EmailAddress')],
    ),
  ]
}

/** The key that the certificate has to be for. What was stored may be unreadable to this version, though it was not to another. */
function wantedKey({ spec }: Request): { readonly key: KeyObject } | { readonly problem: Cause } {
  if (spec.stubPKCS10Request) {
    const key = readCertificateRequest(Buffer.from(spec.stubPKCS10Request, 'base64'))?.publicKey
    return key === undefined ? { problem: invalid('spec.stubPKCS10Request', omitted, 'must be a valid PKCS#10 CSR') } : { key }
  }
  const key = readPublicKey(Buffer.from(spec.pkixPublicKey ?? '', 'base64'))
  return key === undefined ? { problem: invalid('spec.pkixPublicKey', omitted, 'must be a valid PKIX-serialized public key') } : { key }
}

const missingTimes = ({ notBefore, notAfter, beginRefreshAt }: Status): Cause[] => [
  ...(notBefore ? [] : [required('status.notBefore', 'must be present and consistent with the issued certificate')]),
  ...(notAfter ? [] : [required('status.notAfter', 'must be present and consistent with the issued certificate')]),
  ...(beginRefreshAt ? [] : [required('status.beginRefreshAt', 'must be present and in the range [notbefore+10min, notafter-10min]')]),
]

/** The first that is wrong with the times, all of which are there. */
function timeProblem(status: Status, { certificate }: CertificateFacts, maxSeconds: number, now: number): Cause | undefined {
  const bad = (name: 'notBefore' | 'notAfter' | 'beginRefreshAt', problem: string): Cause =>
    invalid(`status.${name}`, status[name], problem)
  const [notBefore, notAfter, refreshAt] = [status.notBefore, status.notAfter, status.beginRefreshAt].map((time) => Date.parse(time!)) as [
    number,
    number,
    number,
  ]
  const [from, until] = [certificate.validFromDate.getTime(), certificate.validToDate.getTime()]
  if (notBefore !== from) return bad('notBefore', 'must be set to the NotBefore time encoded in the leaf certificate')
  if (Math.abs(notBefore - now) >= 5 * minuteMs) return bad('notBefore', "must be set to within 5 minutes of kube-apiserver's current time")
  if (notAfter !== until) return bad('notAfter', 'must be set to the NotAfter time encoded in the leaf certificate')
  // Go shows a duration as its nanoseconds.
  const lifetime = (problem: string): Cause => invalid(chainPath, (until - from) * 1_000_000, problem)
  if (until - from < 60 * minuteMs) return lifetime('leaf certificate lifetime must be >= 1 hour')
  if (until - from > maxSeconds * 1000) return lifetime(`leaf certificate lifetime must be <= spec.maxExpirationSeconds (${maxSeconds})`)
  if (refreshAt < notBefore + 10 * minuteMs) return bad('beginRefreshAt', 'must be at least 10 minutes after status.notBefore')
  return refreshAt > notAfter - 10 * minuteMs ? bad('beginRefreshAt', 'must be at least 10 minutes before status.notAfter') : undefined
}
