import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Pod } from '#api/core/v1/pod.ts'
import { systemClock } from '#host/clock.ts'
import { mountsBelow, volumeHost } from '#host/mounts.ts'
import { seededRandom } from '#lib/random.ts'
import { createClaimWorld } from './testing/claim-world.ts'
import { createVolumeManager } from './volume-manager.ts'
import type { SetUpRequest, TearDownRequest, VolumePlugin, VolumeStats } from './volume-plugin.ts'

const root = fs.mkdtempSync(join(tmpdir(), 'wherry-claims-'))
const world = createClaimWorld()
const events: string[] = []
const reported: string[] = []
const ready: string[] = []
const shelf = shelfPlugin()
const manager = managerOf()
const signal = new AbortController().signal
const devices: string[] = []
let uids = 0

after(async () => {
  await manager.close()
  await volumeHost.unmount(root)
  for (const device of devices) execFileSync('losetup', ['-d', device])
  fs.rmSync(root, { recursive: true })
})

test('local, a directory: bound into the pod, given to its group once, and left as it is when the pod goes', async () => {
  const disk = directory('disk')
  fs.writeFileSync(join(disk, 'kept'), 'x', { mode: 0o600 })
  world.bind('local', { local: { path: disk } }, { claim: {} })
  const pod = podWith('local', { fsGroup: 4321 })
  const { hostPath, readOnly } = (await manager.prepare(pod, signal)).get('v')!
  assert.equal(hostPath, join(root, 'pods', pod.metadata.uid, 'volumes/kubernetes.io~local-volume/local'))
  assert.equal(readOnly, false)
  assert.equal(fs.readFileSync(join(hostPath, 'kept'), 'utf8'), 'x')
  assert.equal(fs.statSync(join(disk, 'kept')).gid, 4321)
  fs.chownSync(join(disk, 'kept'), 0, 7)
  // Another process adopts it: what the pod owns by now stays its own.
  const next = managerOf()
  await next.prepare(pod, signal)
  assert.equal(fs.statSync(join(disk, 'kept')).gid, 7)
  await next.close()

  const other = podWith('local', { fsGroup: 99 })
  await manager.prepare(other, signal)
  assert.equal(fs.statSync(disk).gid, 4321)
  assert.match(events.at(-1)!, /^Warning AlreadyMountedVolume The requested fsGroup is 99, but the volume local has GID 4321/)
  const usage = await manager.usage!(other.metadata.uid)
  assert.deepEqual(usage[0]!.claim, { namespace: 'default', name: 'local' })
  assert.ok(usage[0]!.stats!.capacityBytes > 0)
  await gone(pod)
  await gone(other)
  assert.equal(fs.readFileSync(join(disk, 'kept'), 'utf8'), 'x')
  await nothingLeft()
})

test('local, a device: a file system is made once, mounted once for all pods, and follows its device', async () => {
  const device = loop('device.img', 32)
  world.bind('device', { local: { path: device } })
  const [one, two] = [podWith('device'), podWith('device')]
  const at = (await manager.prepare(one, signal)).get('v')!.hostPath
  fs.writeFileSync(join(at, 'kept'), 'x')
  assert.equal(fs.readFileSync(join((await manager.prepare(two, signal)).get('v')!.hostPath, 'kept'), 'utf8'), 'x')
  const globalPath = join(root, 'plugins/kubernetes.io/local-volume/mounts/device')
  await gone(one)
  assert.deepEqual(await mountsBelow(globalPath), [globalPath])
  await gone(two)
  assert.deepEqual(await mountsBelow(globalPath), [])
  // It comes again as it was.
  const again = podWith('device')
  assert.equal(fs.readFileSync(join((await manager.prepare(again, signal)).get('v')!.hostPath, 'kept'), 'utf8'), 'x')
  await gone(again)
  await nothingLeft()
})

