import assert from 'node:assert/strict'
import * as fs from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { status } from '@grpc/grpc-js'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Node } from '#api/core/v1/node.ts'
import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { Secret } from '#api/core/v1/secret.ts'
import { CSIDriver } from '#api/storage/v1/csi-driver.ts'
import { CSINode } from '#api/storage/v1/csi-node.ts'
import { VolumeAttachment } from '#api/storage/v1/volume-attachment.ts'
import { createTestServer } from '#apiserver/testing.ts'
import { createClient } from '#client/http.ts'
import { systemClock } from '#host/clock.ts'
import { ensureKubeletLink } from '#host/kubelet-link.ts'
import { mountsBelow, unmount } from '#host/mounts.ts'
import { dialRpc } from '#host/plugins/rpc.ts'
import { socketFolder } from '#host/plugins/socket-folder.ts'
import { createCsi } from '#kubelet/csi/csi-plugin.ts'
import { attachmentNameOf, sha256 } from '#kubelet/csi/volume-source.ts'
import { createPluginWatcher } from '#kubelet/plugins/plugin-watcher.ts'
import type { SetUpResult, VolumeSpec } from '#kubelet/volumes/volume-plugin.ts'
import { silentLog } from '#lib/log.ts'
import { seededRandom } from '#lib/random.ts'
import { csiFiles } from './csi-files.ts'
import type { DriverSettings } from './testing/driver.ts'
import { type DriverProcess, startDriver } from './testing/driver-process.ts'

const name = 'disk.example.com'
const everything = ['stageUnstageVolume', 'getVolumeStats', 'expandVolume'] as const

test('a driver that registers stands in CSINode and Node, with its limit and its place; one that goes does not', async (t) => {
  const node = await testNode(t)
  const driver = await node.driver({ topology: { 'topology.example.com/zone': 'z1' }, volumesMax: 7 })
  await driver.until(() => driver.registrations.length > 0)
  assert.deepEqual(driver.registrations, ['registered'])
  const { metadata, spec } = await node.client.get(CSINode, 'node')
  assert.deepEqual(spec.drivers, [{ name, nodeID: 'node-1', topologyKeys: ['topology.example.com/zone'], allocatable: { count: 7 } }])
  assert.equal(metadata.ownerReferences?.[0]?.uid, node.uid)
  const made = (await node.client.get(Node, 'node')).metadata
  assert.equal(made.annotations?.['csi.volume.kubernetes.io/nodeid'], `{"${name}":"node-1"}`)
  assert.equal(made.labels?.['topology.example.com/zone'], 'z1')
  assert.match(metadata.annotations?.['storage.alpha.kubernetes.io/migrated-plugins'] ?? '', /^kubernetes.io\/aws-ebs,/)

  await fs.rm(join(node.registry, `${name}-reg.sock`))
  await node.until(async () => (await node.client.get(CSINode, 'node')).spec.drivers.length === 0)
  await node.until(async () => !(await node.client.get(Node, 'node')).metadata.annotations?.['csi.volume.kubernetes.io/nodeid'])
})

test('a driver of another major version is told that it is not taken', async (t) => {
  const node = await testNode(t)
  const driver = await node.driver({ versions: ['2.0.0'] })
  await driver.until(() => driver.registrations.length > 0)
  assert.match(driver.registrations[0]!, /None of the versions specified \["2.0.0"\] are supported/)
  assert.equal(node.csi.drivers.has(name), false)
})

