import type { Area, Draft } from '../generator.ts'
import { boundClaim, nextName } from './volume-objects.ts'

const driver = 'few.example.com'
const other = 'many.example.com'

/** NodeVolumeLimits: how many volumes of a driver a node can hold. */
export const volumeLimits: Area = {
  setUp(cluster) {
    const { chance, names, objects, nodes } = cluster
    const claims = Array.from({ length: chance.int(2, 6) }, (_, index) =>
      boundClaim(cluster, {
        spec: {
          ...(chance.is(10)
            ? { awsElasticBlockStore: { volumeID: `aws-${index}` } }
            : { csi: { driver: chance.is(80) ? driver : other, volumeHandle: `few-${chance.is(10) ? 0 : index}` } }),
        },
        accessModes: [chance.is(70) ? 'ReadWriteMany' : 'ReadWriteOnce'],
      }),
    )
    const waiting = nextName(cluster, 'sc')
    objects.push({
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: waiting },
      provisioner: driver,
      volumeBindingMode: 'WaitForFirstConsumer',
    })
    if (chance.is(40)) {
      const name = nextName(cluster, 'pvc')
      claims.push(name)
      objects.push({
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name, namespace: 'alpha' },
        spec: { storageClassName: waiting, accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
      })
    }
    names['few-claims'] = claims
    for (const { metadata } of nodes) {
      if (chance.is(12)) continue
      const drivers: Draft[] = []
      if (chance.is(92))
        drivers.push({
          name: driver,
          nodeID: metadata.name,
          ...(chance.is(85) && { allocatable: { count: chance.pick([0, 1, 1, 2, 3]) } }),
        })
      if (chance.is(50)) drivers.push({ name: other, nodeID: metadata.name, allocatable: { count: 5 } })
      if (chance.is(20)) drivers.push({ name: 'ebs.csi.aws.com', nodeID: metadata.name, allocatable: { count: 1 } })
      objects.push({
        apiVersion: 'storage.k8s.io/v1',
        kind: 'CSINode',
        metadata: {
          name: metadata.name,
          ...(chance.is(30) && { annotations: { 'storage.alpha.kubernetes.io/migrated-plugins': 'kubernetes.io/aws-ebs' } }),
        },
        spec: { drivers },
      })
    }
    const volumes = objects.filter(({ kind }) => kind === 'PersistentVolume')
    for (let left = chance.pick([0, 0, 1, 3]); left > 0 && volumes.length > 0; left -= 1)
      objects.push({
        apiVersion: 'storage.k8s.io/v1',
        kind: 'VolumeAttachment',
        metadata: { name: nextName(cluster, 'va') },
        spec: {
          attacher: driver,
          nodeName: chance.pick(nodes).metadata.name,
          source: { persistentVolumeName: chance.pick(volumes).metadata.name },
        },
      })
  },
  pod(pod, { chance, names }, role) {
    if (chance.is(role === 'bound' ? 40 : 15)) return
    pod.metadata.namespace = 'alpha'
    const used = chance
      .some(names['few-claims']!, 3)
      .map((claimName) => ({ name: `few-${claimName}`, persistentVolumeClaim: { claimName } }))
    if (chance.is(10)) used.push({ name: 'inline', csi: { driver } } as Draft)
    if (used.length > 0) pod.spec.volumes = [...(pod.spec.volumes ?? []), ...used]
  },
}
