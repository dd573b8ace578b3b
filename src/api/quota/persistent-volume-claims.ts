import type { PersistentVolumeClaim } from '#api/core/v1/types.ts'
import type { KubeObject } from '#api/kind.ts'
import { compareQuantity, parseQuantity, type Quantity, quantityOf } from '#lib/quantity.ts'
import { countName, one, type QuotaEvaluator, selects } from './quota.ts'

const counted = 'persistentvolumeclaims'
const size = 'requests.storage'
/** `gold.storageclass.storage.k8s.io/requests.storage`: the same, of one storage class. */
const ofClass = '.storageclass.storage.k8s.io/'

/** Claims are counted, and their storage, by class of storage too. */
export const persistentVolumeClaimQuota: QuotaEvaluator = {
  resource: counted,
  matching: (wanted) =>
    wanted.filter(
      (name) =>
        name === countName(counted) ||
        name === counted ||
        name === size ||
        name.endsWith(`${ofClass}${counted}`) ||
        name.endsWith(`${ofClass}${size}`),
    ),
  handles: ({ subresource }) => subresource === '' || subresource === 'status',
  isIn: (scope, object) => scope.scopeName === 'VolumeAttributesClass' && selects(scope, attributesClasses(claimOf(object))),
  usage: (object) => {
    const claim = claimOf(object)
    const { metadata, spec } = claim
    const storageClass = metadata?.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? spec?.storageClassName ?? ''
    const storage = storageOf(claim)
    return {
      [counted]: one,
      [countName(counted)]: one,
      ...(storage !== undefined && { [size]: storage }),
      ...(storageClass !== '' && {
        [`${storageClass}${ofClass}${counted}`]: one,
        ...(storage !== undefined && { [`${storageClass}${ofClass}${size}`]: storage }),
      }),
    }
  },
}

const claimOf = (object: KubeObject): PersistentVolumeClaim => object as unknown as PersistentVolumeClaim

/** Whole bytes of what is asked for, or of what is being grown to where that is more. */
function storageOf({ spec, status }: PersistentVolumeClaim): Quantity | undefined {
  const asked = spec?.resources?.requests?.['storage']
  if (asked === undefined) return undefined
  const allotted = status?.allocatedResources?.['storage']
  const most = parseQuantity(allotted !== undefined && compareQuantity(allotted, asked) > 0 ? allotted : asked)
  const billion = 1_000_000_000n
  return most.nano % billion === 0n ? most : quantityOf(most.nano / billion + 1n, most.format)
}

const attributesClasses = ({ spec, status }: PersistentVolumeClaim): string[] => [
  ...new Set(
    [
      spec?.volumeAttributesClassName,
      status?.currentVolumeAttributesClassName,
      status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
    ].flatMap((name) => (name ? [name] : [])),
  ),
]
