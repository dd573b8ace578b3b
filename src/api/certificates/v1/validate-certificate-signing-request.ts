import { X509Certificate } from 'node:crypto'
import { type CertificateSigningRequest, CertificateSigningRequestCondition, KeyUsage } from '#api/certificates/v1/types.ts'
import { validateSignerName } from '#api/certificates/v1/validate-signer-name.ts'
import { goDiff, goStruct } from '#api/go-struct.ts'
import { same } from '#api/strategy.ts'
import type { Cause } from '#lib/errors.ts'
import { certificateRequestProblem, pemBlocks } from '#lib/pkcs10.ts'
import { repeats } from '#lib/repeats.ts'
import { quote } from '#schema/go-text.ts'
import { list } from '#schema/schema.ts'
import { duplicate, forbidden, invalid, notSupported, required } from '#schema/validate.ts'

type Request = CertificateSigningRequest
const conditions = list(CertificateSigningRequestCondition)

/** What is wrong with a request for a certificate. What an older server took stays allowed where `previous` has it already. */
export function validateRequest({ spec, status }: Request, previous?: Request): Cause[] {
  const { request, signerName, usages = [], expirationSeconds } = spec
  const problem = certificateRequestProblem(Buffer.from(request ?? '', 'base64').toString('latin1'))
  const causes = problem === undefined ? [] : [invalid('spec.request', request ?? null, problem)]
  if (usages.length === 0) causes.push(required('spec.usages'))
  if (!(previous?.spec.usages ?? []).some((usage) => !knownUsages.includes(usage)))
    for (const [i, usage] of usages.entries())
      if (!knownUsages.includes(usage)) causes.push(notSupported(`spec.usages[${i}]`, usage, knownUsages))
  if (!hasRepeats(previous?.spec.usages ?? []))
    for (const [i, isRepeated] of repeats(usages).entries()) if (isRepeated) causes.push(duplicate(`spec.usages[${i}]`, usages[i]))
  if (signerName === legacySigner && previous?.spec.signerName !== legacySigner)
    causes.push(invalid('spec.signerName', signerName, 'the legacy signerName is not allowed via this API version'))
  else causes.push(...validateSignerName(signerName, 'spec.signerName'))
  if (expirationSeconds !== undefined && expirationSeconds < EXPIRATION_SECONDS_MIN)
    causes.push(invalid('spec.expirationSeconds', expirationSeconds, 'may not specify a duration less than 600 seconds (10 minutes)'))
  causes.push(...validateConditions(status.conditions ?? [], previous?.status.conditions, 'status.conditions'))
  const { certificate = '' } = status
  const before = previous?.status.certificate ?? ''
  const isOld = previous !== undefined && (certificate === before || certificateProblem(before) !== undefined)
  const certificateFault = isOld ? undefined : certificateProblem(certificate)
  if (certificateFault !== undefined) causes.push(invalid('status.certificate', '<certificate data>', certificateFault))
  return causes
}

/** What an update may not do, by the part that it is of: only an approval decides, only a signer's status gives the certificate. */
export const validateRequestUpdate =
  (part: '' | 'status' | 'approval') =>
  (next: Request, previous: Request): Cause[] => {
    const causes = validateRequest(next, previous)
    const conditionsOf = ({ status }: Request, type: string) => (status.conditions ?? []).filter((condition) => condition.type === type)
    for (const type of ['Approved', 'Denied', 'Failed'])
      if (conditionsOf(next, type).length < conditionsOf(previous, type).length)
        causes.push(forbidden('status.conditions', `updates may not remove a condition of type ${quote(type)}`))
    for (const type of part === 'approval' ? [] : ['Approved', 'Denied']) {
      const [after, before] = [conditionsOf(next, type), conditionsOf(previous, type)]
      if (after.length < before.length) continue
      if (after.length > before.length)
        causes.push(forbidden('status.conditions', `updates may not add a condition of type ${quote(type)}`))
      else if (!same(after, before))
        causes.push(
          forbidden(
            'status.conditions',
            `updates may not modify a condition of type ${quote(type)}\n${goDiff(goStruct(conditions, before), goStruct(conditions, after))}`,
          ),
        )
    }
    const before = previous.status.certificate ?? ''
    if ((next.status.certificate ?? '') !== before) {
      if (part !== 'status') causes.push(forbidden('status.certificate', 'updates may not set certificate content'))
      else if (before !== '') causes.push(forbidden('status.certificate', 'updates may not modify existing certificate content'))
    }
    return causes
  }

// Ten minutes: shorter-lived certificates would be worn out by clocks that differ.
const EXPIRATION_SECONDS_MIN = 600
const legacySigner = 'kubernetes.io/legacy-unknown'
const knownUsages = [...((KeyUsage.shape as { readonly values?: readonly string[] }).values ?? [])].sort()

const hasRepeats = (values: readonly string[]): boolean => new Set(values).size < values.length

function validateConditions(
  conditions: readonly CertificateSigningRequestCondition[],
  previous: readonly CertificateSigningRequestCondition[] | undefined,
  path: string,
): Cause[] {
  const before = (previous ?? []).map(({ type }) => type)
  const allowsEmpty = before.includes('')
  const allowsRepeated = hasRepeats(before)
  const allowsBoth = before.includes('Approved') && before.includes('Denied')
  const seen = new Set<string>()
  return conditions.flatMap(({ type, status }, i) => {
    const causes: Cause[] = []
    if (type === '' && !allowsEmpty) causes.push(required(`${path}[${i}].type`))
    const allowed = ['Approved', 'Denied', 'Failed'].includes(type) ? ['True'] : ['False', 'True', 'Unknown']
    if (status === '') causes.push(required(`${path}[${i}].status`))
    else if (!allowed.includes(status)) causes.push(notSupported(`${path}[${i}].status`, status, allowed))
    const opposite = { Approved: 'Denied', Denied: 'Approved' }[type]
    if (!allowsBoth && opposite !== undefined && seen.has(opposite))
      causes.push(invalid(path, type, 'Approved and Denied conditions are mutually exclusive'))
    if (!allowsRepeated && seen.has(type)) causes.push(duplicate(`${path}[${i}].type`, type))
    seen.add(type)
    return causes
  })
}

function certificateProblem(base64: string): string | undefined {
  if (base64 === '') return undefined
  const blocks = pemBlocks(Buffer.from(base64, 'base64').toString('latin1'))
  for (const { type, hasHeaders, content } of blocks) {
    if (type !== 'CERTIFICATE') return `only CERTIFICATE PEM blocks are allowed, found ${quote(type)}`
    if (hasHeaders) return 'no PEM block headers are permitted'
    if (content.length === 0) return 'found CERTIFICATE PEM block containing 0 certificates'
    if (!isCertificate(content)) return 'x509: malformed certificate'
  }
  return blocks.length === 0 ? 'must contain at least one CERTIFICATE PEM block' : undefined
}

function isCertificate(der: Uint8Array): boolean {
  try {
    return new X509Certificate(der).raw.length === der.length
  } catch {
    // What OpenSSL cannot read is none.
    return false
  }
}
