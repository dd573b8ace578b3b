import type { Area, ClusterDraft, Draft } from '../generator.ts'
import { boundClaim, nextName, onlyWhere } from './volume-objects.ts'

const zoneKey = 'topology.kubernetes.io/zone'
const hostKey = 'kubernetes.io/hostname'
const driver = 'disk.example.com'

/** VolumeBinding, VolumeZone and VolumeRestrictions. */
export const volumes: Area = {
  setUp(cluster) {
    const { chance, nodes, objects } = cluster
    const claims: string[] = []
    cluster.names['claims'] = claims
    const zones = (): readonly string[] => chance.pick([['zone-a'], ['zone-b'], ['zone-a', 'zone-b'], ['zone-c']])
    const anyNode = (): string => chance.pick(nodes).metadata.name
    const classes = [
      { provisioner: 'kubernetes.io/no-provisioner', volumeBindingMode: 'WaitForFirstConsumer' },
      {
        provisioner: driver,
        volumeBindingMode: 'WaitForFirstConsumer',
        ...(chance.is(50) && { allowedTopologies: [{ matchLabelExpressions: [{ key: zoneKey, values: zones() }] }] }),
      },
      { provisioner: driver, volumeBindingMode: 'Immediate' },
    ].map((storageClass) => {
      const name = nextName(cluster, 'sc')
      objects.push({ apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name }, ...storageClass })
      return name
    })
    const hasCapacities = chance.is(50)
    objects.push({
      apiVersion: 'storage.k8s.io/v1',
      kind: 'CSIDriver',
      metadata: { name: driver },
      spec: { storageCapacity: hasCapacities },
    })
    if (hasCapacities)
      for (const zone of chance.some(['zone-a', 'zone-b', 'zone-c']))
        objects.push({
          apiVersion: 'storage.k8s.io/v1',
          kind: 'CSIStorageCapacity',
          metadata: { name: nextName(cluster, 'cap'), namespace: 'delta' },
          storageClassName: classes[1],
          capacity: chance.pick(['1Gi', '4Gi', '100Gi']),
          ...(chance.is(30) && { maximumVolumeSize: chance.pick(['3Gi', '50Gi']) }),
          nodeTopology: { matchLabels: { [zoneKey]: zone } },
        } as Draft)
    for (let left = chance.int(0, 3); left > 0; left -= 1)
      claims.push(
        boundClaim(cluster, {
          spec: {
            ...(chance.is(70) && {
              nodeAffinity: chance.is(50) ? onlyWhere(zoneKey, zones()) : onlyWhere(hostKey, [anyNode(), anyNode()]),
            }),
            csi: { driver, volumeHandle: `h${left}` },
            ...(chance.is(50) && { storageClassName: classes[1] }),
          },
          ...(chance.is(40) && {
            labels: {
              [chance.is(70) ? zoneKey : 'failure-domain.beta.kubernetes.io/zone']: chance.pick(['zone-a', 'zone-b', 'zone-a__zone-b']),
            },
          }),
          accessModes: [chance.pick(['ReadWriteOnce', 'ReadWriteOncePod', 'ReadWriteMany'])],
        }),
      )
    for (let left = chance.int(0, 5); left > 0; left -= 1) objects.push(freeVolume(cluster, classes, zones, anyNode))
    for (let left = chance.int(0, 4); left > 0; left -= 1) {
      const name = nextName(cluster, 'pvc')
      claims.push(name)
      const selector = chance.is(15) ? { matchLabels: { grade: chance.pick(['gold', 'tin']) } } : undefined
      objects.push({
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: {
          name,
          namespace: 'alpha',
          // Of a pod that was to run there, and did not.
          ...(chance.is(10) && { annotations: { 'volume.kubernetes.io/selected-node': anyNode() } }),
        },
        spec: {
          storageClassName: chance.pick([classes[0], classes[0], classes[1], classes[1], classes[2], 'sc99']),
          accessModes: [chance.pick(['ReadWriteOnce', 'ReadWriteOnce', 'ReadWriteOncePod', 'ReadOnlyMany'])],
          resources: { requests: { storage: chance.pick(['1Gi', '5Gi', '20Gi']) } },
          ...(selector && { selector }),
          ...(chance.is(10) && { volumeMode: 'Block' }),
        },
      })
    }
    // Bound to a volume that is not there, or to none that the name leads to.
    if (chance.is(8)) {
      const name = nextName(cluster, 'pvc')
      claims.push(name)
      objects.push({
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name, namespace: 'alpha', annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, volumeName: 'pv99', storageClassName: '' },
      })
    }
    if (chance.is(5)) claims.push('pvc99')
  },
  pod(pod, { chance, names, objects, bound }, role) {
    // Two pods that are there cannot both have a claim that is for one alone.
    const isTaken = (claim: string): boolean =>
      role === 'bound' &&
      objects.some(({ metadata, spec }) => metadata.name === claim && spec?.accessModes?.includes('ReadWriteOncePod')) &&
      bound.some(({ spec }) => JSON.stringify(spec.volumes ?? []).includes(`"${claim}"`))
    const claims = names['claims']!.filter((claim) => !isTaken(claim))
    const added: Draft[] = []
    if (claims.length > 0 && chance.is(role === 'bound' ? 15 : 75)) {
      pod.metadata.namespace = 'alpha'
      for (const claimName of chance.some(claims, 2))
        added.push({ name: `v-${claimName}`, persistentVolumeClaim: { claimName, ...(chance.is(15) && { readOnly: true }) } })
    }
    if (chance.is(25)) added.push(diskOf(pod, chance))
    if (role === 'pending' && chance.is(3))
      added.push({
        name: 'ephemeral',
        ephemeral: { volumeClaimTemplate: { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } } },
      })
    if (added.length > 0) pod.spec.volumes = [...(pod.spec.volumes ?? []), ...added]
  },
}

