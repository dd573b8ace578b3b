import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod.ts'
import type { CSIDriver } from '#api/storage/v1/csi-driver.ts'
import { WherryError } from '#lib/errors.ts'
import { silentLog } from '#lib/log.ts'
import { createRegistry } from '#lib/metrics/registry.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createSimulatedProcess } from '#sim/process.ts'
import { createAllocatableUpdates } from './allocatable-updates.ts'
import { highestVersion } from './csi-drivers.ts'
import { isFinal, isInfeasible, isInUse } from './csi-error.ts'
import { csiMetrics } from './csi-metrics.ts'
import { type DriverInfo, entryOf, nodeChange } from './csi-node-object.ts'
import { checkLifecycle, csiAccessMode, policyOf, takesGroup } from './driver-policy.ts'
import { csiPaths } from './paths.ts'
import { contextOption, seLinuxOptionsOf, takesLabel } from './selinux-mount.ts'
import { createTokenAttributes } from './token-attributes.ts'
import { attachmentNameOf, type CsiVolume, inlineHandle } from './volume-source.ts'

const volume: CsiVolume = {
  name: 'pv',
  driver: 'd',
  handle: 'h',
  lifecycle: 'Persistent',
  isBlock: false,
  readOnly: false,
  fsType: 'ext4',
  attributes: {},
  mountOptions: [],
  accessModes: ['ReadWriteOnce'],
  secrets: {},
}
const driver = (spec: object): CSIDriver => ({ metadata: { name: 'd' }, spec }) as unknown as CSIDriver

test('a driver’s name leads nowhere else', () => {
  assert.equal(csiPaths('/root', 'u', '/path', volume).staging.split('/globalmount')[0]!.split('/').at(-2), 'd')
  for (const driver of ['..', 'a/../../b', ''])
    assert.throws(() => csiPaths('/root', 'u', '/path', { ...volume, driver }), { code: 'Invalid' })
})

test('fsGroup is the kubelet’s to give where the driver’s policy says so', () => {
  const check = (fsGroupPolicy: string | undefined, change: Partial<CsiVolume>, expected: boolean) =>
    assert.equal(
      takesGroup({ ...volume, ...change }, policyOf(fsGroupPolicy === undefined ? undefined : driver({ fsGroupPolicy }))),
      expected,
      JSON.stringify([fsGroupPolicy, change]),
    )
  for (const usual of [undefined, 'ReadWriteOnceWithFSType']) {
    check(usual, {}, true)
    check(usual, { accessModes: ['ReadWriteOncePod'] }, true)
    check(usual, { accessModes: ['ReadOnlyMany', 'ReadWriteOnce'] }, true)
    check(usual, { accessModes: ['ReadWriteMany'] }, false)
    check(usual, { accessModes: [] }, false)
    check(usual, { fsType: '' }, false)
    check(usual, { readOnly: true }, false)
    check(usual, { isBlock: true }, false)
    check(usual, { lifecycle: 'Ephemeral', accessModes: [] }, true)
    check(usual, { lifecycle: 'Ephemeral', accessModes: [], fsType: '' }, false)
  }
  check('File', { accessModes: ['ReadWriteMany'], fsType: '' }, true)
  check('File', { readOnly: true }, false)
  check('None', {}, false)
})

test('files are labelled where that is possible, and where the mount has not done it', () => {
  const check = (change: Partial<CsiVolume>, mountedWith: string | undefined, expected: boolean) =>
    assert.equal(takesLabel({ ...volume, ...change }, mountedWith), expected, JSON.stringify([change, mountedWith]))
  check({}, undefined, true)
  check({}, 'system_u:object_r:container_file_t:s0', false)
  check({ readOnly: true }, undefined, false)
  check({ isBlock: true }, undefined, false)
})

test('a driver has the volumes that it says it has', () => {
  const check = (lifecycle: CsiVolume['lifecycle'], found: CSIDriver | undefined, expected: RegExp | undefined) => {
    const ask = () => checkLifecycle({ ...volume, lifecycle }, found)
    if (expected === undefined) ask()
    else assert.throws(ask, expected)
  }
  const both = driver({ volumeLifecycleModes: ['Persistent', 'Ephemeral'] })
  check('Persistent', undefined, undefined)
  check('Ephemeral', undefined, /volume mode "Ephemeral" not supported by driver d \(no CSIDriver object\)$/)
  check('Ephemeral', both, undefined)
  check('Persistent', both, undefined)
  check(
    'Persistent',
    driver({ volumeLifecycleModes: ['Ephemeral'] }),
    /"Persistent" not supported by driver d \(only supports \["Ephemeral"\]\)$/,
  )
})

