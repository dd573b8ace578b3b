import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pod } from '#api/core/v1/pod.ts'
import { createTrial } from '../../framework/trial.ts'
import { answerCheck, answerOf, type Cluster, claim, pod, type Scene, sceneOf } from '../volume-common/testing.ts'
import { volumeRestrictions } from './volume-restrictions.ts'

const diskTaken = 'for now: node(s) had no available disk'
const claimTaken =
  'for now: node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod'

const check = answerCheck(volumeRestrictions)

const exclusive = claim('x', { modes: ['ReadWriteOncePod'] })
check('has no say without claims and disks', { uses: [{ emptyDir: {} }] }, 'no say')
check('misses a claim', { uses: ['x'] }, 'persistentvolumeclaim "x" not found')
check('has no say of a claim that many may use', { uses: ['x'], claims: [claim('x')], pods: [pod('q', ['x'], { on: 'a' })] }, 'no say')
check(
  'has no say of an exclusive claim that nobody uses',
  { uses: ['x'], claims: [exclusive], pods: [pod('q', ['y'], { on: 'a' }), pod('r', ['x'])] },
  'no say',
)
check(
  'cannot use an exclusive claim of another',
  { uses: ['x'], claims: [exclusive], pods: [pod('q', ['x'], { on: 'a' })] },
  { a: claimTaken, b: claimTaken },
)
check('knows the namespaces of claims', { uses: ['x'], claims: [exclusive], pods: [pod('q', ['x'], { on: 'a', in: 'other' })] }, 'no say')

const gce = (name: string, readOnly = false): object => ({ gcePersistentDisk: { pdName: name, ...(readOnly && { readOnly }) } })
const ebs = (volumeID: string, readOnly = false): object => ({ awsElasticBlockStore: { volumeID, readOnly } })
const iscsi = (iqn: string, readOnly = false): object => ({ iscsi: { targetPortal: 't', lun: 0, iqn, readOnly } })
const rbd = (monitors: readonly string[], image: string, more: object = {}): object => ({ rbd: { monitors, image, pool: 'rbd', ...more } })
for (const [what, ours, theirs, isTaken] of [
  ['a disk of Google', gce('d'), gce('d'), true],
  ['a disk of Google that one of them writes', gce('d', true), gce('d'), true],
  ['a disk of Google that both only read', gce('d', true), gce('d', true), false],
  ['another disk of Google', gce('d'), gce('e'), false],
  ['a disk of Amazon, even to read', ebs('d', true), ebs('d', true), true],
  ['an iSCSI disk', iscsi('d'), iscsi('d', true), true],
  ['an iSCSI disk to read', iscsi('d', true), iscsi('d', true), false],
  ['an image of Ceph with a monitor in common', rbd(['m', 'n'], 'i'), rbd(['n', 'o'], 'i'), true],
  ['an image of Ceph without', rbd(['m'], 'i'), rbd(['n'], 'i'), false],
  ['an image of another pool', rbd(['m'], 'i'), rbd(['m'], 'i', { pool: 'other' }), false],
  ['an image of Ceph to read', rbd(['m'], 'i', { readOnly: true }), rbd(['m'], 'i', { readOnly: true }), false],
  ['a disk of the same name elsewhere', gce('d'), ebs('d'), false],
] as const)
  check(
    `${what}: ${isTaken ? 'one a node' : 'for both'}`,
    { uses: [ours], pods: [pod('q', [theirs], { on: 'a' })] },
    { a: isTaken ? diskTaken : 'fits', b: 'fits' },
  )
check('disks know no namespaces', { uses: [ebs('d')], pods: [pod('q', [ebs('d')], { on: 'b', in: 'other' })] }, { a: 'fits', b: diskTaken })

/** The pod on `a`, as if those others were not there. */
function without(
  name: string,
  cluster: Cluster,
  uses: readonly (string | object)[],
  gone: readonly string[],
  expected: 'fits' | string,
): void {
  test(name, () => {
    const scene = sceneOf(cluster)
    const info = scene.world.podInfo(scene.put(Pod, pod('p', uses)))
    const before = volumeRestrictions.preFilter!(info, scene.world)
    assert.ok('state' in before && !before.skip)
    const cycle = { pod: info, world: scene.world, filters: [{ plugin: volumeRestrictions, state: before.state }], states: new Map() }
    const original = scene.world.nodes.nodes.get('a')!
    const trial = createTrial(cycle, original)
    const others = gone.map((uid) => infoOf(scene, uid))
    for (const other of others) trial.take(other)
    const refusal = trial.refusal()
    assert.equal(refusal === undefined ? 'fits' : `for now: ${refusal.reasons.join()}`, expected)
    for (const other of others) trial.put(other)
    assert.notEqual(trial.refusal(), undefined, 'and with them again')
    trial.end()
    assert.notEqual(volumeRestrictions.filter!(info, original, before.state, scene.world), undefined, 'nothing has changed outside')
  })
}
const infoOf = ({ world }: Scene, uid: string) => world.placeOf(uid)!.info

without('would have the claim without its user', { claims: [exclusive], pods: [pod('q', ['x'], { on: 'a' })] }, ['x'], ['Pod-q'], 'fits')
without(
  'would not have the claim without a stranger with a claim of that name',
  { claims: [exclusive], pods: [pod('q', ['x'], { on: 'b' }), pod('r', ['x'], { on: 'a', in: 'other' })] },
  ['x'],
  ['Pod-r'],
  claimTaken,
)
without('would have the disk without its user', { pods: [pod('q', [gce('d')], { on: 'a' })] }, [gce('d')], ['Pod-q'], 'fits')
without(
  'would not have the disk without one of its users',
  { pods: [pod('q', [gce('d', true)], { on: 'a' }), pod('r', [gce('d', true)], { on: 'a' })] },
  [gce('d')],
  ['Pod-q'],
  diskTaken,
)

test('forgets users that go', () => {
  const scene = sceneOf({ claims: [exclusive], pods: [pod('q', ['x', gce('d')], { on: 'a' })] })
  const p = scene.put(Pod, pod('p', ['x', gce('d')]))
  assert.deepEqual(answerOf(volumeRestrictions, scene, p), { a: diskTaken, b: claimTaken })
  scene.remove(Pod, 'q', 'shop')
  assert.deepEqual(answerOf(volumeRestrictions, scene, p), { a: 'fits', b: 'fits' })
})

test('is woken by a pod that had the same claim or disk', () => {
  const { helps } = volumeRestrictions.wokenBy!.find(({ resource }) => resource === 'Pod')!
  const scene = sceneOf({})
  const p = scene.put(Pod, pod('p', ['x', gce('d')]))
  const gone = (volumes: readonly (string | object)[], inNamespace?: string) =>
    helps!(
      p,
      {
        resource: 'Pod',
        actions: ['Delete'],
        before: scene.put(Pod, pod('q', volumes, { on: 'a', ...(inNamespace && { in: inNamespace }) })),
        after: undefined,
      },
      scene.world,
    )
  assert.deepEqual(
    [gone(['x']), gone(['y']), gone(['x'], 'other'), gone([gce('d')]), gone([gce('d')], 'other'), gone([])],
    [true, false, false, true, true, false],
  )
})
