import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pod } from '#api/core/v1/pod.ts'
import { WherryError } from '#lib/errors.ts'
import type { SimulatedRuntime } from '#sim/runtime.ts'
import type { CgroupManager } from '../interfaces.ts'
import type { Runtime } from '../runtime.ts'
import { container, world } from '../test-world.ts'

/** Volumes that are missing what they are made of once `lose` was called. */
function volumesOf() {
  let isLost = false
  const refreshed: (string | undefined)[] = []
  return {
    refreshed,
    lose: () => void (isLost = true),
    volumes: {
      async prepare() {
        await Promise.resolve()
        if (isLost) throw new WherryError('NotFound', 'configmap "kube-root-ca.crt" not found')
        return new Map()
      },
      refresh: ({ metadata }: Pod) => void refreshed.push(metadata.deletionTimestamp),
      teardown: async () => {},
      known: async () => [],
      subPath: async () => '',
      close: async () => {},
    },
  }
}

test('volumes hear of the end of their pod', async (t) => {
  const { volumes, refreshed } = volumesOf()
  const { node, pass, show } = await world(t, {}, 1, undefined, undefined, { volumes })
  await node.create('one', { containers: [container('main')] })
  await pass(1000)
  assert.deepEqual(refreshed, [])
  await node.client.delete(Pod, 'one', { namespace: 'default' })
  await pass(3000)
  assert.equal(await show(), 'gone')
  assert.notEqual(refreshed[0], undefined)
})

test('a pod that ends before its volumes are there misses none', async (t) => {
  const { volumes, lose } = volumesOf()
  let begin = Promise.withResolvers<void>()
  const { node, pass, show } = await world(t, {}, 1, undefined, undefined, {
    volumes: { ...volumes, prepare: () => begin.promise.then(volumes.prepare) },
  })
  await node.create('one', { containers: [container('main')] })
  await pass(1000)
  lose()
  begin.resolve()
  begin = Promise.withResolvers()
  await pass(100)
  assert.equal(node.events.filter((event) => event.startsWith('FailedMount')).length, 1)
  await pass(10_000)
  await node.client.delete(Pod, 'one', { namespace: 'default' })
  begin.resolve()
  await pass(3000)
  assert.equal(await show(), 'gone')
  assert.equal(node.events.filter((event) => event.startsWith('FailedMount')).length, 1)
})

for (const [name, image, postStart] of [
  ['sleeps', {}, { sleep: { seconds: 3600 } }],
  ['does not come back', { exec: () => ({ exitCode: 0, takesMs: 3_600_000 }) }, { exec: { command: ['wait'] } }],
] as const)
  test(`a pod is deleted although a postStart hook ${name}`, async (t) => {
    const { node, pass, show, runtime } = await world(t, { app: image })
    await node.create('one', {
      terminationGracePeriodSeconds: 3601,
      containers: [container('main', 'app', { lifecycle: { postStart } })],
    })
    await pass(1000)
    await node.client.delete(Pod, 'one', { namespace: 'default' })
    await pass(5000)
    assert.equal(await show(), 'gone')
    assert.deepEqual(await runtime.containers(), [])
    assert.deepEqual(
      node.events.filter((event) => event.startsWith('FailedPostStartHook')),
      [],
    )
  })

test('a resize that is under way leaves no group of a pod that is deleted meanwhile', async (t) => {
  const groups = new Set<string>()
  const cgroups: CgroupManager = {
    ensureTree: async () => {},
    async ensurePod({ metadata }) {
      groups.add(metadata.uid)
      return `/kubepods/${metadata.uid}`
    },
    removePod: async (uid) => void groups.delete(uid),
    known: async () => [],
  }
  const resized = Promise.withResolvers<void>()
  const slow = (runtime: SimulatedRuntime): Runtime => ({
    ...runtime,
    updateContainerResources: async (...asked) => {
      await resized.promise
      await runtime.updateContainerResources(...asked)
    },
  })
  const { node, pass, show } = await world(t, {}, 1, undefined, slow, { cgroups })
  const main = (cpu: string) => container('main', 'app', { resources: { requests: { cpu } } })
  await node.create('one', { containers: [main('100m')] })
  await pass(1000)
  assert.equal(groups.size, 1)
  const body = { spec: { containers: [{ name: 'main', resources: { requests: { cpu: '200m' } } }] } }
  await node.client.patch(Pod, 'one', { type: 'strategic', body }, { namespace: 'default', subresource: 'resize' })
  await pass(500)
  await node.client.delete(Pod, 'one', { namespace: 'default' })
  await pass(3000)
  resized.resolve()
  await pass(3000)
  assert.equal(await show(), 'gone')
  assert.equal(groups.size, 0)
})

test('a container that runs on although the runtime says that it was stopped is stopped again, without its hook', async (t) => {
  let stops = 0
  const lying = (runtime: SimulatedRuntime): Runtime => ({
    ...runtime,
    stopContainer: async (id, seconds) => ((stops += 1) <= 2 ? undefined : runtime.stopContainer(id, seconds)),
  })
  const { node, pass, show, runtime } = await world(t, { app: { exec: () => ({ exitCode: 0 }) } }, 1, undefined, lying)
  const lifecycle = { preStop: { exec: { command: ['bye'] } } }
  await node.create('one', { containers: [container('main', 'app', { lifecycle })] })
  await pass(1000)
  await node.client.delete(Pod, 'one', { namespace: 'default' })
  await pass(10_000)
  assert.equal(await show(), 'gone')
  assert.deepEqual([stops, runtime.history.filter((line) => line === 'exec bye').length], [3, 1])
  assert.equal(node.events.filter((event) => event.startsWith('Killing')).length, 1)
})

test('a pod ends, although its container could not be stopped when its postStart hook failed', async (t) => {
  let isAway = true
  const away = (runtime: SimulatedRuntime): Runtime => ({
    ...runtime,
    stopContainer: (...asked) => (isAway ? Promise.reject(new WherryError('ServiceUnavailable', 'away')) : runtime.stopContainer(...asked)),
  })
  const { node, pass, show } = await world(t, { app: { exec: () => ({ exitCode: 1 }) } }, 1, undefined, away)
  const lifecycle = { postStart: { exec: { command: ['bad'] } } }
  await node.create('one', { containers: [container('main', 'app', { lifecycle })] })
  await pass(5000)
  isAway = false
  await node.client.delete(Pod, 'one', { namespace: 'default' })
  await pass(20_000)
  assert.equal(await show(), 'gone')
})
