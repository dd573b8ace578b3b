import type { StatefulSet } from '#api/apps/v1/stateful-set.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { Pod } from '#api/core/v1/pod.ts'
import type { Volume } from '#api/core/v1/types.ts'
import type { KubeObject } from '#api/kind.ts'
import { ownerReference } from '#api/meta/v1/owner.ts'
import { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import { ResourceClaimTemplate } from '#api/resource/v1/resource-claim-template.ts'
import { StorageClass } from '#api/storage/v1/storage-class.ts'
import type { Objects } from './objects.ts'

/** The pod of a StatefulSet with its own claims as volumes. */
export function withOwnClaims(pod: Pod, { metadata, spec }: StatefulSet): Pod {
  const templates = spec.volumeClaimTemplates ?? []
  if (templates.length === 0) return pod
  const ordinal = pod.metadata.name.slice(metadata.name.length + 1)
  const own: readonly Volume[] = templates.map((template) => ({
    name: template.metadata.name ?? '',
    persistentVolumeClaim: { claimName: `${template.metadata.name}-${metadata.name}-${ordinal}` },
  }))
  const others = (pod.spec.volumes ?? []).filter(({ name }) => !own.some((one) => one.name === name))
  return { ...pod, spec: { ...pod.spec, volumes: [...others, ...own] } }
}

/** Claims that controllers make for a pod: of a StatefulSet's templates, of ephemeral volumes, of devices. Those that are there stay. */
export function makeThingsOf(pod: Pod, owner: KubeObject | undefined, objects: Objects): Pod {
  const { namespace, name: podName } = pod.metadata
  const claim = (name: string, parts: object, owners: object = {}): void => {
    if (objects.get(PersistentVolumeClaim, name, namespace) !== undefined) return
    const { metadata, spec } = parts as Pick<PersistentVolumeClaim, 'metadata' | 'spec'>
    const uid = `planned/claims/${namespace}/${name}`
    objects.set(PersistentVolumeClaim, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { ...metadata, ...owners, name, namespace, uid, resourceVersion: '0', creationTimestamp: '' },
      spec: { ...spec, storageClassName: spec.storageClassName ?? defaultClass(objects), volumeMode: spec.volumeMode ?? 'Filesystem' },
      status: { phase: 'Pending' },
    } as unknown as KubeObject)
  }
  if (owner?.kind === 'StatefulSet')
    for (const template of (owner as StatefulSet).spec.volumeClaimTemplates ?? []) {
      const volume = pod.spec.volumes?.find(({ name }) => name === template.metadata.name)
      if (volume?.persistentVolumeClaim !== undefined) claim(volume.persistentVolumeClaim.claimName, template)
    }
  const owners = { ownerReferences: [ownerReference(Pod, pod)] }
  for (const { name, ephemeral } of pod.spec.volumes ?? [])
    if (ephemeral?.volumeClaimTemplate !== undefined) claim(`${podName}-${name}`, ephemeral.volumeClaimTemplate, owners)
  return withDevices(pod, owners, objects)
}

const isDefaultClass = 'storageclass.kubernetes.io/is-default-class'

/** The class of claims that name none. */
export const defaultClass = (objects: Objects): string | undefined =>
  objects.list(StorageClass).find(({ metadata }) => metadata.annotations?.[isDefaultClass] === 'true')?.metadata.name

/** A claim for each template that the pod names, and its name in the pod's status. */
function withDevices(pod: Pod, owners: object, objects: Objects): Pod {
  const { namespace, name: podName } = pod.metadata
  const statuses = (pod.spec.resourceClaims ?? []).flatMap(({ name, resourceClaimTemplateName }) => {
    if (!resourceClaimTemplateName) return []
    const template = objects.get(ResourceClaimTemplate, resourceClaimTemplateName, namespace)
    if (template === undefined) return []
    const resourceClaimName = `${podName}-${name}`
    const metadata = {
      ...template.spec.metadata,
      ...owners,
      name: resourceClaimName,
      namespace,
      uid: `planned/devices/${resourceClaimName}`,
    }
    objects.set(ResourceClaim, {
      apiVersion: 'resource.k8s.io/v1',
      kind: 'ResourceClaim',
      metadata: { ...metadata, resourceVersion: '0', creationTimestamp: '' },
      spec: template.spec.spec,
      status: {},
    } as unknown as KubeObject)
    return [{ name, resourceClaimName }]
  })
  return statuses.length === 0 ? pod : { ...pod, status: { ...pod.status, resourceClaimStatuses: statuses } }
}

/**
 * Without the volumes that a provisioner makes before any pod is placed: where they will be nobody can know before. `claims` names them.
 */
export function withoutMadeBefore(pod: Pod, objects: Objects): { readonly pod: Pod; readonly claims: readonly string[] } {
  const claims: string[] = []
  const volumes = (pod.spec.volumes ?? []).filter(({ name, persistentVolumeClaim, ephemeral }) => {
    const claimName = persistentVolumeClaim?.claimName ?? (ephemeral && `${pod.metadata.name}-${name}`)
    if (claimName === undefined) return true
    const claim = objects.get(PersistentVolumeClaim, claimName, pod.metadata.namespace)
    if (claim === undefined || claim.spec.volumeName || !claim.spec.storageClassName) return true
    const found = objects.get(StorageClass, claim.spec.storageClassName)
    if (found === undefined || found.volumeBindingMode === 'WaitForFirstConsumer') return true
    if (found.provisioner === 'kubernetes.io/no-provisioner') return true
    claims.push(claimName)
    return false
  })
  return claims.length === 0 ? { pod, claims } : { pod: { ...pod, spec: { ...pod.spec, volumes } }, claims }
}
