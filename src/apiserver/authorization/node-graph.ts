import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { mirrorAnnotation, podReferences } from '#api/core/v1/pod-references.ts'
import type { KubeObject } from '#api/kind.ts'
import type { Objects } from '../contract.ts'

/** Which objects each node has to do with, by the pods that are bound to it. */
export interface NodeGraph {
  /** Whether a pod of the node needs the object: a secret, config map, claim, account, volume or the pod itself. `namespace` is '' for a volume. */
  needs(node: string, resource: GraphResource, namespace: string, name: string): boolean
  close(): void
}

/** Resources that a node is allowed because something bound to it refers to them. */
export type GraphResource =
  | 'pods'
  | 'secrets'
  | 'configmaps'
  | 'persistentvolumeclaims'
  | 'persistentvolumes'
  | 'resourceclaims'
  | 'serviceaccounts'

/** Keeps the graph from changes of pods and volumes; a question is two look-ups. */
export function createNodeGraph(objects: Objects): NodeGraph {
  /** Object → node → number of its pods that need it. */
  const users = new Map<string, Map<string, number>>()
  const pods = new Map<string, { readonly node: string; readonly keys: readonly string[] }>()
  /** Secret → volumes that are mounted with it. */
  const volumesOfSecret = new Map<string, Set<string>>()
  const secretsOfVolume = new Map<string, readonly string[]>()

  const count = (key: string, node: string, step: 1 | -1) => {
    const nodes = users.get(key) ?? new Map<string, number>()
    const left = (nodes.get(node) ?? 0) + step
    if (left > 0) nodes.set(node, left)
    else nodes.delete(node)
    if (nodes.size > 0) users.set(key, nodes)
    else users.delete(key)
  }
  const onPod = (object: KubeObject, change: 'put' | 'delete') => {
    const pod = object as Pod
    const own = keyOf('pods', pod.metadata.namespace, pod.metadata.name)
    const before = pods.get(own)
    if (before !== undefined) for (const key of before.keys) count(key, before.node, -1)
    pods.delete(own)
    const node = pod.spec.nodeName
    if (change === 'delete' || node === undefined || node === '') return
    const keys = [own, ...neededBy(pod)]
    pods.set(own, { node, keys })
    for (const key of keys) count(key, node, 1)
  }
  const onVolume = (object: KubeObject, change: 'put' | 'delete') => {
    const volume = object as PersistentVolume
    const { name } = volume.metadata
    for (const key of secretsOfVolume.get(name) ?? []) {
      const volumes = volumesOfSecret.get(key)
      volumes?.delete(name)
      if (volumes?.size === 0) volumesOfSecret.delete(key)
    }
    secretsOfVolume.delete(name)
    const keys = change === 'delete' ? [] : volumeSecrets(volume)
    if (keys.length === 0) return
    secretsOfVolume.set(name, keys)
    for (const key of keys) volumesOfSecret.set(key, (volumesOfSecret.get(key) ?? new Set()).add(name))
  }
  const stops = [objects.observe(Pod, onPod), objects.observe(PersistentVolume, onVolume)]
  // What is there already; seeing an object twice is harmless.
  for (const pod of objects.list(Pod)) onPod(pod, 'put')
  for (const volume of objects.list(PersistentVolume)) onVolume(volume, 'put')

  const hasPod = (key: string, node: string): boolean => users.get(key)?.has(node) === true
  const mountsVolume = (node: string, name: string): boolean => {
    const claim = (objects.get(PersistentVolume, name) as PersistentVolume | undefined)?.spec?.claimRef
    return claim?.name !== undefined && hasPod(keyOf('persistentvolumeclaims', claim.namespace ?? '', claim.name), node)
  }
  return {
    needs: (node, resource, namespace, name) => {
      if (resource === 'persistentvolumes') return mountsVolume(node, name)
      const key = keyOf(resource, namespace, name)
      if (hasPod(key, node)) return true
      return resource === 'secrets' && [...(volumesOfSecret.get(key) ?? [])].some((volume) => mountsVolume(node, volume))
    },
    close: () => {
      for (const stop of stops) stop()
    },
  }
}

const keyOf = (resource: GraphResource, namespace: string, name: string): string => `${resource}/${namespace}/${name}`

/** A mirror pod, which a node makes itself, must not open anything to it. */
function neededBy(pod: Pod): string[] {
  if (pod.metadata.annotations?.[mirrorAnnotation] !== undefined) return []
  const { namespace } = pod.metadata
  const references = podReferences(pod)
  const keys = (resource: GraphResource, names: readonly string[]) => names.map((name) => keyOf(resource, namespace, name))
  return [
    ...keys('secrets', references.secrets),
    ...keys('configmaps', references.configMaps),
    ...keys('persistentvolumeclaims', references.persistentVolumeClaims),
    ...keys('resourceclaims', references.resourceClaims),
    ...keys('serviceaccounts', references.serviceAccounts),
  ]
}

/** Secrets that the kubelet itself uses to mount the volume; those of the provisioner and the attacher are not its business. */
function volumeSecrets(volume: PersistentVolume): string[] {
  const { spec } = volume
  const home = spec.claimRef?.namespace ?? ''
  if (spec.claimRef === undefined) return []
  const secret = (ref: { readonly name?: string | undefined; readonly namespace?: string | undefined } | undefined, namespace = home) =>
    ref?.name ? [keyOf('secrets', ref.namespace || namespace, ref.name)] : []
  return [
    ...secret(spec.azureFile && { name: spec.azureFile.secretName, namespace: spec.azureFile.secretNamespace ?? '' }),
    ...[spec.cephfs, spec.cinder, spec.flexVolume, spec.rbd, spec.scaleIO, spec.iscsi].flatMap((source) => secret(source?.secretRef)),
    ...secret(spec.csi?.nodePublishSecretRef),
    ...secret(spec.csi?.nodeStageSecretRef),
    ...secret(spec.csi?.nodeExpandSecretRef),
    ...(spec.storageos?.secretRef?.name ? [keyOf('secrets', spec.storageos.secretRef.namespace ?? '', spec.storageos.secretRef.name)] : []),
  ]
}
