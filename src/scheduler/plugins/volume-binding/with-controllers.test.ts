import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Node } from '#api/core/v1/node.ts'
import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { selectedNode } from '#api/core/v1/volume-binding.ts'
import type { AnyKind } from '#api/kind.ts'
import { CSIDriver } from '#api/storage/v1/csi-driver.ts'
import { CSINode } from '#api/storage/v1/csi-node.ts'
import { CSIStorageCapacity } from '#api/storage/v1/csi-storage-capacity.ts'
import { StorageClass } from '#api/storage/v1/storage-class.ts'
import { VolumeAttachment } from '#api/storage/v1/volume-attachment.ts'
import { createInformer, type Informer } from '#client/informer.ts'
import { startCluster } from '#controllers/testing/cluster.ts'
import { createJsonLog } from '#lib/log.ts'
import { seededRandom } from '#lib/random.ts'
import { createWorld } from '../../world/world.ts'
import { hostname, namespace } from '../volume-common/testing.ts'
import { volumeBinding } from './volume-binding.ts'

type Cluster = Awaited<ReturnType<typeof startCluster>>

/** A scheduler of nothing but volumes: tries one pod, once. */
async function startScheduler({ client, clock, until }: Cluster) {
  const kinds = [Node, Pod, PersistentVolume, PersistentVolumeClaim, StorageClass, CSINode, CSIDriver, CSIStorageCapacity, VolumeAttachment]
  const log = createJsonLog(() => {}, clock, 'error')
  const informers = new Map<AnyKind, Informer<never>>(
    kinds.map((kind) => [kind, createInformer(client, kind, { clock, random: seededRandom(1), log }) as Informer<never>]),
  )
  const world = createWorld((kind) => informers.get(kind) as never)
  ;(informers.get(Node) as unknown as Informer<Node>).onChange((node, _previous, change) =>
    change === 'deleted' ? world.removeNode(node.metadata.name) : world.setNode(node),
  )
  await until('the caches are full', async () => [...informers.values()].every(({ isSynced }) => isSynced))
  const plugin = volumeBinding({})
  return {
    world,
    /** Where the pod went, once its volumes were bound; or why it did not. */
    async schedule(name: string): Promise<string> {
      const pod = await client.get(Pod, name, namespace)
      const info = world.podInfo(pod)
      let before: ReturnType<NonNullable<typeof plugin.preFilter>> | undefined
      await until('nothing hinders the pod any more', async () => 'state' in (before = plugin.preFilter!(info, world)))
      assert.ok(before !== undefined && 'state' in before)
      const { state } = before
      const node = [...world.nodes.nodes.values()].find((each) => plugin.filter!(info, each, state, world) === undefined)
      if (node === undefined) return 'nowhere'
      assert.equal(plugin.reserve!(info, node, state, world), undefined)
      let outcome: string | undefined
      plugin.preBind!(info, node, state, {
        client,
        clock,
        world,
        warn: () => {},
        record: () => {},
        signal: new AbortController().signal,
      })?.then(
        () => {
          outcome = node.name
        },
        (error: Error) => {
          outcome = error.message
          plugin.unreserve!(info, node, state, world)
        },
      )
      await until('the volumes are bound', async () => outcome !== undefined)
      const body = {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name, namespace },
        target: { apiVersion: 'v1', kind: 'Node', name: node.name },
      }
      if (outcome === node.name) await client.act(Pod, name, 'binding', body, { namespace })
      return outcome!
    },
    async stop() {
      for (const informer of informers.values()) await informer.close()
    },
  }
}

async function prepare() {
  const cluster = await startCluster({ localVolumes: true })
  const { client, until } = cluster
  await client.create(Namespace, { metadata: { name: namespace } })
  await client.patch(Node, 'n', { type: 'merge', body: { metadata: { labels: { [hostname]: 'n-host' } } } })
  await until('there is the local class', async () => (await client.list(StorageClass)).items.length === 1)
  return { cluster, scheduler: await startScheduler(cluster) }
}

