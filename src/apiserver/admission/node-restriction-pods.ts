import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { mirrorAnnotation, podReferences } from '#api/core/v1/pod-references.ts'
import type { AnyKind } from '#api/kind.ts'
import { quote } from '#schema/go-text.ts'
import { notFoundError } from '../http/status.ts'
import type { NodeWrite } from './node-restriction.ts'

/** A node may only create the mirror of a pod that it runs from a file: bound to it, owned by it, and opening no object of the API to it. */
export function checkPodCreate(write: NodeWrite): string | undefined {
  const { node } = write
  const pod = write.object as Pod
  const me = `node ${quote(node)}`
  if (pod.metadata.annotations?.[mirrorAnnotation] === undefined)
    return `pod does not have ${quote(mirrorAnnotation)} annotation, ${me} can only create mirror pods`
  if (pod.spec.nodeName !== node) return `${me} can only create pods with spec.nodeName set to itself`
  const owners = pod.metadata.ownerReferences ?? []
  if (owners.length > 1) return `${me} can only create pods with a single owner reference set to itself`
  const [owner] = owners
  if (owner === undefined || owner.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node)
    return `${me} can only create pods with an owner reference set to itself`
  if (owner.controller !== true) return `${me} can only create pods with a controller owner reference set to itself`
  if (owner.blockOwnerDeletion === true) return `${me} must not set blockOwnerDeletion on an owner reference`
  const present = write.objects.get(Node, node)
  if (present === undefined) throw absentInCache(Node, node)
  const { uid } = present.metadata
  if (owner.uid !== uid) return `node ${node} UID mismatch: expected ${owner.uid} got ${uid}`
  const reference = apiReference(pod)
  return reference === undefined ? undefined : `${me} can not create pods that reference ${reference}`
}

/** Error: `NotFound`. */
export function existingPod({ objects, attributes }: NodeWrite, name: string): Pod {
  const pod = objects.get(Pod, name, attributes.namespace)
  if (pod === undefined) throw absentInCache(Pod, name)
  return pod as Pod
}

/** The reference looks these up in its caches, which name the kind in the singular. */
const absentInCache = (kind: AnyKind, name: string): Error => notFoundError({ ...kind, absentName: kind.singular }, name)

/** The first sort of API object that the pod refers to, in the reference's words. Volumes that are not known to be harmless count. */
function apiReference(pod: Pod): string | undefined {
  const references = podReferences(pod)
  if (references.serviceAccounts.length > 0) return 'serviceaccounts'
  if (references.secrets.length > 0) return 'secrets'
  if (references.configMaps.length > 0) return 'configmaps'
  if ((pod.spec.resourceClaims ?? []).length > 0) return 'resourceclaims'
  for (const volume of pod.spec.volumes ?? []) {
    const sources = Object.keys(volume).filter((field) => field !== 'name' && volume[field as keyof typeof volume] !== undefined)
    if (sources.every((source) => harmless.has(source))) continue
    if (volume.projected === undefined) return volumeReference[sources.find((source) => !harmless.has(source))!] ?? 'unknown volume source'
    for (const source of volume.projected.sources ?? []) {
      const parts = Object.keys(source).filter((part) => source[part as keyof typeof source] !== undefined && part !== 'downwardAPI')
      if (parts[0] !== undefined) return projectedReference[parts[0]] ?? 'unknown projected volume source'
    }
  }
  return undefined
}

const harmless = new Set([
  'awsElasticBlockStore',
  'azureDisk',
  'cephfs',
  'cinder',
  'downwardAPI',
  'emptyDir',
  'fc',
  'flexVolume',
  'flocker',
  'gcePersistentDisk',
  'gitRepo',
  'hostPath',
  'image',
  'iscsi',
  'nfs',
  'photonPersistentDisk',
  'portworxVolume',
  'quobyte',
  'rbd',
  'scaleIO',
  'storageos',
  'vsphereVolume',
])

const volumeReference: Readonly<Record<string, string>> = {
  configMap: 'configmaps (via configmap volumes)',
  secret: 'secrets (via secret volumes)',
  csi: 'csidrivers (via CSI volumes)',
  glusterfs: 'endpoints (via glusterFS volumes)',
  persistentVolumeClaim: 'persistentvolumeclaims',
  ephemeral: 'persistentvolumeclaims (via ephemeral volumes)',
  azureFile: 'secrets (via azureFile volumes)',
}

const projectedReference: Readonly<Record<string, string>> = {
  configMap: 'configmaps (via projected volumes)',
  secret: 'secrets (via projected volumes)',
  serviceAccountToken: 'serviceaccounts (via projected volumes)',
  clusterTrustBundle: 'clustertrustbundles',
  podCertificate: 'podcertificates',
}
