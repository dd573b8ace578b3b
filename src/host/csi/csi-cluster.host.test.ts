import assert from 'node:assert/strict'
import * as fs from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { status } from '@grpc/grpc-js'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Node } from '#api/core/v1/node.ts'
import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { CSIDriver } from '#api/storage/v1/csi-driver.ts'
import { StorageClass } from '#api/storage/v1/storage-class.ts'
import { VolumeAttachment } from '#api/storage/v1/volume-attachment.ts'
import { createTestServer } from '#apiserver/testing.ts'
import type { Client } from '#client/client.ts'
import { createClient } from '#client/http.ts'
import { createInformer, type Informer } from '#client/informer.ts'
import { attachDetachController } from '#controllers/attach-detach/controller.ts'
import { heldKinds } from '#controllers/mod.ts'
import { persistentVolumeBinder } from '#controllers/persistent-volume-binder/controller.ts'
import { persistentVolumeExpander } from '#controllers/persistent-volume-expander/controller.ts'
import { pvProtectionController } from '#controllers/pv-protection/controller.ts'
import { pvcProtectionController } from '#controllers/pvc-protection/controller.ts'
import { systemClock } from '#host/clock.ts'
import { mountsBelow, unmount, volumeHost } from '#host/mounts.ts'
import { dialRpc } from '#host/plugins/rpc.ts'
import { socketFolder } from '#host/plugins/socket-folder.ts'
import { createCsi } from '#kubelet/csi/csi-plugin.ts'
import { createPluginWatcher } from '#kubelet/plugins/plugin-watcher.ts'
import { createClaimSource } from '#kubelet/volumes/claim-source.ts'
import { createOwnNode } from '#kubelet/volumes/own-node.ts'
import { createVolumeManager } from '#kubelet/volumes/volume-manager.ts'
import { isError } from '#lib/errors.ts'
import { silentLog } from '#lib/log.ts'
import { seededRandom } from '#lib/random.ts'
import type { Controller } from '#loop/controller.ts'
import { runControllers } from '#loop/run.ts'
import { csiFiles } from './csi-files.ts'
import { startDriver } from './testing/driver-process.ts'

const name = 'disk.example.com'
const namespace = 'default'
const finalizer = 'external-attacher/disk-example-com'

test('a claim becomes a volume: made, attached, staged, published, grown, and given back with nothing left', async (t) => {
  const cluster = await startStorage(t)
  const { client, until, manager, driver } = cluster
  await client.create(PersistentVolumeClaim, claim('1Gi'), { namespace })
  const pod = await client.create(
    Pod,
    {
      metadata: { name: 'web' },
      spec: {
        nodeName: 'node',
        securityContext: { fsGroup: 2000 },
        containers: [{ name: 'main', image: 'web', volumeMounts: [{ name: 'data', mountPath: '/data' }] }],
        volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
      },
    },
    { namespace },
  )
  await until('the claim is bound', async () => (await client.get(PersistentVolumeClaim, 'data', namespace)).status.phase === 'Bound')
  const volumes = await manager.prepare(pod, new AbortController().signal)
  const { hostPath } = volumes.get('data')!
  await fs.writeFile(join(hostPath, 'file'), 'data')
  assert.equal((await fs.stat(hostPath)).gid, 2000)
  await driver.settle()
  assert.deepEqual(
    driver.calls.map(({ method }) => method),
    ['NodeGetInfo', 'NodeStageVolume', 'NodePublishVolume'],
  )
  assert.deepEqual(driver.calls[1]!.request['publishContext'], { device: 'vdb' })
  const { status: node } = await client.get(Node, 'node')
  assert.equal(node.volumesAttached?.[0]?.name, node.volumesInUse?.[0])

  // The resizer makes it larger; file system and status follow when the manager looks.
  await client.patch(
    PersistentVolumeClaim,
    'data',
    { type: 'merge', body: { spec: { resources: { requests: { storage: '2Gi' } } } } },
    { namespace },
  )
  await until('the resizer is done', async () => {
    const found = await client.get(PersistentVolumeClaim, 'data', namespace)
    return found.status.allocatedResourceStatuses?.['storage'] === 'NodeResizePending'
  })
  await cluster.restart()
  await cluster.manager.prepare(pod, new AbortController().signal)
  const grown = await client.get(PersistentVolumeClaim, 'data', namespace)
  assert.deepEqual(grown.status.capacity, { storage: '2Gi' })
  assert.equal(grown.status.allocatedResourceStatuses, undefined)
  await driver.settle()
  assert.equal(driver.calls.at(-1)!.method, 'NodeExpandVolume')

  await cluster.manager.teardown(pod.metadata.uid)
  await client.delete(Pod, 'web', { namespace, gracePeriodSeconds: 0 })
  await client.delete(PersistentVolumeClaim, 'data', { namespace })
  await until('the volume is gone', async () => (await client.list(PersistentVolume)).items.length === 0)
  assert.deepEqual((await client.list(VolumeAttachment)).items, [], 'detached before it was deleted')
  assert.deepEqual(await mountsBelow(cluster.root), [])
})