test('a volume is staged once for two pods, published to each, and unstaged with the last', async (t) => {
  const node = await testNode(t)
  const driver = await node.registered()
  const one = await node.setUp('one', persistent())
  const two = await node.setUp('two', persistent())
  await fs.writeFile(join(one.hostPath!, 'file'), 'data')
  assert.equal(await fs.readFile(join(two.hostPath!, 'file'), 'utf8'), 'data')
  assert.deepEqual(methods(driver), ['NodeGetInfo', 'NodeStageVolume', 'NodePublishVolume', 'NodePublishVolume'])
  const [, stage, publish] = driver.calls
  assert.deepEqual(stage!.request, {
    volumeId: 'handle',
    publishContext: {},
    secrets: {},
    stagingTargetPath: `${node.root}/plugins/kubernetes.io/csi/${name}/${HANDLE_SHA}/globalmount`,
    volumeCapability: { mount: { fsType: 'ext4', mountFlags: ['noatime'], volumeMountGroup: '' }, accessMode: { mode: 1 } },
    volumeContext: { kind: 'fast' },
  })
  assert.equal(publish!.request['targetPath'], `${node.root}/pods/one/volumes/kubernetes.io~csi/pv/mount`)
  assert.equal(publish!.request['stagingTargetPath'], stage!.request['stagingTargetPath'])

  await node.tearDown('one', false)
  assert.equal(await fs.readFile(join(two.hostPath!, 'file'), 'utf8'), 'data')
  await node.tearDown('two', true)
  assert.deepEqual(methods(driver).slice(4), ['NodeUnpublishVolume', 'NodeUnpublishVolume', 'NodeUnstageVolume'])
  assert.deepEqual(await mountsBelow(node.root), [])
  await node.tearDown('two', true)
  assert.equal(driver.calls.length, 7, 'torn down already')
  assert.deepEqual(await fs.readdir(`${node.root}/plugins/kubernetes.io/csi/${name}`), [])
})

test('another process goes on with what the former left: nothing is lost, nothing stays', async (t) => {
  const node = await testNode(t)
  const driver = await node.registered()
  const { hostPath } = await node.setUp('one', persistent())
  await fs.writeFile(join(hostPath!, 'file'), 'data')
  await node.restart()
  // The driver is not found again yet: that is waited for.
  await node.setUp('one', persistent())
  await node.restart()
  // A refusal now must not take away what containers use.
  await driver.fault({ method: 'NodePublishVolume', code: status.INTERNAL, message: 'broken' })
  await assert.rejects(node.setUp('one', persistent()), /rpc error: code = Internal desc = broken/)
  assert.equal(await fs.readFile(join(hostPath!, 'file'), 'utf8'), 'data')
  // Nor may the driver be left with what it was asked for before, mounted or not.
  await unmount(hostPath!)
  await driver.fault({ method: 'NodePublishVolume', code: status.INTERNAL, message: 'broken' })
  await assert.rejects(node.setUp('one', persistent()), /broken/)
  await node.tearDown('one', true)
  assert.deepEqual(methods(driver).slice(-2), ['NodeUnpublishVolume', 'NodeUnstageVolume'])
  assert.deepEqual(await mountsBelow(node.root), [])
})

test('what a driver finally refused is not undone by it; what it may have begun is', async (t) => {
  const node = await testNode(t)
  const driver = await node.registered()
  await driver.fault({ method: 'NodeStageVolume', code: status.INVALID_ARGUMENT, message: 'never' })
  await assert.rejects(
    node.setUp('one', persistent()),
    /^WherryError: MountVolume.MountDevice failed for volume "pv" : rpc error: code = InvalidArgument desc = never$/,
  )
  await node.tearDown('one', true)
  assert.deepEqual(methods(driver).slice(1), ['NodeStageVolume'])

  await driver.fault({ method: 'NodeStageVolume', code: status.DEADLINE_EXCEEDED, isDone: true })
  await assert.rejects(node.setUp('two', persistent()), /DeadlineExceeded/)
  await node.tearDown('two', true)
  assert.deepEqual(methods(driver).slice(2), ['NodeStageVolume', 'NodeUnstageVolume'])

  await driver.fault({ method: 'NodePublishVolume', code: status.UNAVAILABLE, isDone: true })
  await assert.rejects(node.setUp('three', persistent()), /Unavailable/)
  await node.tearDown('three', true)
  assert.deepEqual(methods(driver).slice(4), ['NodeStageVolume', 'NodePublishVolume', 'NodeUnpublishVolume', 'NodeUnstageVolume'])
  assert.deepEqual(await mountsBelow(node.root), [])
})

