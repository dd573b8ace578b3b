import { CertificateSigningRequest } from '#api/certificates/v1/certificate-signing-request.ts'
import type { Controller } from '#loop/controller.ts'
import { type ApprovalView, approvalAnswered, planApproval } from './plan.ts'

/** Approves requests of kubelets for their client certificates. */
export const certificateApproverController: Controller<ApprovalView> = {
  name: 'certificate-approver',
  sources: [{ kind: CertificateSigningRequest }],
  view: (name, cache, now) => {
    const request = cache.get(CertificateSigningRequest, name)
    return request && { request, now }
  },
  plan: planApproval,
  answered: approvalAnswered,
}
