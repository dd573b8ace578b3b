import type { KubeObject } from '#api/kind.ts'
import type { AdmissionPlugin } from '../contract.ts'

/** By resource: what holds a deleted object until its controller has seen that nothing uses it. */
const finalizers: Readonly<Record<string, string>> = {
  persistentvolumes: 'kubernetes.io/pv-protection',
  persistentvolumeclaims: 'kubernetes.io/pvc-protection',
  volumeattributesclasses: 'kubernetes.io/vac-protection',
}

/** New volumes, claims and volume classes are not removed while they are used. */
export const storageObjectInUseProtection: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  resources: ['persistentvolumes', 'persistentvolumeclaims', 'volumeattributesclasses.storage.k8s.io'],
  subresources: [''],
  operations: ['CREATE'],
  async admit({ attributes, object }) {
    const finalizer = finalizers[attributes.resource]!
    const { metadata } = object!
    const present = metadata.finalizers ?? []
    if (present.includes(finalizer)) return object
    return { ...object, metadata: { ...metadata, finalizers: [...present, finalizer] } } as KubeObject
  },
}
