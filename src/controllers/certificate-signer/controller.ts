import { CertificateSigningRequest } from '#api/certificates/v1/certificate-signing-request.ts'
import type { Controller } from '#loop/controller.ts'
import { planSigning, type SigningView } from './plan.ts'
import { createSigner, type SigningAuthority } from './sign-certificate.ts'

/** A year, as the reference: `--cluster-signing-duration`. */
const lifeMsDefault = 365 * 24 * 3_600_000

/** Signs approved requests with the cluster's authority, for at most `lifeMs`. */
export function certificateSignerController(authority: SigningAuthority, lifeMs = lifeMsDefault): Controller<SigningView> {
  const sign = createSigner(authority)
  return {
    name: 'certificate-signer',
    sources: [{ kind: CertificateSigningRequest }],
    view: (name, cache, now) => {
      const request = cache.get(CertificateSigningRequest, name)
      return request && { request, now, sign, lifeMs }
    },
    plan: planSigning,
  }
}
