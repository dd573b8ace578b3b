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

test('all controllers together: a volume is emptied by a pod and bound again, and a claim gets the class that came after it', async () => {
  const cluster = await startCluster()
  const { client, until } = cluster
  await client.create(Namespace, { metadata: { name: 'shop' } })
  const accessModes = ['ReadWriteOnce' as const]
  const capacity = { storage: '1Gi' }
  const spec = { capacity, accessModes, hostPath: { path: '/data' }, persistentVolumeReclaimPolicy: 'Recycle' as const }
  await client.create(PersistentVolume, { metadata: { name: 'v' }, spec })
  const asks = { accessModes, resources: { requests: capacity } }
  const claim = (name: string) => client.create(PersistentVolumeClaim, { metadata: { name }, spec: asks }, { namespace: 'shop' })
  const isBound = async (name: string) => (await client.get(PersistentVolumeClaim, name, 'shop')).status.phase === 'Bound'
  await claim('first')
  await until('the first claim is bound', () => isBound('first'))
  await client.delete(PersistentVolumeClaim, 'first', { namespace: 'shop' })
  await until('a pod is there to empty it', async () => (await client.list(Pod, { namespace: 'default' })).items.length === 1)
  await claim('second')
  await cluster.quiet()
  assert.equal(await isBound('second'), false, 'it is not empty yet')
  const body = { status: { phase: 'Succeeded' } }
  await client.patch(Pod, 'recycler-for-v', { type: 'merge', body }, { namespace: 'default', subresource: 'status' })
  await until('the second claim is bound', () => isBound('second'))
  assert.equal((await client.list(Pod, { namespace: 'default' })).items.length, 0)

  await claim('third')
  await cluster.quiet()
  const metadata = { name: 'disks', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } }
  await client.create(StorageClass, { metadata, provisioner: 'disk.example.com', volumeBindingMode: 'WaitForFirstConsumer' })
  await until('the third has the class', async () => {
    return (await client.get(PersistentVolumeClaim, 'third', 'shop')).spec.storageClassName === 'disks'
  })
  await cluster.quiet()
  const provisioner = 'volume.kubernetes.io/storage-provisioner'
  assert.equal(
    (await client.get(PersistentVolumeClaim, 'third', 'shop')).metadata.annotations?.[provisioner],
    undefined,
    'nobody needs it yet',
  )
  const annotations = { 'volume.kubernetes.io/selected-node': 'n' }
  await client.patch(PersistentVolumeClaim, 'third', { type: 'merge', body: { metadata: { annotations } } }, { namespace: 'shop' })
  await until('it is handed to its provisioner', async () => {
    return (await client.get(PersistentVolumeClaim, 'third', 'shop')).metadata.annotations?.[provisioner] === 'disk.example.com'
  })
  assert.deepEqual(cluster.complaints(), [])
  await cluster.stop()
})