test('local, a device: its file system grows with it', {
  skip: mayResize() ? false : 'this machine gives no CAP_SYS_RESOURCE',
}, async () => {
  const device = loop('growing.img', 32)
  world.bind('growing', { local: { path: device } })
  const pod = podWith('growing')
  const at = (await manager.prepare(pod, signal)).get('v')!.hostPath
  const before = (await volumeHost.fileSystemStats(at)).capacityBytes
  fs.truncateSync(join(root, 'growing.img'), 64 << 20)
  execFileSync('losetup', ['-c', device])
  world.grow('growing', '2Gi')
  const other = podWith('growing')
  await manager.prepare(other, signal)
  assert.ok((await volumeHost.fileSystemStats(at)).capacityBytes > before * 1.5)
  assert.equal(world.statusOf('growing').capacity?.['storage'], '2Gi')
  await gone(pod)
  await gone(other)
  await nothingLeft()
})

test('a raw device is given by its own path, and read where only that is asked', async () => {
  const device = loop('raw.img', 8)
  fs.symlinkSync(device, join(root, 'by-name'))
  world.bind('raw', { local: { path: join(root, 'by-name') }, volumeMode: 'Block' })
  const pod = podWith('raw', {}, { asDevice: true, readOnly: true })
  assert.deepEqual((await manager.prepare(pod, signal)).get('v'), { hostPath: device, readOnly: true, device: true })
  await gone(pod)
  world.bind('no-device', { local: { path: root }, volumeMode: 'Block' })
  const bad = podWith('no-device', {}, { asDevice: true })
  await assert.rejects(manager.prepare(bad, signal), {
    message: `MapVolume.MapPodDevice failed for volume "no-device" : ${root} is not a block device`,
  })
  await gone(bad)
  await nothingLeft()
})

test('what a volume needs and does not find is told in the words of the reference', async () => {
  const disk = directory('other')
  const affinity = (value: string) => ({
    nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: [value] }] }] } },
  })
  const cases: readonly (readonly [name: string, source: object, words: string | undefined])[] = [
    [
      'missing',
      { local: { path: join(root, 'none') } },
      `MountVolume.NewMounter initialization failed for volume "missing" : path "${root}/none" does not exist`,
    ],
    [
      'a-file',
      { local: { path: '/proc/version' } },
      'MountVolume.NewMounter initialization failed for volume "a-file" : only directory and block device are supported',
    ],
    [
      'elsewhere',
      { local: { path: disk }, ...affinity('b') },
      'MountVolume.NodeAffinity check failed for volume "elsewhere" : no matching NodeSelectorTerms',
    ],
    ['here', { local: { path: disk }, ...affinity('a') }, undefined],
    [
      'optioned',
      { hostPath: { path: disk }, mountOptions: ['noatime'] },
      'MountVolume.MountOptionSupport check failed for volume "optioned" : mount options are not supported for this volume type',
    ],
    ['host', { hostPath: { path: disk } }, undefined],
    [
      'iscsi',
      { iscsi: {} },
      'Unable to attach or mount volumes: unmounted volumes=[v], unattached volumes=[], failed to process volumes=[v]: failed to get Plugin from volumeSpec for volume "iscsi" err=no volume plugin matched: this node does not provide iscsi volumes; a CSI driver may',
    ],
  ]
  world.setNode({ labels: { zone: 'a' } })
  for (const [name, source, words] of cases) {
    world.bind(name, source)
    const pod = podWith(name)
    const message = await manager.prepare(pod, signal).then(
      () => undefined,
      (error: Error) => error.message,
    )
    assert.equal(message, words, name)
    await gone(pod)
  }
  await nothingLeft()
})

test('one pod at a time for ReadWriteOncePod, also after a restart', async () => {
  world.bind('alone', { local: { path: directory('alone') }, accessModes: ['ReadWriteOncePod'] })
  const [one, two] = [podWith('alone'), podWith('alone')]
  const first = managerOf()
  await first.prepare(one, signal)
  await first.close()
  const refused = {
    message:
      'MountVolume.SetUp failed for volume "alone" : volume uses the ReadWriteOncePod access mode and is already in use by another pod',
  }
  const second = managerOf()
  await assert.rejects(second.prepare(two, signal), refused)
  await second.teardown(one.metadata.uid)
  await second.prepare(two, signal)
  await second.teardown(two.metadata.uid)
  await nothingLeft()
})

