import type { AdmissionPlugin } from '../contract.ts'

/**
 * Marks what may be in use by a pod, so that its deletion waits until it no longer is (StorageObjectInUseProtection). Only to be composed
 * together with the controllers that take the marks away again: without them nothing marked could ever be deleted.
 */
export const storageObjectInUse: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  async admit({ operation, attributes, object }) {
    if (operation !== 'CREATE' || attributes.subresource !== '' || attributes.group !== '' || object === undefined) return object
    const finalizer = finalizers[attributes.resource]
    const present = object.metadata.finalizers ?? []
    if (finalizer === undefined || present.includes(finalizer)) return object
    return { ...object, metadata: { ...object.metadata, finalizers: [...present, finalizer] } }
  },
}

const finalizers: Readonly<Record<string, string>> = {
  persistentvolumeclaims: 'kubernetes.io/pvc-protection',
  persistentvolumes: 'kubernetes.io/pv-protection',
}