test('access modes are those that the driver knows', () => {
  const check = (mode: CsiVolume['accessModes'][number], old: number, capable: number) =>
    assert.deepEqual([csiAccessMode(mode, false), csiAccessMode(mode, true)], [old, capable], mode)
  check('ReadWriteOnce', 1, 7)
  check('ReadWriteOncePod', 1, 6)
  check('ReadOnlyMany', 3, 3)
  check('ReadWriteMany', 5, 5)
})

test('what a call’s end says of the driver', () => {
  const check = (code: string, final: boolean, infeasible: boolean, inUse: boolean) => {
    const rpc = new WherryError('InternalError', `rpc error: code = ${code} desc = x`)
    for (const error of [rpc, new WherryError('InternalError', `in words: ${rpc.message}`, { cause: rpc })])
      assert.deepEqual([isFinal(error), isInfeasible(error), isInUse(error)], [final, infeasible, inUse], code)
  }
  for (const code of ['Canceled', 'DeadlineExceeded', 'Unavailable', 'ResourceExhausted', 'Aborted']) check(code, false, false, false)
  for (const code of ['InvalidArgument', 'OutOfRange', 'NotFound']) check(code, true, true, false)
  for (const code of ['Internal', 'Unknown', 'Unimplemented', 'PermissionDenied']) check(code, true, false, false)
  check('FailedPrecondition', true, false, true)
  assert.equal(isFinal(new Error('the socket broke')), false, 'no answer says nothing')
})

test('the highest 1.x of a driver counts', () => {
  const check = (versions: readonly string[], expected: string | undefined) =>
    assert.equal(highestVersion(versions)?.join('.'), expected, versions.join())
  check(['1.0.0'], '1.0.0')
  check(['v1.2.0', '1.10.0', '1.3.0'], '1.10.0')
  check(['0.3.0', '2.0.0'], undefined)
  check(['2.0.0', '1.0.0'], '1.0.0')
  check(['one'], undefined)
  check([], undefined)
})

test('what Node and CSINode say of a driver', () => {
  const info: DriverInfo = { name: 'b', nodeId: 'n', volumesMax: 0, topology: { zone: 'z' } }
  const node = (labels: object, annotation?: string) =>
    ({ metadata: { labels, annotations: annotation && { 'csi.volume.kubernetes.io/nodeid': annotation } } }) as never
  assert.deepEqual(nodeChange(node({}), info), {
    annotations: { 'csi.volume.kubernetes.io/nodeid': '{"b":"n"}' },
    labels: { zone: 'z' },
  })
  assert.deepEqual(nodeChange(node({ zone: 'z' }, '{"c":"1","a":"2"}'), info), {
    annotations: { 'csi.volume.kubernetes.io/nodeid': '{"a":"2","b":"n","c":"1"}' },
  })
  assert.equal(nodeChange(node({ zone: 'z' }, '{"b":"n"}'), info), undefined, 'settled')
  assert.throws(
    () => nodeChange(node({ zone: 'y' }), info),
    /detected topology value collision: driver reported "zone":"z" but existing label is "zone":"y"/,
  )
  assert.throws(() => nodeChange(node({}, 'no json'), info), /failed to parse/)
  assert.deepEqual(entryOf(info), { name: 'b', nodeID: 'n', topologyKeys: ['zone'] })
  assert.deepEqual(entryOf({ ...info, volumesMax: 2 ** 40 }).allocatable, { count: 2 ** 31 - 1 })
  assert.equal(entryOf({ ...info, volumesMax: -1 }).allocatable, undefined)
})

test('names are those that attachers and the reference’s kubelet compute', () => {
  const sha256 = {
    hdn: '9072ed11cc1acb5fa433a877ff339b6311d013f33bddd1d0092711a8ace5b16d',
    uiddata: '23e443c711b5dad0801c2e0a90f2be6e56dc28a2472cb2e8d6f0ead23e8765e9',
  }
  assert.equal(attachmentNameOf({ driver: 'd', handle: 'h' }, 'n'), `csi-${sha256.hdn}`)
  assert.equal(inlineHandle('uid', 'data'), `csi-${sha256.uiddata}`)
})