test('several entries for one claim are one volume; one that is not used is not made; a late user gets it', async () => {
  world.bind('twice', { local: { path: directory('twice') } })
  const base = podWith('twice')
  const pod = {
    ...base,
    spec: {
      ...base.spec,
      containers: [{ name: 'c', volumeMounts: [{ name: 'a' }, { name: 'b' }] }],
      volumes: [
        { name: 'a', persistentVolumeClaim: { claimName: 'twice', readOnly: true } },
        { name: 'b', persistentVolumeClaim: { claimName: 'twice' } },
        { name: 'idle', persistentVolumeClaim: { claimName: 'there-is-none' } },
        { name: 'late', emptyDir: {} },
      ],
    },
  } as unknown as Pod
  const volumes = await manager.prepare(pod, signal)
  assert.equal(volumes.get('a')!.hostPath, volumes.get('b')!.hostPath)
  assert.deepEqual([volumes.get('a')!.readOnly, volumes.get('b')!.readOnly], [true, false])
  assert.deepEqual([...volumes.keys()].sort(), ['a', 'b'])
  assert.equal((await mountsBelow(root)).length, 1)
  const ephemeralContainers = [{ name: 'debug', volumeMounts: [{ name: 'late' }] }]
  manager.refresh({ ...pod, spec: { ...pod.spec, ephemeralContainers } } as unknown as Pod)
  await until(() => ready.includes(pod.metadata.uid))
  assert.ok(fs.existsSync(volumes.get('late')!.hostPath))
  await gone(pod)
  await nothingLeft()
})

test('attached volumes: in use before they are waited for, until they are torn down', async () => {
  const name = 'example.com/shelf^one'
  world.bind('shelf', { csi: { driver: 'shelf', volumeHandle: 'one' } }, { claim: {} })
  const pod = podWith('shelf', { fsGroup: 5 })
  let changes = 0
  const forget = manager.node.onChange(() => {
    changes += 1
  })
  const preparing = manager.prepare(pod, signal)
  await until(() => manager.node.read().volumesInUse!.includes(name))
  assert.ok(changes > 0)
  world.setNode({ status: { volumesAttached: [{ name, devicePath: '/dev/x' }] } })
  await delay(20)
  assert.equal(shelf.setUps.length, 0, 'what does not show as in use may be taken away at any moment')
  world.setNode({ status: { volumesInUse: [name] } })
  await preparing
  const [request] = shelf.setUps
  assert.equal(request!.devicePath, '/dev/x')
  assert.equal(request!.fsGroup, 5)
  // A process that ended is followed by one that knows.
  const next = managerOf()
  const told = Promise.withResolvers<void>()
  next.node.onChange(told.resolve)
  await told.promise
  assert.deepEqual(next.node.read().volumesInUse, [name])
  const other = podWith('shelf')
  await next.prepare(other, signal)
  await next.teardown(pod.metadata.uid)
  assert.deepEqual(shelf.tearDowns.at(-1)!.record, { handle: 'one' })
  assert.equal(shelf.tearDowns.at(-1)!.isLast, false)
  assert.deepEqual(next.node.read().volumesInUse, [name])
  shelf.fail = 'in use'
  await assert.rejects(next.teardown(other.metadata.uid), /in use/)
  assert.deepEqual(next.node.read().volumesInUse, [name])
  shelf.fail = undefined
  await next.teardown(other.metadata.uid)
  assert.equal(shelf.tearDowns.at(-1)!.isLast, true)
  assert.deepEqual(next.node.read().volumesInUse, [])
  await next.close()
  forget()
  await manager.teardown(pod.metadata.uid)
  await nothingLeft()
})

