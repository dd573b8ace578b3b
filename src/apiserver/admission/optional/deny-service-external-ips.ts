import type { ServiceSpec } from '#api/core/v1/types.ts'
import type { AdmissionPlugin } from '../../contract.ts'
import { refusal } from '../refusal.ts'

/** Lets no Service take addresses that it does not have already: with them it could take other people's traffic (CVE-2020-8554). */
export const denyServiceExternalIPs: AdmissionPlugin = {
  name: 'DenyServiceExternalIPs',
  resources: ['services'],
  subresources: [''],
  operations: ['CREATE', 'UPDATE'],
  async validate(admission) {
    const addresses = (object: unknown) => (object as { readonly spec?: ServiceSpec } | undefined)?.spec?.externalIPs ?? []
    const before = new Set(addresses(admission.previous))
    if (addresses(admission.object).some((address) => !before.has(address)))
      throw refusal(admission, 'Use of external IPs is denied by admission control')
  },
}