test('a driver that is away is waited for, and a teardown does not give up its volume', async (t) => {
  const node = await testNode(t)
  await assert.rejects(
    node.setUp('one', persistent()),
    /^WherryError: kubernetes.io\/csi: mounter.SetUpAt failed to get CSI client: driver name disk.example.com not found in the list of registered CSI drivers$/,
  )
  const driver = await node.registered()
  assert.deepEqual(node.ready, [name], 'who waits is told')
  await node.setUp('one', persistent())
  await driver.kill()
  await fs.rm(join(node.registry, `${name}-reg.sock`))
  await node.until(async () => !node.csi.drivers.has(name))
  await assert.rejects(node.tearDown('one', true), /TearDownAt failed to get CSI client/)
  const again = await node.registered()
  await node.tearDown('one', true)
  assert.deepEqual(methods(again).slice(1), ['NodeUnpublishVolume', 'NodeUnstageVolume'])
  assert.deepEqual(await mountsBelow(node.root), [])
})

test('a driver that hangs keeps nobody from ending, and what it was asked for is undone later', async (t) => {
  const node = await testNode(t)
  const driver = await node.registered()
  await driver.fault({ method: 'NodeStageVolume', hangs: true })
  const work = node.setUp('one', persistent())
  const ended = assert.rejects(work, /the kubelet stops/)
  await driver.until(() => methods(driver).includes('NodeStageVolume'))
  await node.restart()
  await ended
  await node.until(async () => node.csi.drivers.has(name))
  await node.tearDown('one', true)
  assert.deepEqual(methods(driver).slice(-1), ['NodeUnstageVolume'])
  assert.deepEqual(await mountsBelow(node.root), [])
})

test('an inline volume is published with what the driver wants to know of its pod', async (t) => {
  const node = await testNode(t)
  const driver = await node.driver()
  await driver.until(() => driver.registrations.length > 0)
  const inline: VolumeSpec = {
    name: 'scratch',
    volume: { name: 'scratch', csi: { driver: name, volumeAttributes: { a: 'b' }, nodePublishSecretRef: { name: 'key' }, readOnly: true } },
    readOnly: false,
  }
  await assert.rejects(
    node.setUp('one', inline),
    /volume mode "Ephemeral" not supported by driver disk.example.com \(no CSIDriver object\)/,
  )
  await node.describe({
    podInfoOnMount: true,
    volumeLifecycleModes: ['Ephemeral'],
    tokenRequests: [{ audience: 'vault' }],
    requiresRepublish: true,
    fsGroupPolicy: 'File',
  })
  await assert.rejects(node.setUp('one', inline), /^WherryError: fetching NodePublishSecretRef default\/key failed: /)
  await node.client.create(Secret, { metadata: { name: 'key' }, stringData: { user: 'me' } }, { namespace: 'default' })
  const result = await node.setUp('one', inline)
  assert.ok(result.repeatAfterMs! >= 60_000 && result.repeatAfterMs! <= 90_000)
  assert.deepEqual({ readOnly: result.readOnly, hasGroup: result.hasGroup }, { readOnly: true, hasGroup: true })
  await assert.rejects(fs.writeFile(join(result.hostPath!, 'file'), ''), { code: 'EROFS' })
  assert.deepEqual(methods(driver), ['NodeGetInfo', 'NodePublishVolume'], 'inline volumes are never staged')
  assert.deepEqual(driver.calls[1]!.request['secrets'], { user: 'me' })
  assert.deepEqual(driver.calls[1]!.request['volumeContext'], {
    a: 'b',
    'csi.storage.k8s.io/pod.name': 'one',
    'csi.storage.k8s.io/pod.namespace': 'default',
    'csi.storage.k8s.io/pod.uid': 'one',
    'csi.storage.k8s.io/serviceAccount.name': 'robot',
    'csi.storage.k8s.io/ephemeral': 'true',
    'csi.storage.k8s.io/serviceAccount.tokens': '{"vault":{"token":"for vault","expirationTimestamp":"2100-01-01T00:00:00Z"}}',
  })
  await node.tearDown('one', true)
  assert.deepEqual(await mountsBelow(node.root), [])
})

test('tokens go into secrets where the driver says so', async (t) => {
  const node = await testNode(t)
  const driver = await node.registered()
  await node.describe({ tokenRequests: [{ audience: 'a' }], serviceAccountTokenInSecrets: true, attachRequired: false })
  await node.setUp('one', persistent())
  const publish = driver.calls.find(({ method }) => method === 'NodePublishVolume')!
  assert.match(JSON.stringify(publish.request['secrets']), /for a/)
  assert.deepEqual(publish.request['volumeContext'], { kind: 'fast' })
})