test('an SELinux context is mounted for one pod’s volume whose containers agree', () => {
  const able = policyOf(driver({ seLinuxMount: true }))
  const level = (value: string) => ({ securityContext: { seLinuxOptions: { level: value } }, volumeMounts: [{ name: 'data' }] })
  const check = (change: Partial<CsiVolume>, spec: object, expected: object | undefined, policy = able) => {
    const pod = { spec: { containers: [], ...spec } } as unknown as Pod
    const found = seLinuxOptionsOf(pod, 'data', { ...volume, accessModes: ['ReadWriteOncePod'], ...change }, policy)
    assert.deepEqual(found, expected, JSON.stringify([change, spec]))
  }
  check({}, { containers: [level('s0:c1')] }, { level: 's0:c1' })
  check({}, { containers: [level('s0:c1'), { name: 'other' }] }, { level: 's0:c1' })
  check({}, { containers: [level('s0:c1'), level('s0:c2')] }, undefined)
  check({}, { containers: [{ volumeMounts: [{ name: 'data' }] }], securityContext: { seLinuxOptions: { level: 'p' } } }, { level: 'p' })
  check({}, { containers: [level('s0:c1'), { volumeMounts: [{ name: 'data' }] }] }, undefined)
  check({}, { containers: [level('s0')], securityContext: { seLinuxChangePolicy: 'MountOption' } }, { level: 's0' })
  check({}, { containers: [level('s0')], securityContext: { seLinuxChangePolicy: 'Recursive' } }, undefined)
  check({ accessModes: ['ReadWriteOnce'] }, { containers: [level('s0')] }, undefined)
  check({}, { containers: [level('s0')] }, undefined, policyOf(driver({})))
  assert.equal(contextOption('system_u:object_r:container_file_t:s0:c1,c2'), 'context="system_u:object_r:container_file_t:s0:c1,c2"')
})

test('a token is issued once and anew when most of its life is over, and forgotten with its pod', async () => {
  const clock = createVirtualClock(0)
  const machine = createSimulatedProcess('machine', clock)
  const { now } = machine.clock
  let count = 0
  const tokens = createTokenAttributes(
    async (_pod, { audience }) => ({ token: `${audience}${(count += 1)}`, issuedAt: now(), expiresAt: now() + 3_600_000 }),
    machine.clock,
  )
  const policy = policyOf(driver({ tokenRequests: [{ audience: 'b' }, { audience: '' }] }))
  const pod = { metadata: { uid: 'u' } } as unknown as Pod
  const issued = async () => {
    const text = (await tokens.of(pod, policy))['csi.storage.k8s.io/serviceAccount.tokens']!
    return Object.entries(JSON.parse(text) as Record<string, { token: string }>).map(([audience, { token }]) => [audience, token])
  }
  const first = [
    ['', '2'],
    ['b', 'b1'],
  ]
  assert.deepEqual(await issued(), first)
  await clock.advance(2_700_000)
  assert.deepEqual(await issued(), first)
  await clock.advance(300_000)
  assert.deepEqual((await issued())[1], ['b', 'b3'])
  machine.jump(-7_200_000)
  await clock.advance(3_000_000)
  assert.deepEqual((await issued())[1], ['b', 'b5'], 'also by a clock that was set back')
  tokens.forget('u')
  await issued()
  assert.equal(count, 8)
  assert.deepEqual(await tokens.of(pod, policyOf(undefined)), {})
})

test('calls are counted as the reference counts them', () => {
  const registry = createRegistry()
  csiMetrics(registry)({ driver: 'd', method: '/csi.v1.Node/NodeStageVolume', code: 'Internal', seconds: 0.2 })
  const line =
    'csi_operations_seconds_bucket{driver_name="d",grpc_status_code="Internal",method_name="/csi.v1.Node/NodeStageVolume",migrated="false",le="0.25"} 1'
  assert.ok(registry.text().includes(line), registry.text())
})

test('a driver is asked for its limit as often as it says, and no more when it is gone', async () => {
  const clock = createVirtualClock(0)
  const asked: string[] = []
  let periodMs = 10_000
  const updates = createAllocatableUpdates({
    clock,
    log: silentLog,
    periodMs: () => periodMs,
    update: async (name) => void asked.push(name),
  })
  updates.look('d')
  updates.look('d')
  const round = async (ms: number) => {
    await clock.advance(ms)
    return asked.length
  }
  assert.equal(await round(9_999), 0)
  assert.equal(await round(1), 1)
  assert.equal(await round(10_000), 2)
  periodMs = 20_000
  updates.look('d')
  assert.equal(await round(19_999), 2)
  assert.equal(await round(1), 3)
  periodMs = 0
  updates.look('d')
  assert.equal(await round(1_000_000), 3)
  assert.equal(clock.pending, 0)
})