test('a size that no driver can give is told on the claim', async (t) => {
  const cluster = await startStorage(t)
  const { client, until, driver } = cluster
  await client.create(PersistentVolumeClaim, claim('1Gi'), { namespace })
  const pod = await client.create(
    Pod,
    {
      metadata: { name: 'web' },
      spec: {
        nodeName: 'node',
        containers: [{ name: 'main', image: 'web', volumeMounts: [{ name: 'data', mountPath: '/data' }] }],
        volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
      },
    },
    { namespace },
  )
  await until('the claim is bound', async () => (await client.get(PersistentVolumeClaim, 'data', namespace)).status.phase === 'Bound')
  await cluster.manager.prepare(pod, new AbortController().signal)
  await driver.fault({ method: 'NodeExpandVolume', code: status.OUT_OF_RANGE, message: 'too large' })
  await client.patch(
    PersistentVolumeClaim,
    'data',
    { type: 'merge', body: { spec: { resources: { requests: { storage: '2Gi' } } } } },
    { namespace },
  )
  const stage = async () => (await client.get(PersistentVolumeClaim, 'data', namespace)).status.allocatedResourceStatuses?.['storage']
  await until('the resizer is done', async () => (await stage()) === 'NodeResizePending')
  await cluster.restart()
  await cluster.manager.prepare(pod, new AbortController().signal).catch(() => {})
  assert.equal(await stage(), 'NodeResizeInfeasible')
  const { conditions } = (await client.get(PersistentVolumeClaim, 'data', namespace)).status
  assert.deepEqual(
    conditions?.map(({ type, message }) => [type, message]).filter(([type]) => type === 'NodeResizeError'),
    [
      [
        'NodeResizeError',
        'failed to expand pvc with Expander.NodeExpand failed to expand the volume rpc error: code = OutOfRange desc = too large',
      ],
    ],
  )
  await cluster.manager.teardown(pod.metadata.uid)
})

const claim = (storage: string) => ({
  metadata: { name: 'data' },
  spec: { storageClassName: 'disks', accessModes: ['ReadWriteOnce' as const], resources: { requests: { storage } } },
})