test('a volume that has to be attached waits for it, and passes on what the attacher said', async (t) => {
  const node = await testNode(t)
  const driver = await node.registered()
  await node.describe({ attachRequired: true })
  assert.equal(await node.csi.plugin.needsAttachment!(persistent()), true)
  const attachment = attachmentNameOf({ driver: name, handle: 'handle' }, 'node')
  await assert.rejects(
    node.setUp('one', persistent()),
    new RegExp(`MountVolume.WaitForAttach failed for volume "pv" : volume handle has GET error for volume attachment ${attachment}`),
  )
  await node.client.create(VolumeAttachment, {
    metadata: { name: attachment },
    spec: { attacher: name, nodeName: 'node', source: { persistentVolumeName: 'pv' } },
  })
  await assert.rejects(node.setUp('one', persistent()), /volume handle is not attached for volume attachment/)
  const status = { attached: true, attachmentMetadata: { device: 'vdb' } }
  await node.client.patch(VolumeAttachment, attachment, { type: 'merge', body: { status } }, { subresource: 'status' })
  await node.setUp('one', persistent())
  assert.deepEqual(driver.calls[1]!.request['publishContext'], { device: 'vdb' })
})

test('a node that is full says so, and its pods are refused', async (t) => {
  const node = await testNode(t)
  const driver = await node.registered({ volumesMax: 9 })
  await node.describe({ attachRequired: true, nodeAllocatableUpdatePeriodSeconds: 10 })
  const attachment = attachmentNameOf({ driver: name, handle: 'handle' }, 'node')
  await node.client.create(VolumeAttachment, {
    metadata: { name: attachment },
    spec: { attacher: name, nodeName: 'node', source: { persistentVolumeName: 'pv' } },
  })
  assert.equal(await node.csi.plugin.needsAttachment!(persistent()), true)
  assert.deepEqual(node.refused, [])
  const body = { status: { attached: false, attachError: { message: 'full', errorCode: 8 } } }
  await node.client.patch(VolumeAttachment, attachment, { type: 'merge', body }, { subresource: 'status' })
  await driver.setVolumesMax(3)
  await assert.rejects(node.csi.plugin.needsAttachment!(persistent()), /full/)
  assert.deepEqual((await node.client.get(CSINode, 'node')).spec.drivers[0]?.allocatable, { count: 3 })
  assert.match(node.refused[0]!, /^Node has reached its volume attachment limit, rejecting pod\. /)
})

test('a driver that knows the folder by another name is told that one', async (t) => {
  const usual = join(await fs.mkdtemp(join(tmpdir(), 'csi-usual-')), 'kubelet')
  t.after(() => fs.rm(join(usual, '..'), { recursive: true }))
  const node = await testNode(t, usual)
  const driver = await node.registered()
  const { hostPath } = await node.setUp('one', persistent())
  assert.ok(hostPath!.startsWith(`${node.root}/pods/`))
  assert.equal(driver.calls[2]!.request['targetPath'], `${usual}${hostPath!.slice(node.root.length)}`)
  assert.ok((await mountsBelow(node.root)).includes(hostPath!))
  assert.ok((await node.csi.plugin.stats!(node.mounted('one')))!.capacityBytes > 0)
  await node.tearDown('one', true)
  assert.deepEqual(await mountsBelow(node.root), [])
})

test('a raw device is staged, published as a device, and leaves nothing behind', async (t) => {
  const node = await testNode(t)
  const driver = await node.registered()
  const result = await node.setUp('one', persistent({ volumeMode: 'Block' }))
  assert.equal(result.device, true)
  assert.equal(result.hostPath, `${node.root}/plugins/kubernetes.io/csi/volumeDevices/publish/pv/one`)
  assert.ok((await fs.stat(result.hostPath!)).isBlockDevice())
  const publish = driver.calls[2]!.request
  assert.deepEqual(publish['volumeCapability'], { block: {}, accessMode: { mode: 1 } })
  assert.equal(publish['stagingTargetPath'], `${node.root}/plugins/kubernetes.io/csi/volumeDevices/staging/pv`)
  await node.tearDown('one', true)
  assert.deepEqual(await mountsBelow(node.root), [])
  assert.deepEqual(await fs.readdir(`${node.root}/plugins/kubernetes.io/csi/volumeDevices`), ['publish', 'staging'])
})

