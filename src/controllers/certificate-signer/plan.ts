import { CertificateSigningRequest } from '#api/certificates/v1/certificate-signing-request.ts'
import type { Instant } from '#lib/clock.ts'
import { type Plan, settled } from '#loop/controller.ts'
import { hasCondition, isIssued, withCondition } from '../common/certificate-conditions.ts'
import { type CertificateRequest, readCertificateRequest } from '../common/certificate-request.ts'
import { kubeletClientProblem, kubeletServingProblem } from '../common/kubelet-request.ts'
import type { Signer } from './sign-certificate.ts'

export interface SigningView {
  readonly request: CertificateSigningRequest
  readonly now: Instant
  readonly sign: Signer
  /** Longest life of a certificate; requests may ask for less. */
  readonly lifeMs: number
}

/**
 * Signs an approved request of one of the cluster's own signers, or marks it as failed when it asks for what that signer does not give.
 * Throws an Error where signing itself fails, for the loop to say so and try again.
 */
export function planSigning({ request, now, sign, lifeMs }: SigningView): Plan {
  if (isIssued(request) || !hasCondition(request, 'Approved') || hasCondition(request, 'Denied') || hasCondition(request, 'Failed'))
    return settled
  const { signerName, usages = [], expirationSeconds } = request.spec
  const problemOf = Object.hasOwn(signers, signerName) ? signers[signerName] : undefined
  if (problemOf === undefined) return settled
  const asked = readCertificateRequest(Buffer.from(request.spec.request, 'base64').toString())
  const problem = problemOf(asked, usages)
  if (problem !== undefined) {
    const object = withCondition(request, { type: 'Failed', reason: 'SignerValidationFailure', message: problem }, now)
    return statusOf(object)
  }
  const life = Math.min(lifeMs, Math.max(shortestMs, (expirationSeconds ?? Infinity) * 1000))
  const certificate = sign({ request: asked, usages, lifeMs: life, now, uid: request.metadata.uid })
  return statusOf({ ...request, status: { ...request.status, certificate: Buffer.from(certificate).toString('base64') } })
}

const statusOf = (object: CertificateSigningRequest): Plan => ({
  commands: [{ do: 'update', kind: CertificateSigningRequest, object, subresource: 'status' }],
  wakeAt: Infinity,
})

const shortestMs = 10 * 60_000

/** What each signer refuses, in the reference's words (API docs, "Kubernetes signers"). */
const signers: Readonly<Record<string, (request: CertificateRequest, usages: readonly string[]) => string | undefined>> = {
  'kubernetes.io/kube-apiserver-client': (_request, usages) => clientUsageProblem(usages),
  'kubernetes.io/kube-apiserver-client-kubelet': kubeletClientProblem,
  'kubernetes.io/kubelet-serving': kubeletServingProblem,
  'kubernetes.io/legacy-unknown': () => undefined,
}

function clientUsageProblem(usages: readonly string[]): string | undefined {
  const other = usages.find((usage) => !['digital signature', 'key encipherment', 'client auth'].includes(usage))
  if (other !== undefined) return `invalid usage for client certificate: ${other}`
  return usages.includes('client auth') ? undefined : 'missing required usage for client certificate: client auth'
}
