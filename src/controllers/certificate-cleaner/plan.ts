import { X509Certificate } from 'node:crypto'
import { CertificateSigningRequest } from '#api/certificates/v1/certificate-signing-request.ts'
import type { Instant } from '#lib/clock.ts'
import { type Plan, settled } from '#loop/controller.ts'
import { isIssued } from '../common/certificate-conditions.ts'
import { targetOf } from '../common/commands.ts'

export interface CleaningView {
  readonly request: CertificateSigningRequest
  readonly now: Instant
}

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/**
 * Removes a signing request that is of no use any more: an hour after its certificate was issued or it was denied or failed, a day after it
 * was made and nobody looked at it or was approved and nobody signed, and when its certificate ends.
 */
export function planCleaning({ request, now }: CleaningView): Plan {
  const due = Math.min(...deadlines(request))
  if (due === Infinity || request.metadata.deletionTimestamp !== undefined) return settled
  if (now <= due) return { commands: [], wakeAt: due + 1 }
  return { commands: [{ do: 'delete', ...targetOf(CertificateSigningRequest, request) }], wakeAt: Infinity }
}

function deadlines(request: CertificateSigningRequest): number[] {
  const conditions = request.status?.conditions ?? []
  if (conditions.length === 0) return [Date.parse(request.metadata.creationTimestamp) + dayMs]
  const issued = isIssued(request)
  return [
    Infinity,
    ...conditions.flatMap(({ type, lastUpdateTime }) => {
      const at = lastUpdateTime ? Date.parse(lastUpdateTime) : Infinity
      if (type === 'Denied' || type === 'Failed') return [at + hourMs]
      if (type !== 'Approved') return []
      return issued ? [at + hourMs, endOf(request.status!.certificate!)] : [at + dayMs]
    }),
  ]
}

/** When the first certificate of the chain ends. What a signer wrote there is its own affair: without a readable one there is no such end. */
function endOf(certificate: string): number {
  try {
    return new X509Certificate(Buffer.from(certificate, 'base64')).validToDate.getTime()
  } catch {
    return Infinity
  }
}