test('group, mode and size follow what the driver can', async (t) => {
  const node = await testNode(t)
  const driver = await node.registered({ capabilities: [...everything, 'volumeMountGroup', 'singleNodeMultiWriter'] })
  const result = await node.setUp('one', persistent(), 2000)
  assert.equal(result.hasGroup, true, 'the driver has seen to it')
  assert.deepEqual(driver.calls[1]!.request['volumeCapability'], {
    mount: { fsType: 'ext4', mountFlags: ['noatime'], volumeMountGroup: '2000' },
    accessMode: { mode: 7 },
  })
  const stats = await node.csi.plugin.stats!(node.mounted('one'))
  assert.ok(stats!.capacityBytes > 0 && stats!.inodes > 0 && stats!.usedBytes + stats!.availableBytes <= stats!.capacityBytes)
  const expand = async (code?: number) => {
    if (code !== undefined) await driver.fault({ method: 'NodeExpandVolume', code, message: 'no' })
    return node.expand('one', 2 ** 30)
  }
  assert.deepEqual(await expand(), { capacityBytes: 2 ** 30 })
  assert.deepEqual(driver.calls.at(-1)!.request['capacityRange'], { requiredBytes: 2 ** 30, limitBytes: 0 })
  await assert.rejects(expand(status.OUT_OF_RANGE), { code: 'Invalid' })
  await assert.rejects(expand(status.FAILED_PRECONDITION), { code: 'Conflict' })
  await assert.rejects(expand(status.ABORTED), { code: 'Timeout' })
  await assert.rejects(expand(status.INTERNAL), { code: 'InternalError' })
})

test('a driver that can do nothing but publish is asked for nothing else', async (t) => {
  const node = await testNode(t)
  const driver = await node.registered({ capabilities: [] })
  const result = await node.setUp('one', persistent(), 2000)
  assert.equal(result.hasGroup, undefined, 'the kubelet gives the files to the group')
  await assert.rejects(node.csi.plugin.stats!(node.mounted('one')), { code: 'MethodNotAllowed' })
  await assert.rejects(node.expand('one', 1), { code: 'MethodNotAllowed' })
  await node.tearDown('one', true)
  assert.deepEqual(methods(driver), ['NodeGetInfo', 'NodePublishVolume', 'NodeUnpublishVolume'])
  assert.equal(driver.calls[1]!.request['stagingTargetPath'], '')
})

const HANDLE_SHA = sha256('handle')
const methods = (driver: DriverProcess): string[] => driver.calls.map(({ method }) => method)

function persistent(more: object = {}): VolumeSpec {
  const persistentVolume = {
    metadata: { name: 'pv' },
    spec: {
      accessModes: ['ReadWriteOnce'],
      mountOptions: ['noatime'],
      csi: { driver: name, volumeHandle: 'handle', fsType: 'ext4', volumeAttributes: { kind: 'fast' } },
      ...more,
    },
  } as unknown as PersistentVolume
  return { name: 'pv', volume: { name: 'data', persistentVolumeClaim: { claimName: 'claim' } }, persistentVolume, readOnly: false }
}