const asks = { accessModes: ['ReadWriteOnce' as const], resources: { requests: { storage: '1Gi' } } }
const podOf = (volume: object) => ({
  metadata: { name: 'p' },
  spec: { containers: [{ name: 'main', image: 'web' }], volumes: [{ name: 'data', ...volume }] },
})

test('with the local provisioner and the binder: a claim gets a directory of the node that was chosen', async () => {
  const { cluster, scheduler } = await prepare()
  const { client, until } = cluster
  await client.create(PersistentVolumeClaim, { metadata: { name: 'data' }, spec: asks }, { namespace })
  await client.create(Pod, podOf({ persistentVolumeClaim: { claimName: 'data' } }), { namespace })
  assert.equal(await scheduler.schedule('p'), 'n')
  const claim = await client.get(PersistentVolumeClaim, 'data', namespace)
  assert.equal(claim.metadata.annotations?.[selectedNode], 'n')
  const { spec } = await client.get(PersistentVolume, claim.spec.volumeName!)
  assert.deepEqual([spec.storageClassName, spec.csi?.volumeAttributes], ['local', { node: 'n' }])
  await until('the pod runs', async () => (await client.get(Pod, 'p', namespace)).status.phase === 'Running')
  const { world } = scheduler
  await until('nothing is assumed any more', async () => {
    const lookup = world.lookups.of(PersistentVolumeClaim)
    return lookup.get('data', namespace) === lookup.actual('data', namespace)
  })
  assert.deepEqual(cluster.complaints(), [])
  await scheduler.stop()
  await cluster.stop()
})

test('with the controllers: the claim of an ephemeral volume is made, and gets its directory', async () => {
  const { cluster, scheduler } = await prepare()
  const { client } = cluster
  await client.create(Pod, podOf({ ephemeral: { volumeClaimTemplate: { metadata: {}, spec: { ...asks, storageClassName: 'local' } } } }), {
    namespace,
  })
  assert.equal(await scheduler.schedule('p'), 'n')
  assert.equal((await client.get(PersistentVolumeClaim, 'p-data', namespace)).status.phase, 'Bound')
  await scheduler.stop()
  await cluster.stop()
})

test('with the binder: a claim gets the smallest free volume that the node can reach', async () => {
  const { cluster, scheduler } = await prepare()
  const { client, until } = cluster
  await client.create(StorageClass, {
    metadata: { name: 'disks' },
    provisioner: 'kubernetes.io/no-provisioner',
    volumeBindingMode: 'WaitForFirstConsumer',
  })
  for (const [name, storage, host] of [
    ['elsewhere', '1Gi', 'other'],
    ['large', '5Gi', 'n-host'],
    ['right', '2Gi', 'n-host'],
  ] as const)
    await client.create(PersistentVolume, {
      metadata: { name },
      spec: {
        capacity: { storage },
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'disks',
        local: { path: '/mnt/disk' },
        nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: hostname, operator: 'In', values: [host] }] }] } },
      },
    })
  await client.create(PersistentVolumeClaim, { metadata: { name: 'data' }, spec: { ...asks, storageClassName: 'disks' } }, { namespace })
  await client.create(Pod, podOf({ persistentVolumeClaim: { claimName: 'data' } }), { namespace })
  const isFree = ({ status }: PersistentVolume): boolean => status.phase === 'Available'
  await until(
    'the world sees the volumes as free',
    async () => scheduler.world.lookups.of(PersistentVolume).list().filter(isFree).length === 3,
  )
  assert.equal(await scheduler.schedule('p'), 'n')
  const claim = await client.get(PersistentVolumeClaim, 'data', namespace)
  assert.deepEqual([claim.status.phase, claim.spec.volumeName, claim.metadata.annotations?.[selectedNode]], ['Bound', 'right', undefined])
  const volumes = (await client.list(PersistentVolume)).items.map(({ metadata, status }) => `${metadata.name} ${status.phase}`)
  assert.deepEqual(volumes.sort(), ['elsewhere Available', 'large Available', 'right Bound'])
  await scheduler.stop()
  await cluster.stop()
})
