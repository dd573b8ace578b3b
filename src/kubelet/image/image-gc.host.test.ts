import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { systemClock } from '#host/clock.ts'
import { createCriRuntime } from '#host/cri/runtime.ts'
import { startTestContainerd } from '#host/cri/test-containerd.ts'
import { silentLog } from '#lib/log.ts'
import { testNodeObject, testPods } from '../eviction/testing.ts'
import { createImageCollector } from './image-gc.ts'
import { defaultImageGcPolicy } from './image-gc-plan.ts'

const skip = process.getuid?.() === 0 && existsSync('/usr/bin/containerd') ? false : 'needs root and containerd'

test('containerd loses the images that nobody uses, and keeps those that are used or needed', { skip }, async (t) => {
  const containerd = await startTestContainerd('10.244.214.0/24')
  t.after(() => containerd.close())
  const runtime = createCriRuntime({ endpoint: containerd.socket, clock: systemClock })
  t.after(() => runtime.close())
  const tags = async () => (await runtime.images()).flatMap(({ repoTags }) => repoTags).toSorted()
  const before = await tags()
  const used = before.find((tag) => tag.includes('busybox'))!
  const pods = testPods([{ name: 'one', spec: { containers: [{ name: 'main', image: used }] } }])
  const collector = createImageCollector({
    policy: { ...defaultImageGcPolicy, minAgeMs: 0 },
    runtime,
    space: async () => undefined,
    pods,
    events: { record: ({ message }) => assert.fail(message) },
    node: testNodeObject,
    isKept: (name) => name.includes('pause'),
    clock: systemClock,
    log: silentLog,
  })
  await collector.removeUnused()
  assert.deepEqual(
    (await tags()).filter((tag) => tag === used || tag.includes('pause')),
    before.filter((tag) => tag === used || tag.includes('pause')),
  )
  pods.remove('one')
  await collector.removeUnused()
  const left = await tags()
  assert.ok(!left.includes(used))
  assert.ok(left.length > 0 && left.every((tag) => tag.includes('pause')), left.join(' '))
})
