import assert from 'node:assert/strict'
import * as fs from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Node } from '#api/core/v1/node.ts'
import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { CSINode } from '#api/storage/v1/csi-node.ts'
import { createTestServer } from '#apiserver/testing.ts'
import { createClient } from '#client/http.ts'
import { localProvisionerController } from '#controllers/local-provisioner/controller.ts'
import { localDriver as provisionedDriver } from '#controllers/local-provisioner/names.ts'
import { heldKinds } from '#controllers/mod.ts'
import { persistentVolumeBinder } from '#controllers/persistent-volume-binder/controller.ts'
import { pvProtectionController } from '#controllers/pv-protection/controller.ts'
import { pvcProtectionController } from '#controllers/pvc-protection/controller.ts'
import { systemClock } from '#host/clock.ts'
import { mountsBelow, unmount, volumeHost } from '#host/mounts.ts'
import { dialRpc } from '#host/plugins/rpc.ts'
import { createCsi } from '#kubelet/csi/csi-plugin.ts'
import { checked, localDriver } from '#kubelet/csi/local-driver.ts'
import { serveLocalVolumes } from '#kubelet/csi/local-volumes.ts'
import { createClaimSource } from '#kubelet/volumes/claim-source.ts'
import { createVolumeManager } from '#kubelet/volumes/volume-manager.ts'
import { silentLog } from '#lib/log.ts'
import { seededRandom } from '#lib/random.ts'
import type { Controller } from '#loop/controller.ts'
import { runControllers } from '#loop/run.ts'
import { csiFiles } from './csi-files.ts'
import { localDirectories } from './local-directories.ts'

const namespace = 'default'

test('a claim without a class gets a directory on its pod’s node, which goes with the claim', async (t) => {
  const { client, manager, directory, until } = await startStorage(t)
  await until('the driver is served', async () => (await client.get(CSINode, 'node')).spec.drivers[0]?.name === localDriver)
  await client.create(
    PersistentVolumeClaim,
    { metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
    { namespace },
  )
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
  const name = (await client.get(PersistentVolumeClaim, 'data', namespace)).spec.volumeName!
  const { hostPath } = (await manager.prepare(pod, new AbortController().signal)).get('data')!
  await fs.writeFile(join(hostPath, 'file'), 'data')
  assert.equal(await fs.readFile(join(directory, name, 'file'), 'utf8'), 'data')
  await assert.rejects(localDirectories(directory).remove(name), /is still mounted/)
  await manager.teardown(pod.metadata.uid)
  assert.equal(await fs.readFile(join(directory, name, 'file'), 'utf8'), 'data', 'a pod that goes takes nothing along')

  await client.delete(Pod, 'web', { namespace, gracePeriodSeconds: 0 })
  await client.delete(PersistentVolumeClaim, 'data', { namespace })
  await until('the volume is gone', async () => (await client.list(PersistentVolume)).items.length === 0)
  assert.deepEqual(await fs.readdir(directory), [])
  await until('the mark is gone', async () => !JSON.stringify((await client.get(Node, 'node')).metadata.annotations).includes(name))
})

test('names of volumes stay names of directories', () => {
  assert.equal(localDriver, provisionedDriver)
  for (const name of ['pvc-1', 'a', 'a.b']) assert.equal(checked(name), name)
  for (const name of ['', '.', '..', 'a/b', '../a', 'a\0', '-a', 'A', `${'a'.repeat(254)}`]) assert.throws(() => checked(name), name)
})

async function startStorage(t: TestContext) {
  const root = await fs.mkdtemp(join(tmpdir(), 'local-volumes-'))
  const directory = join(root, 'local-volumes')
  const server = await createTestServer({ clock: systemClock })
  const client = createClient(server.transport)
  const options = { clock: systemClock, random: seededRandom(1), log: silentLog }
  await client.create(Namespace, { metadata: { name: namespace } }).catch(() => {})
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
  const local = serveLocalVolumes({ ...options, nodeName: 'node', client, csi, directories: localDirectories(directory) })
  csi.start()
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
    node: { read: () => client.get(Node, 'node'), until: () => assert.fail('nothing here is attached') },
  })
  const running = runControllers({
    ...options,
    controllers: [
      persistentVolumeBinder(),
      localProvisionerController(),
      pvProtectionController,
      pvcProtectionController,
    ] as unknown as readonly Controller<unknown>[],
    client,
    kinds: heldKinds,
  })
  await running.synced()
  // The agent is there before its Node is.
  await client.create(Node, { metadata: { name: 'node', labels: { 'kubernetes.io/hostname': 'node' } } })
  t.after(async () => {
    await running.stop()
    await manager.close()
    await local.close()
    await csi.close()
    await server.close()
    for (const mount of await mountsBelow(root)) await unmount(mount)
    await fs.rm(root, { recursive: true })
  })
  return {
    client,
    manager,
    directory,
    async until(what: string, condition: () => Promise<boolean>) {
      const giveUpAt = Date.now() + 10_000
      while (!(await condition().catch(() => false))) {
        if (Date.now() > giveUpAt) assert.fail(`${what}: not so`)
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    },
  }
}
