import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Node } from '#api/core/v1/node.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { seededRandom } from '#lib/random.ts'
import type { ClusterEvent } from '../framework/cluster-event.ts'
import type { AnyPlugin } from '../framework/plugin.ts'
import { profileOf } from '../framework/profile.ts'
import { defaultProfile } from '../plugins/default-profile.ts'
import { node, pod, worldOf } from '../testing/fixtures.ts'
import { nodeChange, podChange } from './changes.ts'
import { createSchedulingQueue, type SchedulingQueue } from './queue.ts'

const fit = new Set(['NodeResourcesFit'])
const gone: ClusterEvent = { resource: 'Pod', actions: ['Delete'], before: pod('other', { spec: { nodeName: 'a' } }), after: undefined }
const newNode = (allocatable: object): ClusterEvent => ({
  resource: 'Node',
  actions: ['Add'],
  before: undefined,
  after: node('a', { allocatable }),
})
const big = newNode({ cpu: '8', memory: '1Gi', pods: '10' })

test('hands out the most important, then the longest waiting, each once', () => {
  const queue = filled(pod('a'), pod('b', { spec: { priority: 10 } }), pod('c'))
  assert.deepEqual([uidOf(queue), uidOf(queue), uidOf(queue), uidOf(queue)], ['b', 'a', 'c', undefined])
})

test('pods of one moment keep their order', () => {
  const queue = filled()
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) queue.set(pod(name), 0)
  assert.equal(Array.from({ length: 6 }, () => uidOf(queue)).join(''), 'abcdef')
})

test('who was refused stands behind all that came before its last refusal', () => {
  const queue = refused('old')
  queue.set(pod('young'), 0)
  queue.next(0)
  queue.refused('young', 10, fit)
  queue.set(pod('new'), 20)
  queue.next(20)
  queue.refused('old', 30, fit)
  queue.next(30)
  queue.refused('new', 30, fit)
  queue.wake(gone, 400_000)
  assert.deepEqual([uidOf(queue, 400_000), uidOf(queue, 400_000), uidOf(queue, 400_000)], ['young', 'old', 'new'])
})

test('a refused pod sleeps until something helps it', () => {
  const queue = refused('a', { cpu: '2' })
  assert.equal(uidOf(queue, 10_000), undefined, 'nothing happened')
  queue.wake({ resource: 'Node', actions: ['UpdateNodeLabel'], before: node('a'), after: node('a x=y') }, 10_000)
  assert.equal(uidOf(queue, 10_000), undefined, 'labels give no room')
  queue.wake(newNode({ cpu: '1', pods: '10' }), 10_000)
  assert.equal(uidOf(queue, 10_000), undefined, 'the new node is too small')
  queue.wake(big, 10_000)
  assert.equal(queue.next(10_000)?.attempts, 2)
})

test('an end that frees too little, or room that is promised to another, wakes nobody else', () => {
  const world = worldOf([node('a'), node('b')])
  const queue = createSchedulingQueue([defaultProfile({ random: seededRandom(1) })], world)
  const [first, second, large] = [pod('first', { cpu: '600m' }), pod('second', { cpu: '600m' }), pod('large', { cpu: '2' })]
  for (const one of [first, second, large]) queue.set(one, 0)
  for (const uid of [uidOf(queue)!, uidOf(queue)!, uidOf(queue)!]) queue.refused(uid, 0, fit)
  world.nominate(world.podInfo(first), 'a')
  queue.wake(gone, 10_000)
  assert.deepEqual([uidOf(queue, 10_000), uidOf(queue, 10_000)], ['first', undefined])
})

test('a woken pod keeps its back-off while others wait, and not longer', () => {
  const queue = refused('a')
  queue.wake(gone, 10)
  queue.set(pod('b'), 10)
  assert.deepEqual([uidOf(queue, 10), uidOf(queue, 10), uidOf(queue, 10)], ['b', 'a', undefined])
})

test('a pod that a plug-in holds back until something under way is done is tried without a back-off', () => {
  const queue = filled(pod('a'), pod('b'))
  queue.next(0)
  queue.refused('a', 0, fit, fit)
  queue.wake(gone, 0)
  assert.equal(queue.standingOf('a'), 'active')
})

test('what woke a refused pod is the cause of its next try, and of no later one', () => {
  const queue = refused('a')
  const cause = { group: '', resource: 'pods', namespace: 'd', name: 'gone', resourceVersion: '7' }
  queue.wake(gone, 0, cause)
  assert.deepEqual(queue.next(1_000)?.wokenBy, cause)
  queue.refused('a', 1_000, fit)
  assert.equal(queue.next(400_000)?.wokenBy, undefined)
})

test('after failures the back-off doubles up to ten seconds', () => {
  const queue = filled(pod('a'))
  let now = 0
  const waits = Array.from({ length: 6 }, () => {
    queue.next(now)
    queue.failed('a', now)
    assert.equal(queue.next(now), undefined)
    const waitMs = queue.dueAt() - now
    now += waitMs
    return waitMs
  })
  assert.deepEqual(waits, [1_000, 2_000, 4_000, 8_000, 10_000, 10_000])
})

test('without any event a refused pod is tried again after five minutes', () => {
  const queue = refused('a')
  assert.equal(queue.dueAt(), 300_000)
  assert.equal(uidOf(queue, 299_999), undefined)
  assert.equal(uidOf(queue, 300_000), 'a')
})

test('a pod refused for want of nodes waits for a node', () => {
  const queue = filled(pod('a'))
  queue.next(0)
  queue.refused('a', 0, new Set())
  queue.wake(gone, 0)
  assert.equal(uidOf(queue, 5_000), undefined)
  queue.wake(newNode({}), 5_000)
  assert.equal(uidOf(queue, 5_000), 'a')
})

