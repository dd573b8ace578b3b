import { PodCertificateRequest } from '#api/certificates/v1beta1/pod-certificate-request.ts'
import type { Controller } from '#loop/controller.ts'
import { type CleaningView, planCleaning } from './plan.ts'

/** Removes requests for pods' certificates whose time has passed. */
export const podCertificateRequestCleaner: Controller<CleaningView> = {
  name: 'podcertificaterequestcleaner',
  sources: [{ kind: PodCertificateRequest }],
  view: (key, cache, now) => {
    const [namespace, name] = key.split('/') as [string, string]
    const request = cache.get(PodCertificateRequest, name, namespace)
    return request && { request, now }
  },
  plan: planCleaning,
}