test('whoever waited for a shared volume when its last user went takes what they shared away', async () => {
  const name = 'example.com/shelf^left'
  world.bind('left', { csi: { driver: 'shelf', volumeHandle: 'left' } })
  world.setNode({ status: { volumesInUse: [name], volumesAttached: [{ name, devicePath: '' }] } })
  const [one, two] = [podWith('left'), podWith('left')]
  await manager.prepare(one, signal)
  world.setNode({ status: { volumesInUse: [], volumesAttached: [] } })
  const ending = new AbortController()
  const waiting = manager.prepare(two, ending.signal)
  await until(() => fs.existsSync(join(root, 'pods', two.metadata.uid, 'volume-records/example.com~shelf/left')))
  await gone(one)
  assert.equal(shelf.tearDowns.at(-1)!.isLast, false)
  ending.abort(new Error('the pod ends'))
  await assert.rejects(waiting, /the pod ends/)
  const next = managerOf()
  await next.teardown(two.metadata.uid)
  await next.close()
  await gone(two)
  const { record, isLast } = shelf.tearDowns.find(({ podUid }) => podUid === two.metadata.uid)!
  assert.deepEqual({ record, isLast }, { record: { handle: 'left' }, isLast: true })
  await nothingLeft()
})

test('of two pods that come to one ReadWriteOncePod volume at the same time one gets it', async () => {
  const name = 'example.com/shelf^raced'
  world.bind('raced', { csi: { driver: 'shelf', volumeHandle: 'raced' }, accessModes: ['ReadWriteOncePod'] })
  world.setNode({ status: { volumesInUse: [name], volumesAttached: [{ name, devicePath: '' }] } })
  const pods = [podWith('raced'), podWith('raced')]
  const held = Promise.withResolvers<void>()
  shelf.held = held.promise
  shelf.asked = 0
  const all = Promise.allSettled(pods.map((pod) => manager.prepare(pod, signal)))
  await until(() => shelf.asked === 2)
  held.resolve()
  assert.deepEqual((await all).map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
  for (const pod of pods) await gone(pod)
  await nothingLeft()
})

test('a claim that grows: the driver is asked, the claim told; a pod that only reads refuses', async () => {
  const resized = { allocatedResources: { storage: '3Gi' }, allocatedResourceStatuses: { storage: 'NodeResizePending' } }
  world.setNode({
    status: { volumesInUse: ['example.com/shelf^grow'], volumesAttached: [{ name: 'example.com/shelf^grow', devicePath: '' }] },
  })
  world.bind('grow', { csi: { driver: 'shelf', volumeHandle: 'grow' } })
  world.grow('grow', '3Gi', resized)
  const reader = podWith('grow', {}, { readOnly: true })
  await manager.prepare(reader, signal)
  assert.match(events.at(-1)!, /^Warning FileSystemResizeFailed .* requested read-only file system$/)
  await gone(reader)
  const pod = podWith('grow')
  shelf.expandError = new Error('no room')
  await assert.rejects(manager.prepare(pod, signal), { message: 'MountVolume.SetUp failed for volume "grow" : no room' })
  assert.equal(world.statusOf('grow').allocatedResourceStatuses?.['storage'], 'NodeResizeInProgress')
  assert.equal(world.statusOf('grow').conditions?.at(-1)?.message, 'failed to expand pvc with no room')
  shelf.expandError = undefined
  await manager.prepare(pod, signal)
  assert.equal(world.statusOf('grow').capacity?.['storage'], '3Gi')
  assert.equal(world.statusOf('grow').allocatedResourceStatuses, undefined)
  assert.equal(shelf.expansions.at(-1), 3 * 2 ** 30)
  await gone(pod)
})

test('a claim grows under a running pod, and a driver that fails is asked again', async () => {
  const name = 'example.com/shelf^live'
  world.setNode({ status: { volumesInUse: [name], volumesAttached: [{ name, devicePath: '' }] } })
  world.bind('live', { csi: { driver: 'shelf', volumeHandle: 'live' } })
  const hurried = managerOf((at) => Date.now() + (at - Date.now()) / 2000)
  const pod = podWith('live')
  await hurried.prepare(pod, signal)
  const setUps = shelf.setUps.length
  shelf.expandError = new Error('not now')
  world.grow('live', '5Gi', { allocatedResources: { storage: '5Gi' }, allocatedResourceStatuses: { storage: 'NodeResizePending' } })
  await until(() => events.includes('Warning VolumeResizeFailed NodeExpandVolume.NodeExpandVolume failed for volume "live" : not now'))
  shelf.expandError = undefined
  await until(() => world.statusOf('live').capacity?.['storage'] === '5Gi')
  assert.equal(shelf.expansions.at(-1), 5 * 2 ** 30)
  assert.equal(shelf.setUps.length, setUps, 'what is mounted stays as it is')
  const asked = shelf.expansions.length
  await delay(150)
  assert.equal(shelf.expansions.length, asked, 'once is enough')
  await hurried.teardown(pod.metadata.uid)
  await hurried.close()
  await nothingLeft()
})

test('a volume that is to be set up again is, while the pod runs and no longer', async () => {
  world.setNode({
    status: { volumesInUse: ['example.com/shelf^again'], volumesAttached: [{ name: 'example.com/shelf^again', devicePath: '' }] },
  })
  world.bind('again', { csi: { driver: 'shelf', volumeHandle: 'again' } })
  shelf.repeatAfterMs = 10
  const pod = podWith('again', { fsGroup: 4321 })
  const before = shelf.setUps.length
  const { hostPath } = (await manager.prepare(pod, signal)).get('v')!
  await until(() => shelf.setUps.length >= before + 3)
  // What the driver has written anew is the group's as well: a pod that is not root could not read it.
  const renewed = join(hostPath, 'renewed')
  fs.writeFileSync(renewed, 'x', { mode: 0o600 })
  fs.chownSync(renewed, 0, 0)
  await until(() => fs.statSync(renewed).gid === 4321 && (fs.statSync(renewed).mode & 0o777) === 0o660)
  await gone(pod)
  const then = shelf.setUps.length
  await delay(40)
  assert.equal(shelf.setUps.length, then)
})

test('a pod that ends while a volume is waited for does not wait on', async () => {
  world.bind('never', { csi: { driver: 'shelf', volumeHandle: 'never' } })
  const pod = podWith('never')
  const ending = new AbortController()
  const preparing = manager.prepare(pod, ending.signal)
  await until(() => manager.node.read().volumesInUse!.length > 0)
  ending.abort(new Error('the pod ends'))
  await assert.rejects(preparing, /the pod ends/)
  await gone(pod)
  assert.deepEqual(manager.node.read().volumesInUse, [])
  await nothingLeft()
})

test('a volume that nobody can measure is left out, and one that does not answer is not waited for', async () => {
  const name = 'example.com/shelf^measured'
  world.setNode({ status: { volumesInUse: [name], volumesAttached: [{ name, devicePath: '' }] } })
  world.bind('measured', { csi: { driver: 'shelf', volumeHandle: 'measured' } })
  const hurried = managerOf((at) => (at > Date.now() + 60_000 ? at : Date.now()))
  const pod = podWith('measured')
  await hurried.prepare(pod, signal)
  const usage = async () => (await hurried.usage!(pod.metadata.uid)).map(({ stats }) => stats?.usedBytes)
  shelf.stats = async () => ({ usedBytes: 7 }) as VolumeStats
  assert.deepEqual(await usage(), [7])
  shelf.stats = () => Promise.reject(new Error('not told'))
  assert.deepEqual(await usage(), [])
  const late = Promise.withResolvers<VolumeStats>()
  let asked = 0
  shelf.stats = () => {
    asked += 1
    return late.promise
  }
  assert.deepEqual([await usage(), await usage(), asked], [[], [], 1])
  late.resolve({ usedBytes: 8 } as VolumeStats)
  await late.promise
  await delay(0)
  assert.deepEqual([await usage(), asked], [[8], 2])
  await hurried.teardown(pod.metadata.uid)
  await hurried.close()
})

test('a mount with a group of its own lets containers into it', async () => {
  world.bind('grouped', { local: { path: directory('grouped') } })
  const volume = await world.volume('grouped')
  world.volume = async () => ({ ...volume, metadata: { ...volume.metadata, annotations: { 'pv.beta.kubernetes.io/gid': '1234' } } })
  const pod = podWith('grouped')
  assert.equal((await manager.prepare(pod, signal)).get('v')!.groupId, 1234)
  await gone(pod)
})

async function gone(pod: Pod): Promise<void> {
  await manager.teardown(pod.metadata.uid)
}

async function nothingLeft(): Promise<void> {
  assert.deepEqual(await manager.known(), [])
  assert.deepEqual(await mountsBelow(root), [])
}

function directory(name: string): string {
  const path = join(root, name)
  fs.mkdirSync(path)
  return path
}

function loop(name: string, sizeMiB: number): string {
  const file = join(root, name)
  fs.writeFileSync(file, '')
  fs.truncateSync(file, sizeMiB << 20)
  const device = execFileSync('losetup', ['-f', '--show', file]).toString().trim()
  devices.push(device)
  return device
}

function managerOf(atOf = (at: number) => at) {
  return createVolumeManager({
    rootDirectory: root,
    host: volumeHost,
    plugins: [shelf.plugin],
    claims: { ...world, volume: (name) => world.volume(name) },
    node: world.node,
    objects: { follow: () => assert.fail('no objects here') },
    tokens: () => assert.fail('no tokens here'),
    allocatable: () => ({ cpuMilli: 2000, memoryBytes: 1 << 30, ephemeralStorageBytes: 1 << 30 }),
    clock: { ...systemClock, schedule: (at, run) => systemClock.schedule(atOf(at), run) },
    random: seededRandom(1),
    report: (_pod, error) => reported.push(String(error)),
    ready: (uid) => ready.push(uid),
    tell: (_regarding, type, reason, message) => events.push(`${type} ${reason} ${message}`),
  })
}

function podWith(claimName: string, security: object = {}, { asDevice = false, readOnly = false } = {}): Pod {
  uids += 1
  const uses = asDevice ? { volumeDevices: [{ name: 'v', devicePath: '/dev/x' }] } : { volumeMounts: [{ name: 'v', mountPath: '/x' }] }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'default', uid: `uid-${uids}` },
    spec: {
      nodeName: 'node',
      containers: [{ name: 'c', ...uses }],
      volumes: [{ name: 'v', persistentVolumeClaim: { claimName, ...(readOnly && { readOnly }) } }],
      securityContext: security,
    },
  } as unknown as Pod
}