function freeVolume(cluster: ClusterDraft, classes: readonly string[], zones: () => readonly string[], anyNode: () => string): Draft {
  const { chance } = cluster
  const isLocal = chance.is(60)
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: {
      name: nextName(cluster, 'pv'),
      ...(chance.is(30) && { labels: { grade: chance.pick(['gold', 'tin']) } }),
    },
    spec: {
      capacity: { storage: chance.pick(['2Gi', '5Gi', '10Gi', '50Gi']) },
      accessModes: chance.pick([['ReadWriteOnce'], ['ReadWriteOnce', 'ReadOnlyMany'], ['ReadWriteOncePod']]),
      storageClassName: chance.pick([classes[0], classes[0], classes[1]]),
      ...(isLocal ? { local: { path: '/mnt' } } : { csi: { driver, volumeHandle: `f${cluster.objects.length}` } }),
      ...((isLocal || chance.is(60)) && {
        nodeAffinity: isLocal && chance.is(80) ? onlyWhere(hostKey, [anyNode()]) : onlyWhere(zoneKey, zones()),
      }),
      ...(chance.is(10) && { volumeMode: 'Block' }),
    },
    status: { phase: chance.is(92) ? 'Available' : 'Released' },
  }
}

/** Disks that two pods may not both write to. */
function diskOf(_pod: Draft, chance: ClusterDraft['chance']): Draft {
  const readOnly = chance.is(50) ? { readOnly: true } : {}
  return chance.pick([
    { name: 'gce', gcePersistentDisk: { pdName: chance.pick(['d1', 'd2']), ...readOnly } },
    { name: 'aws', awsElasticBlockStore: { volumeID: chance.pick(['d1', 'd2']), ...readOnly } },
    {
      name: 'iscsi',
      iscsi: { targetPortal: '10.0.0.1:3260', iqn: `iqn.2001-04.com.example:${chance.pick(['a', 'b'])}`, lun: 0, ...readOnly },
    },
    { name: 'rbd', rbd: { monitors: chance.pick([['m1'], ['m1', 'm2'], ['m3']]), image: chance.pick(['i1', 'i2']), ...readOnly } },
  ])
}
