import { nodeSelectorTermWarnings } from '#api/core/v1/node-label-warnings.ts'
import type { PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimSpec, PersistentVolumeSpec } from '#api/core/v1/types.ts'
import { parseQuantity } from '#lib/quantity.ts'
import { quote } from '#schema/go-text.ts'

const classAnnotation = 'volume.beta.kubernetes.io/storage-class'
const classAnnotationText = 'deprecated since v1.8; use "storageClassName" attribute instead'

/** What is accepted in a claim, and hardly meant. */
export const claimWarnings = ({ metadata, spec }: Pick<PersistentVolumeClaim, 'metadata' | 'spec'>): string[] => [
  ...(metadata.annotations?.[classAnnotation] === undefined ? [] : [`metadata.annotations[${classAnnotation}]: ${classAnnotationText}`]),
  ...claimSpecWarnings(spec, 'spec'),
]

/** A claim that asks for parts of a byte. */
export function claimSpecWarnings(spec: PersistentVolumeClaimSpec, path: string): string[] {
  return (['requests', 'limits'] as const).flatMap((part) =>
    fractionalBytes(spec.resources?.[part]?.storage, `${path}.resources.${part}[storage]`),
  )
}

/** A number of bytes that is no whole one, after the rounding to thousandths that every amount gets. */
export const fractionalBytes = (text: string | undefined, path: string): string[] =>
  text === undefined || parseQuantity(text).nano % 1_000_000_000n === 0n
    ? []
    : [`${path}: fractional byte value ${quote(text)} is invalid, must be an integer`]

/** Volumes of kinds that work no more, and ways of reclaiming that nobody should rely on. */
export function volumeWarnings({ metadata, spec }: Pick<PersistentVolume, 'metadata' | 'spec'>): string[] {
  const terms = spec.nodeAffinity?.required?.nodeSelectorTerms ?? []
  return [
    ...Object.entries(pastAnnotations).flatMap(([key, text]) =>
      metadata.annotations?.[key] === undefined ? [] : [`metadata.annotations[${key}]: ${text}`],
    ),
    ...(spec.persistentVolumeReclaimPolicy === 'Recycle'
      ? [
          'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
        ]
      : []),
    ...terms.flatMap((term, i) => nodeSelectorTermWarnings(term, false, `spec.nodeAffinity.required.nodeSelectorTerms[${i}]`)),
    ...pastSources.flatMap(([field, text]) => (spec[field] === undefined ? [] : [`spec.${text}`])),
  ]
}

const pastAnnotations: Readonly<Record<string, string>> = {
  [classAnnotation]: classAnnotationText,
  'volume.beta.kubernetes.io/mount-options': 'deprecated since v1.31; use "mountOptions" attribute instead',
}

const pastSources: readonly (readonly [field: keyof PersistentVolumeSpec, text: string])[] = [
  ['cephfs', 'cephfs: deprecated in v1.28, non-functional in v1.31+'],
  ['photonPersistentDisk', 'photonPersistentDisk: deprecated in v1.11, non-functional in v1.16+'],
  ['scaleIO', 'scaleIO: deprecated in v1.16, non-functional in v1.22+'],
  ['storageos', 'storageOS: deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'glusterfs: deprecated in v1.25, non-functional in v1.26+'],
  ['rbd', 'rbd: deprecated in v1.28, non-functional in v1.31+'],
]