/** The storage controllers, a node's volume manager and a driver's process, with stand-ins for the sidecars that its vendor would ship. */
async function startStorage(t: TestContext) {
  const root = await fs.mkdtemp(join(tmpdir(), 'csi-cluster-'))
  const server = await createTestServer({ clock: systemClock })
  const client = createClient(server.transport)
  const options = { clock: systemClock, random: seededRandom(1), log: silentLog }
  await client.create(Namespace, { metadata: { name: namespace } }).catch(() => {})
  await client.create(Node, {
    metadata: { name: 'node', annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' } },
  })
  await client.create(CSIDriver, { metadata: { name }, spec: {} })
  await client.create(StorageClass, { metadata: { name: 'disks' }, provisioner: name, allowVolumeExpansion: true })
  const running = runControllers({
    ...options,
    controllers: [
      persistentVolumeBinder(),
      attachDetachController(),
      persistentVolumeExpander(),
      pvProtectionController,
      pvcProtectionController,
    ] as unknown as readonly Controller<unknown>[],
    client,
    kinds: heldKinds,
  })
  await running.synced()
  const sidecars = runSidecars(client, options)
  const registry = join(root, 'plugins_registry')

  async function startNode() {
    const csi = createCsi({
      ...options,
      nodeName: 'node',
      rootDirectory: root,
      client,
      dial: dialRpc,
      files: csiFiles,
      tokens: async () => ({ token: '', issuedAt: 0, expiresAt: 0 }),
      ready() {},
      refuse() {},
    })
    const watcher = createPluginWatcher({ ...options, directory: registry, sockets: socketFolder, dial: dialRpc })
    watcher.handle('CSIPlugin', csi.drivers.handler)
    csi.start()
    await watcher.start()
    const manager = createVolumeManager({
      ...options,
      rootDirectory: root,
      host: volumeHost,
      objects: { follow: () => assert.fail('no volume here is made of objects') },
      tokens: () => assert.fail('no volume here has tokens'),
      allocatable: () => ({ cpuMilli: 0, memoryBytes: 0, ephemeralStorageBytes: 0 }),
      report() {},
      ready() {},
      plugins: [csi.plugin],
      claims: createClaimSource(client),
      node: createOwnNode(client, 'node', options),
    })
    const tell = () => {
      const { volumesInUse = [] } = manager.node.read()
      client.patch(Node, 'node', { type: 'merge', body: { status: { volumesInUse } } }, { subresource: 'status' }).catch(onlyGone)
    }
    const forget = manager.node.onChange(tell)
    return {
      csi,
      manager,
      async close() {
        forget()
        await Promise.all([manager.close(), watcher.close(), csi.close()])
      },
    }
  }
  const driver = await startDriver({
    name,
    registryDirectory: registry,
    stateDirectory: join(root, 'driver'),
    nodeId: 'node-1',
    capabilities: ['stageUnstageVolume', 'expandVolume'],
  })
  let node = await startNode()
  await driver.until(() => driver.registrations.includes('registered'))
  t.after(async () => {
    await sidecars.close()
    await running.stop()
    await node.close()
    await driver.kill()
    await server.close()
    for (const mount of await mountsBelow(root)) await unmount(mount)
    await fs.rm(root, { recursive: true })
  })
  return {
    root,
    client,
    driver,
    get manager() {
      return node.manager
    },
    async restart() {
      await node.close()
      driver.registrations.length = 0
      node = await startNode()
      await driver.until(() => driver.registrations.includes('registered'))
    },
    async until(what: string, condition: () => Promise<boolean>) {
      const giveUpAt = Date.now() + 10_000
      while (!(await condition())) {
        if (Date.now() > giveUpAt) assert.fail(`${what}: not so`)
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    },
  }
}

/** What external-provisioner, external-attacher and external-resizer do with a driver's controller, in short. */
function runSidecars(client: Client, options: Parameters<typeof createInformer>[2]) {
  const claims = createInformer(client, PersistentVolumeClaim, options as never)
  const volumes = createInformer(client, PersistentVolume, options as never)
  const attachments = createInformer(client, VolumeAttachment, options as never)
  const go = (work: Promise<unknown>): void => void work.catch(onlyGone)

  claims.onChange(({ metadata, spec, status: now }, _previous, change) => {
    if (change === 'deleted') return
    const storage = spec.resources?.requests?.['storage'] ?? ''
    const isAsked = metadata.annotations?.['volume.kubernetes.io/storage-provisioner'] === name
    if (isAsked && !spec.volumeName)
      go(
        client.create(PersistentVolume, {
          metadata: { name: `pvc-${metadata.uid}`, annotations: { 'pv.kubernetes.io/provisioned-by': name } },
          spec: {
            capacity: { storage },
            accessModes: [...(spec.accessModes ?? [])],
            storageClassName: 'disks',
            persistentVolumeReclaimPolicy: 'Delete',
            claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name: metadata.name, namespace, uid: metadata.uid },
            csi: { driver: name, volumeHandle: metadata.uid, fsType: 'ext4' },
          },
        }),
      )
    if (now.phase !== 'Bound' || now.capacity?.['storage'] === storage || now.allocatedResources?.['storage'] === storage) return
    const body = { status: { allocatedResources: { storage }, allocatedResourceStatuses: { storage: 'NodeResizePending' } } }
    go(
      client
        .patch(PersistentVolume, spec.volumeName!, { type: 'merge', body: { spec: { capacity: { storage } } } })
        .then(() => client.patch(PersistentVolumeClaim, metadata.name, { type: 'merge', body }, { namespace, subresource: 'status' })),
    )
  })
  const release = ({ metadata, status: now }: PersistentVolume): void => {
    const isAttached = attachments.list().some(({ spec }) => spec.source.persistentVolumeName === metadata.name)
    if (now.phase === 'Released' && !isAttached && !metadata.deletionTimestamp) go(client.delete(PersistentVolume, metadata.name))
  }
  volumes.onChange((volume, _previous, change) => {
    if (change !== 'deleted') release(volume)
  })
  attachments.onChange((attachment, _previous, change) => {
    const { metadata, status: now } = attachment
    if (change === 'deleted') return volumes.list().forEach(release)
    if (metadata.deletionTimestamp) {
      if (metadata.finalizers?.includes(finalizer))
        go(client.patch(VolumeAttachment, metadata.name, { type: 'merge', body: { metadata: { finalizers: null } } }))
    } else if (!metadata.finalizers?.includes(finalizer))
      go(client.patch(VolumeAttachment, metadata.name, { type: 'merge', body: { metadata: { finalizers: [finalizer] } } }))
    else if (!now.attached) {
      const body = { status: { attached: true, attachmentMetadata: { device: 'vdb' } } }
      go(client.patch(VolumeAttachment, metadata.name, { type: 'merge', body }, { subresource: 'status' }))
    }
  })
  const all: readonly Informer<unknown>[] = [claims, volumes, attachments]
  return { close: async () => void (await Promise.all(all.map((informer) => informer.close()))) }
}

function onlyGone(error: unknown): void {
  if (!isError(error)) throw error
}
