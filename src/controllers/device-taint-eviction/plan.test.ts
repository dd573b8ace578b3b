import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pod } from '#api/core/v1/pod.ts'
import { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import { ResourceSlice } from '#api/resource/v1/resource-slice.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { namespace, type PodFacts, pod } from '../testing/objects.ts'
import { show, World } from '../testing/world.ts'
import { deviceTaintEvictionController } from './controller.ts'

const now = new World().now
const bad = { key: 'bad', value: 'very', effect: 'NoExecute', timeAdded: rfc3339(now - 10_000) }
const bears = (tolerationSeconds?: number, more: object = {}) => ({
  key: 'bad',
  operator: 'Exists',
  effect: 'NoExecute',
  ...(tolerationSeconds !== undefined && { tolerationSeconds }),
  ...more,
})

check('evicts from what is not tolerated', [bad], [], 'evicted')
check('never from what is tolerated for ever', [bad], [bears()], 'stays')
check('waits for as long as it is tolerated', [bad], [bears(30)], now + 20_000)
check('evicts when that has passed', [bad], [bears(10)], 'evicted')
check('the shortest of two tolerations counts', [bad], [bears(60), bears(30)], now + 20_000)
check('less than no time is no time', [bad], [bears(-5)], 'evicted')
check('one without an end counts more than one with', [bad], [bears(1), bears()], 'stays')
check('another value is another taint', [bad], [bears(undefined, { operator: 'Equal', value: 'little' })], 'evicted')
check('the same value is the same taint', [bad], [bears(undefined, { operator: 'Equal', value: 'very' })], 'stays')
check('an empty key means all', [bad], [bears(undefined, { key: '' })], 'stays')
check('a toleration for NoSchedule is none', [bad], [bears(undefined, { effect: 'NoSchedule' })], 'evicted')
check('NoSchedule evicts nobody', [{ ...bad, effect: 'NoSchedule' }], [], 'stays')
check('a taint to come', [{ ...bad, timeAdded: rfc3339(now + 5000) }], [], now + 5000)
check('one of two that is not tolerated', [bad, { ...bad, key: 'worse' }], [bears()], 'evicted')
check('a pod that has ended', [bad], [], 'stays', { phase: 'Succeeded' })
check('a pod that is not placed', [bad], [], 'stays', { node: '' })

test('a slice of an older generation says nothing of the device', () => {
  const world = given([bad], [])
  world.put(ResourceSlice, slice('newer', 2, []))
  world.settle([deviceTaintEvictionController()])
  assert.equal(isEvicted(world), false)
})

test('a claim that is reserved for another pod of that name evicts nobody', () => {
  const world = given([bad], [])
  world.change(ResourceClaim, 'c', namespace, { status: { reservedFor: [{ resource: 'pods', name: 'a', uid: 'before' }] } })
  world.settle([deviceTaintEvictionController()])
  assert.equal(isEvicted(world), false)
})

test('says so: event, condition, graceful deletion', () => {
  const world = given([bad], [])
  world.settle([deviceTaintEvictionController()])
  assert.deepEqual(world.events.map(show), ['event Normal DeviceTaintManagerEviction Marking for deletion'])
  const { status, metadata } = world.get(Pod, 'a', namespace)!
  const { reason, message } = status.conditions!.find(({ type }) => type === 'DisruptionTarget')!
  assert.deepEqual([reason, message], ['DeletionByDeviceTaintManager', 'Device Taint manager: deleting due to NoExecute taint'])
  assert.equal(metadata.deletionGracePeriodSeconds, 30)
})

test('a taint that went lets the pod stay, and that is told', () => {
  const world = given([bad], [bears(30)])
  const controller = deviceTaintEvictionController()
  assert.equal(world.settle([controller]), now + 20_000)
  world.change(ResourceSlice, 's', undefined, { spec: { devices: [{ name: 'x' }] } })
  assert.equal(world.settle([controller]), Infinity)
  assert.deepEqual(world.events.map(show), ['event Normal DeviceTaintManagerEviction Cancelling deletion'])
  world.now += 60_000
  world.settle([controller])
  assert.equal(isEvicted(world), false)
})

const slice = (name: string, generation: number, taints: readonly object[]) => ({
  metadata: { name },
  spec: {
    driver: 'd',
    pool: { name: 'p', generation, resourceSliceCount: 1 },
    devices: [{ name: 'x', ...(taints.length > 0 && { taints }) }, { name: 'y' }],
  },
})

function given(taints: readonly object[], tolerations: readonly object[], facts: PodFacts = {}): World {
  const world = new World()
  const { metadata, ...rest } = pod('a', {
    node: 'n',
    readyAt: now,
    spec: { resourceClaims: [{ name: 'gpu', resourceClaimName: 'c' }] },
    ...facts,
  })
  world.put(Pod, { ...rest, metadata: { ...metadata, uid: 'a' } })
  world.put(ResourceSlice, slice('s', 1, taints))
  world.put(ResourceClaim, {
    metadata: { name: 'c', namespace },
    spec: {},
    status: {
      allocation: { devices: { results: [{ request: 'gpu', driver: 'd', pool: 'p', device: 'x', tolerations }] } },
      reservedFor: [{ resource: 'pods', name: 'a', uid: 'a' }],
    },
  })
  return world
}

const isEvicted = (world: World): boolean => world.get(Pod, 'a', namespace)!.metadata.deletionTimestamp !== undefined

function check(
  name: string,
  taints: readonly object[],
  tolerations: readonly object[],
  expected: 'evicted' | 'stays' | number,
  facts: PodFacts = {},
): void {
  test(name, () => {
    const world = given(taints, tolerations, facts)
    const wakeAt = world.settle([deviceTaintEvictionController()])
    assert.equal(isEvicted(world) ? 'evicted' : wakeAt === Infinity ? 'stays' : wakeAt, expected)
  })
}
