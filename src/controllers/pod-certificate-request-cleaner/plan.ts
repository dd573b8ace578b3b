import { PodCertificateRequest } from '#api/certificates/v1beta1/pod-certificate-request.ts'
import type { Instant } from '#lib/clock.ts'
import { type Plan, settled } from '#loop/controller.ts'
import { targetOf } from '../common/commands.ts'

/** One request, and the time. */
export interface CleaningView {
  readonly request: PodCertificateRequest
  readonly now: Instant
}

/** The reference's (cmd/kube-controller-manager/app/certificates.go): every issuance is over by then. */
const lifeMs = 15 * 60_000

/** Deletes a request some time after it was made: what was issued has been taken long before (kube-controller-manager certificates/cleaner). */
export function planCleaning({ request, now }: CleaningView): Plan {
  if (request.metadata.deletionTimestamp !== undefined) return settled
  const due = Date.parse(request.metadata.creationTimestamp) + lifeMs
  if (now < due) return { commands: [], wakeAt: due }
  return { commands: [{ do: 'delete', ...targetOf(PodCertificateRequest, request) }], wakeAt: Infinity }
}