/** The kubelet's half of CSI on an API server in memory, with real sockets and mounts; the volume manager's part is the test's. */
async function testNode(t: TestContext, driverRoot?: string) {
  const root = await fs.mkdtemp(join(tmpdir(), 'csi-'))
  if (driverRoot !== undefined) ensureKubeletLink(root, driverRoot)
  const registry = join(root, 'plugins_registry')
  const server = await createTestServer({ clock: systemClock })
  const client = createClient(server.transport)
  await client.create(Namespace, { metadata: { name: 'default' } }).catch(() => {})
  const { uid } = (await client.create(Node, { metadata: { name: 'node' } })).metadata
  const ready: string[] = []
  const refused: string[] = []
  const records = new Map<string, unknown>()
  const specs = new Map<string, VolumeSpec>()
  const drivers: DriverProcess[] = []

  async function start() {
    const csi = createCsi({
      nodeName: 'node',
      rootDirectory: root,
      driverRoot,
      client,
      dial: dialRpc,
      files: csiFiles,
      tokens: async (_pod, { audience }) => ({ token: `for ${audience}`, issuedAt: 0, expiresAt: Date.UTC(2100, 0, 1) }),
      clock: systemClock,
      random: seededRandom(1),
      log: silentLog,
      ready: (driver) => void ready.push(driver),
      refuse: (_spec, message) => void refused.push(message),
    })
    const watcher = createPluginWatcher({
      directory: registry,
      sockets: socketFolder,
      dial: dialRpc,
      clock: systemClock,
      random: seededRandom(2),
      log: silentLog,
    })
    watcher.handle('CSIPlugin', csi.drivers.handler)
    csi.start()
    await watcher.start()
    return { csi, close: async () => void (await Promise.all([watcher.close(), csi.close()])) }
  }
  let running = await start()
  t.after(async () => {
    await running.close()
    for (const driver of drivers) await driver.kill()
    await server.close()
    for (const mount of await mountsBelow(root)) await unmount(mount)
    await fs.rm(root, { recursive: true })
  })
  const pod = (podUid: string) =>
    ({
      metadata: { name: podUid, namespace: 'default', uid: podUid },
      spec: { containers: [], serviceAccountName: 'robot' },
    }) as unknown as Pod
  const pathOf = (podUid: string, { name: volume, persistentVolume }: VolumeSpec) =>
    `${root}/pods/${podUid}/${persistentVolume?.spec.volumeMode === 'Block' ? 'volumeDevices' : 'volumes'}/kubernetes.io~csi/${volume}`
  const mounted = (podUid: string) => {
    const spec = specs.get(podUid)!
    return { podUid, volumeName: spec.name, path: pathOf(podUid, spec), record: records.get(podUid) }
  }

  /** After it the drivers' calls are all known. */
  const settled = <T>(work: Promise<T>): Promise<T> => work.finally(() => Promise.all(drivers.map((driver) => driver.settle())))

  const node = {
    root,
    registry,
    client,
    uid,
    ready,
    refused,
    mounted,
    get csi() {
      return running.csi
    },
    async driver(more: Partial<DriverSettings> = {}) {
      const stateDirectory = join(root, 'driver')
      const driver = await startDriver({
        name,
        registryDirectory: registry,
        stateDirectory,
        nodeId: 'node-1',
        capabilities: everything,
        ...more,
      })
      drivers.push(driver)
      return driver
    },
    async registered(more: Partial<DriverSettings> = {}) {
      if (!(await node.isDescribed())) await node.describe({ attachRequired: false })
      const driver = await node.driver(more)
      await driver.until(() => driver.registrations.length > 0)
      assert.deepEqual(driver.registrations, ['registered'])
      return driver
    },
    isDescribed: async () => (await client.list(CSIDriver)).items.length > 0,
    async describe(spec: object) {
      await client.delete(CSIDriver, name).catch(() => {})
      const made = await client.create(CSIDriver, { metadata: { name }, spec })
      await node.until(async () => (await running.csi.driverObject(name))?.metadata.uid === made.metadata.uid)
    },
    async setUp(podUid: string, spec: VolumeSpec, fsGroup?: number): Promise<SetUpResult> {
      specs.set(podUid, spec)
      const path = pathOf(podUid, spec)
      await fs.mkdir(join(path, '..'), { recursive: true })
      return settled(
        running.csi.plugin.setUp({
          pod: pod(podUid),
          spec,
          path,
          isShared: false,
          ...(fsGroup !== undefined && { fsGroup }),
          signal: new AbortController().signal,
          remember: async (record) => void records.set(podUid, JSON.parse(JSON.stringify(record))),
        }),
      )
    },
    tearDown: (podUid: string, isLast: boolean) => settled(running.csi.plugin.tearDown!({ ...mounted(podUid), isLast })),
    expand: (podUid: string, capacityBytes: number) =>
      settled(
        running.csi.plugin.expand!({
          ...mounted(podUid),
          pod: pod(podUid),
          spec: specs.get(podUid)!,
          capacityBytes,
          signal: new AbortController().signal,
        }),
      ),
    async restart() {
      await running.close()
      running = await start()
    },
    /** For what the API shows. */
    async until(condition: () => Promise<boolean>) {
      const giveUpAt = Date.now() + 10_000
      while (!(await condition())) {
        if (Date.now() > giveUpAt) throw new Error('it did not come to pass')
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    },
  }
  return node
}
