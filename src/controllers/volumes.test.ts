import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Node } from '#api/core/v1/node.ts'
import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { StorageClass } from '#api/storage/v1/storage-class.ts'
import { VolumeAttachment } from '#api/storage/v1/volume-attachment.ts'
import { startCluster } from './testing/cluster.ts'

test('all controllers together: a pod gets its volumes bound, made and attached, and gives them back', async () => {
  const cluster = await startCluster()
  const { client, until } = cluster
  await client.create(Namespace, { metadata: { name: 'shop' } })
  await client.patch(Node, 'n', {
    type: 'merge',
    body: { metadata: { annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' } } },
  })
  const csi = { driver: 'disk.example.com', volumeHandle: 'v' }
  const size = { storage: '1Gi' }
  const accessModes = ['ReadWriteOnce' as const]
  await client.create(PersistentVolume, { metadata: { name: 'v' }, spec: { capacity: size, accessModes, csi } })
  await client.create(StorageClass, { metadata: { name: 'disks' }, provisioner: 'disk.example.com' })
  const asks = { accessModes, resources: { requests: size } }
  await client.create(PersistentVolumeClaim, { metadata: { name: 'data' }, spec: { ...asks, storageClassName: '' } }, { namespace: 'shop' })
  const volumes = [
    { name: 'data', persistentVolumeClaim: { claimName: 'data' } },
    { name: 'cache', ephemeral: { volumeClaimTemplate: { metadata: {}, spec: { ...asks, storageClassName: 'disks' } } } },
  ]
  await client.create(
    Pod,
    { metadata: { name: 'p' }, spec: { containers: [{ name: 'main', image: 'web' }], nodeName: 'n', volumes } },
    { namespace: 'shop' },
  )
  await until('the claim is bound', async () => {
    const { status } = await client.get(PersistentVolumeClaim, 'data', 'shop')
    return status.phase === 'Bound' && (await client.get(PersistentVolume, 'v')).status.phase === 'Bound'
  })
  await until('the ephemeral claim is handed to its provisioner', async () => {
    const { items } = await client.list(PersistentVolumeClaim, { namespace: 'shop' })
    return items.some(
      ({ metadata }) =>
        metadata.name === 'p-cache' && metadata.annotations?.['volume.kubernetes.io/storage-provisioner'] === 'disk.example.com',
    )
  })
  await until('the volume is to be attached', async () => (await client.list(VolumeAttachment)).items.length === 1)
  const [attachment] = (await client.list(VolumeAttachment)).items
  await client.patch(
    VolumeAttachment,
    attachment!.metadata.name,
    { type: 'merge', body: { status: { attached: true } } },
    { subresource: 'status' },
  )
  await until('the node is told', async () => (await client.get(Node, 'n')).status.volumesAttached?.length === 1)

  await cluster.quiet()
  const { resourceVersion } = await client.list(PersistentVolumeClaim)
  await cluster.quiet()
  assert.equal((await client.list(PersistentVolumeClaim)).resourceVersion, resourceVersion)

  await client.delete(PersistentVolumeClaim, 'data', { namespace: 'shop' })
  await cluster.quiet()
  assert.equal((await client.get(PersistentVolumeClaim, 'data', 'shop')).status.phase, 'Bound', 'a pod uses it')
  await client.delete(Pod, 'p', { namespace: 'shop' })
  await until('claims and attachments go with the pod', async () => {
    const left = await Promise.all([Pod, PersistentVolumeClaim, VolumeAttachment].map((kind) => client.list(kind as typeof Pod)))
    return left.every(({ items }) => items.length === 0)
  })
  await until('the volume is released', async () => (await client.get(PersistentVolume, 'v')).status.phase === 'Released')
  assert.equal((await client.get(Node, 'n')).status.volumesAttached, undefined)
  await client.delete(PersistentVolume, 'v')
  await until('and goes', async () => (await client.list(PersistentVolume)).items.length === 0)
  assert.deepEqual(cluster.complaints(), [])
  await cluster.stop()
})
