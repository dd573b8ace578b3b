import type { KubeJson } from '#scheduler/testing/recorded-case.ts'

interface Resource {
  readonly group: string
  readonly plural: string
  readonly isNamespaced: boolean
  /** A POST forgets the status; it is written after it. */
  readonly hasStatus?: true
}

const resources: Readonly<Record<string, Resource>> = {
  Namespace: { group: '/api/v1', plural: 'namespaces', isNamespaced: false },
  PriorityClass: { group: '/apis/scheduling.k8s.io/v1', plural: 'priorityclasses', isNamespaced: false },
  Node: { group: '/api/v1', plural: 'nodes', isNamespaced: false },
  Pod: { group: '/api/v1', plural: 'pods', isNamespaced: true, hasStatus: true },
  Service: { group: '/api/v1', plural: 'services', isNamespaced: true },
  ReplicationController: { group: '/api/v1', plural: 'replicationcontrollers', isNamespaced: true },
  ReplicaSet: { group: '/apis/apps/v1', plural: 'replicasets', isNamespaced: true },
  StatefulSet: { group: '/apis/apps/v1', plural: 'statefulsets', isNamespaced: true },
  PersistentVolume: { group: '/api/v1', plural: 'persistentvolumes', isNamespaced: false, hasStatus: true },
  PersistentVolumeClaim: { group: '/api/v1', plural: 'persistentvolumeclaims', isNamespaced: true, hasStatus: true },
  StorageClass: { group: '/apis/storage.k8s.io/v1', plural: 'storageclasses', isNamespaced: false },
  CSINode: { group: '/apis/storage.k8s.io/v1', plural: 'csinodes', isNamespaced: false },
  CSIDriver: { group: '/apis/storage.k8s.io/v1', plural: 'csidrivers', isNamespaced: false },
  VolumeAttachment: { group: '/apis/storage.k8s.io/v1', plural: 'volumeattachments', isNamespaced: false },
  CSIStorageCapacity: { group: '/apis/storage.k8s.io/v1', plural: 'csistoragecapacities', isNamespaced: true },
  PodDisruptionBudget: { group: '/apis/policy/v1', plural: 'poddisruptionbudgets', isNamespaced: true, hasStatus: true },
  ResourceSlice: { group: '/apis/resource.k8s.io/v1', plural: 'resourceslices', isNamespaced: false },
  DeviceClass: { group: '/apis/resource.k8s.io/v1', plural: 'deviceclasses', isNamespaced: false },
  ResourceClaim: { group: '/apis/resource.k8s.io/v1', plural: 'resourceclaims', isNamespaced: true, hasStatus: true },
}

const resourceOf = (kind: string): Resource => {
  const resource = resources[kind]
  if (resource === undefined) throw new Error(`the tool knows no kind ${kind}`)
  return resource
}

/** `/api/v1/namespaces/x/pods`; without a namespace, those of all. */
export function collectionPath(kind: string, namespace?: string): string {
  const { group, plural, isNamespaced } = resourceOf(kind)
  return isNamespaced && namespace !== undefined ? `${group}/namespaces/${namespace}/${plural}` : `${group}/${plural}`
}

/** Where one object is. */
export const objectPath = ({ kind, metadata: { namespace, name } }: KubeJson): string => `${collectionPath(kind, namespace)}/${name}`

/** Whether its status has to be written by itself. */
export const hasOwnStatus = (object: KubeJson): boolean => object.status !== undefined && resourceOf(object.kind).hasStatus === true
