import type { CertificateSigningRequest } from '#api/certificates/v1/certificate-signing-request.ts'
import type { CertificateSigningRequestCondition } from '#api/certificates/v1/types.ts'
import type { Instant } from '#lib/clock.ts'
import { rfc3339 } from '#lib/rfc3339.ts'

/** Decisions about a signing request; a condition without a status counts as one that is true, as it did before there were any. */
export const hasCondition = ({ status }: CertificateSigningRequest, type: 'Approved' | 'Denied' | 'Failed'): boolean =>
  (status?.conditions ?? []).some((condition) => condition.type === type && (type !== 'Failed' || isTrue(condition)))

export const isIssued = ({ status }: CertificateSigningRequest): boolean => (status?.certificate ?? '') !== ''

/** Nothing is left to approve. */
export const isDecided = (request: CertificateSigningRequest): boolean =>
  isIssued(request) || hasCondition(request, 'Approved') || hasCondition(request, 'Denied')

const isTrue = ({ status }: CertificateSigningRequestCondition): boolean => status === '' || status === 'True'

/** The request with one condition more, for an update of `approval` or `status`. */
export function withCondition(
  request: CertificateSigningRequest,
  condition: { readonly type: 'Approved' | 'Failed'; readonly reason: string; readonly message: string },
  now: Instant,
): CertificateSigningRequest {
  const time = rfc3339(now)
  const added = { ...condition, status: 'True', lastUpdateTime: time, lastTransitionTime: time }
  return { ...request, status: { ...request.status, conditions: [...(request.status?.conditions ?? []), added] } }
}
