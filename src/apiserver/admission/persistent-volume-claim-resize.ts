import type { PersistentVolumeClaim } from '#api/core/v1/types.ts'
import { compareQuantity } from '#lib/quantity.ts'
import type { AdmissionPlugin } from '../contract.ts'
import { refusal } from './refusal.ts'

/** A claim grows only once it is bound, and where its storage class lets it. */
export const persistentVolumeClaimResize: AdmissionPlugin = {
  name: 'PersistentVolumeClaimResize',
  resources: ['persistentvolumeclaims'],
  subresources: [''],
  operations: ['UPDATE'],
  async validate(admission) {
    const [next, previous] = [admission.object, admission.previous] as unknown as PersistentVolumeClaim[]
    const size = (claim: PersistentVolumeClaim) => claim.spec?.resources?.requests?.['storage'] ?? '0'
    if (compareQuantity(size(next!), size(previous!)) <= 0) return
    if (previous!.status?.phase !== 'Bound') throw refusal(admission, 'Only bound persistent volume claims can be expanded')
    const name = storageClassOf(next!)
    const kind = admission.objects.kindOf('storage.k8s.io', 'storageclasses')
    const found = kind === undefined || name === '' || name !== storageClassOf(previous!) ? undefined : admission.objects.get(kind, name)
    if ((found as { readonly allowVolumeExpansion?: boolean } | undefined)?.allowVolumeExpansion !== true)
      throw refusal(
        admission,
        'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
      )
  },
}

/** The older annotation goes before the field. */
const storageClassOf = ({ metadata, spec }: PersistentVolumeClaim): string =>
  metadata?.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? spec?.storageClassName ?? ''
