import { CertificateSigningRequest } from '#api/certificates/v1/certificate-signing-request.ts'
import type { Controller } from '#loop/controller.ts'
import { type CleaningView, planCleaning } from './plan.ts'

/** Removes signing requests whose time has passed. */
export const certificateCleanerController: Controller<CleaningView> = {
  name: 'certificate-cleaner',
  sources: [{ kind: CertificateSigningRequest }],
  view: (name, cache, now) => {
    const request = cache.get(CertificateSigningRequest, name)
    return request && { request, now }
  },
  plan: planCleaning,
}