/** Growing a mounted ext4 wants this capability (capabilities(7), bit 24). */
function mayResize(): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(fs.readFileSync('/proc/self/status', 'utf8'))![1]!
  return (BigInt(`0x${effective}`) & (1n << 24n)) !== 0n
}

/** Volumes of a made-up driver: directories, and what was asked of it. */
function shelfPlugin() {
  const setUps: SetUpRequest[] = []
  const tearDowns: TearDownRequest[] = []
  const expansions: number[] = []
  const shelf = {
    setUps,
    tearDowns,
    expansions,
    fail: undefined as string | undefined,
    expandError: undefined as Error | undefined,
    repeatAfterMs: undefined as number | undefined,
    /** How often it was asked whether a volume needs attachment, and what the answer waits for. */
    asked: 0,
    held: Promise.resolve(),
    stats: async (): Promise<VolumeStats | undefined> => undefined,
    plugin: undefined as unknown as VolumePlugin,
  }
  shelf.plugin = {
    folder: 'example.com~shelf',
    supports: ({ persistentVolume }) => persistentVolume?.spec.csi !== undefined,
    uniqueName: ({ persistentVolume }) => `example.com/shelf^${persistentVolume!.spec.csi!.volumeHandle}`,
    async needsAttachment() {
      shelf.asked += 1
      await shelf.held
      return true
    },
    async setUp(request) {
      setUps.push(request)
      await request.remember({ handle: request.spec.persistentVolume!.spec.csi!.volumeHandle })
      fs.mkdirSync(request.path, { recursive: true })
      return shelf.repeatAfterMs === undefined ? {} : { repeatAfterMs: shelf.repeatAfterMs }
    },
    async tearDown(request) {
      if (shelf.fail) throw new Error(shelf.fail)
      tearDowns.push(request)
      fs.rmSync(request.path, { recursive: true, force: true })
    },
    stats: () => shelf.stats(),
    async expand({ capacityBytes }) {
      if (shelf.expandError) throw shelf.expandError
      expansions.push(capacityBytes)
      return { capacityBytes }
    },
  }
  return shelf
}

async function until(condition: () => boolean): Promise<void> {
  const giveUpAt = Date.now() + 5000
  while (!condition()) {
    assert.ok(Date.now() < giveUpAt, 'waited 5 s in vain')
    await delay(5)
  }
}