test('a gated pod waits without a deadline, until its last gate is gone', () => {
  const gated = pod('a', { spec: { schedulingGates: [{ name: 'x' }] } })
  const queue = filled(gated)
  assert.equal(queue.standingOf('a'), 'gated')
  assert.deepEqual([uidOf(queue), queue.dueAt()], [undefined, Infinity])
  queue.set(pod('a'), 0)
  assert.equal(uidOf(queue), 'a')
})

test('the time behind gates is not waited', () => {
  const queue = filled(pod('a', { spec: { schedulingGates: [{ name: 'x' }] } }))
  queue.set(pod('a'), 70_000)
  assert.equal(queue.next(80_000)?.addedAt, 70_000)
  queue.refused('a', 80_000, fit)
  assert.equal(queue.next(400_000)?.addedAt, 70_000)
})

test('a plug-in that fails when it is asked what helps keeps no pod from being tried', () => {
  const fails = (): never => {
    throw new Error('what now?')
  }
  const broken = { name: 'Broken', filter: () => undefined, preEnqueue: fails }
  const profile = profileOf('default-scheduler', [{ ...broken, wokenBy: [{ resource: 'Pod', actions: ['Delete'], helps: fails }] }])
  const queue = createSchedulingQueue([profile], worldOf([node('a')]))
  queue.set(pod('a'), 0)
  assert.equal(uidOf(queue), 'a')
  queue.refused('a', 0, new Set(['Broken']))
  queue.wake(gone, 0)
  assert.equal(uidOf(queue), 'a')
})

test('a pod in the hands of the scheduler is not handed out again, and a deleted one never', () => {
  const queue = filled(pod('a'), pod('b'))
  queue.next(0)
  queue.set(pod('a'), 0)
  queue.remove('b')
  assert.equal(uidOf(queue), undefined)
  assert.deepEqual(queue.sizes, { active: 0, backoff: 0, unschedulable: 0, gated: 0, tried: 1 })
})

test('only the pods that an event is about, or that it helps, wake', () => {
  const queue = filled(pod('small', { cpu: '1' }), pod('large', { cpu: '9' }))
  for (const uid of [uidOf(queue)!, uidOf(queue)!]) queue.refused(uid, 0, fit)
  queue.wake(big, 0)
  assert.deepEqual([uidOf(queue), uidOf(queue)], ['small', undefined])
})

test('pods of one shape that wait for other devices are helped each for itself', () => {
  const wants = (name: string, claim: string) => pod(name, { spec: { resourceClaims: [{ name: 'device', resourceClaimName: claim }] } })
  const devices: AnyPlugin = {
    name: 'Devices',
    filter: () => undefined,
    wokenBy: [
      {
        resource: 'Pod',
        actions: ['Delete'],
        helps: ({ spec }, { before }) => spec.resourceClaims![0]!.resourceClaimName === (before as Pod).metadata.name,
      },
    ],
  }
  const queue = createSchedulingQueue([profileOf('default-scheduler', [devices])], worldOf([node('a')]))
  for (const one of [wants('a', 'mine'), wants('b', 'other')]) queue.set(one, 0)
  for (const uid of [uidOf(queue)!, uidOf(queue)!]) queue.refused(uid, 0, new Set(['Devices']))
  queue.wake(gone, 10_000)
  assert.deepEqual([uidOf(queue, 10_000), uidOf(queue, 10_000)], ['b', undefined])
})

checkNode('a heartbeat', {}, { conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: 'later' }] }, undefined)
checkNode('a condition', {}, { conditions: [{ type: 'Ready', status: 'False' }] }, ['UpdateNodeCondition'])
checkNode('room', { allocatable: { cpu: '2' } }, {}, ['UpdateNodeAllocatable'])
checkNode('features', { declaredFeatures: ['x'] }, {}, ['UpdateNodeDeclaredFeature'])

checkPod('nothing that is named', {}, ['Update'])
checkPod('labels', { labels: { a: 'b' } }, ['UpdatePodLabel'])
checkPod('less of a resource', { cpu: '100m' }, ['UpdatePodScaleDown'])
checkPod('more of a resource', { cpu: '900m' }, ['Update'])

function checkNode(name: string, status: object, more: object, expected: readonly string[] | undefined): void {
  test(`what happened to a node: ${name}`, () => {
    const before = node('a', { conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: 'before' }] })
    const after = { ...before, status: { ...before.status, ...status, ...more } } as Node
    assert.deepEqual(nodeChange(before, after)?.actions, expected)
  })
}

function checkPod(name: string, after: { cpu?: string; labels?: Record<string, string> }, expected: readonly string[]): void {
  test(`what happened to a pod: ${name}`, () => {
    const { podInfo } = worldOf()
    assert.deepEqual(podChange(pod('a', { cpu: '500m' }), pod('a', { cpu: '500m', ...after }), podInfo).actions, expected)
  })
}

function filled(...pods: Pod[]): SchedulingQueue {
  const queue = createSchedulingQueue([defaultProfile({ random: seededRandom(1) })], worldOf([node('a')]))
  for (const [index, one] of pods.entries()) queue.set(one, index / 100)
  return queue
}

function refused(uid: string, wish: { cpu?: string } = {}): SchedulingQueue {
  const queue = filled(pod(uid, wish))
  queue.next(0)
  queue.refused(uid, 0, fit)
  return queue
}

const uidOf = (queue: SchedulingQueue, now = 0): string | undefined => queue.next(now)?.info.pod.metadata.uid
