import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod.ts'
import { defaultPlugins } from './plugins/mod.ts'
import { SchedulingQueue } from './queue.ts'

const fit = new Set(['NodeResourcesFit'])

test('hands out the most important, then the longest waiting, each once', () => {
  const queue = filled(pod('a'), pod('b', 10), pod('c'))
  assert.deepEqual(
    [queue.next(0), queue.next(0), queue.next(0), queue.next(0)].map((next) => next?.pod.metadata.uid),
    ['b', 'a', 'c', undefined],
  )
})

test('a refused pod sleeps until something helps it, and never before its back-off', () => {
  const queue = filled(pod('a'))
  queue.next(0)
  queue.retry('a', 0, fit)
  assert.equal(queue.next(10_000), undefined, 'nothing happened')
  queue.wake('node-labels')
  assert.equal(queue.next(10_000), undefined, 'labels give no room')
  queue.wake('pod-gone')
  assert.equal(queue.next(999), undefined, 'still in its back-off')
  assert.equal(queue.dueAt(), 1_000)
  assert.equal(queue.next(1_000)?.attempts, 2)
})

test('what woke a refused pod is the cause of its next try, and of no later one', () => {
  const queue = filled(pod('a'))
  const cause = { group: '', resource: 'pods', namespace: 'd', name: 'gone', resourceVersion: '7' }
  assert.equal(queue.next(0)?.wokenBy, undefined)
  queue.retry('a', 0, fit)
  queue.wake('pod-gone', cause)
  assert.deepEqual(queue.next(1_000)?.wokenBy, cause)
  queue.retry('a', 1_000, fit)
  assert.equal(queue.next(400_000)?.wokenBy, undefined)
})

test('the back-off doubles up to ten seconds', () => {
  const queue = filled(pod('a'))
  let now = 0
  const waits = Array.from({ length: 6 }, () => {
    queue.next(now)
    queue.retry('a', now)
    const waitMs = queue.dueAt() - now
    now += waitMs
    return waitMs
  })
  assert.deepEqual(waits, [1_000, 2_000, 4_000, 8_000, 10_000, 10_000])
})

test('without any event a refused pod is tried again after five minutes', () => {
  const queue = filled(pod('a'))
  queue.next(0)
  queue.retry('a', 0, fit)
  assert.equal(queue.dueAt(), 300_000)
  assert.equal(queue.next(300_000)?.pod.metadata.uid, 'a')
})

test('a pod refused for want of nodes waits for a node', () => {
  const queue = filled(pod('a'))
  queue.next(0)
  queue.retry('a', 0, new Set())
  queue.wake('pod-gone')
  assert.equal(queue.next(5_000), undefined)
  queue.wake('node-added')
  assert.ok(queue.next(5_000))
})

test('a pod in the hands of the scheduler is not handed out again, and a deleted one never', () => {
  const queue = filled(pod('a'), pod('b'))
  queue.next(0)
  queue.set(pod('a'), 0, true)
  queue.remove('b')
  assert.equal(queue.next(0), undefined)
})

function filled(...pods: Pod[]): SchedulingQueue {
  const queue = new SchedulingQueue(defaultPlugins)
  for (const [index, one] of pods.entries()) queue.set(one, index, false)
  return queue
}

function pod(uid: string, priority?: number): Pod {
  return { metadata: { uid }, spec: { priority } } as unknown as Pod
}
