import type { ClusterDraft, Draft } from '../generator.ts'

/** The next free name of a sort: `pv0`, `pv1`, … */
export function nextName({ names }: ClusterDraft, sort: string): string {
  names[sort] ??= []
  const name = `${sort}${names[sort].length}`
  names[sort].push(name)
  return name
}

/** A claim in namespace alpha, and the volume that it is bound to. Answers the claim's name. */
export function boundClaim(
  cluster: ClusterDraft,
  volume: { readonly spec: Draft; readonly labels?: Draft; readonly accessModes?: readonly string[] },
): string {
  const [name, claim] = [nextName(cluster, 'pv'), nextName(cluster, 'pvc')]
  const accessModes = volume.accessModes ?? ['ReadWriteOnce']
  cluster.objects.push(
    {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name, ...(volume.labels && { labels: volume.labels }) },
      spec: {
        capacity: { storage: '10Gi' },
        accessModes,
        claimRef: { kind: 'PersistentVolumeClaim', namespace: 'alpha', name: claim },
        ...volume.spec,
      },
      status: { phase: 'Bound' },
    },
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: claim, namespace: 'alpha', annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } },
      spec: {
        accessModes,
        resources: { requests: { storage: '5Gi' } },
        volumeName: name,
        storageClassName: volume.spec.storageClassName ?? '',
      },
      status: { phase: 'Bound', accessModes, capacity: { storage: '10Gi' } },
    },
  )
  return claim
}

/** A required term of one label. */
export const onlyWhere = (key: string, values: readonly string[]): Draft => ({
  required: { nodeSelectorTerms: [{ matchExpressions: [{ key, operator: 'In', values }] }] },
})
