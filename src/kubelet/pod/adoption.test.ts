import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CgroupManager } from '../interfaces.ts'
import { container, starts, world } from '../test-world.ts'

test('a new kubelet counts the groups of pods that run, once, and makes none of them anew', async (t) => {
  const calls: string[] = []
  const cgroups: CgroupManager = {
    ensureTree: async () => {},
    async ensurePod({ metadata }) {
      calls.push(`make ${metadata.name}`)
      return `/kubepods/${metadata.uid}`
    },
    adopt: async ({ metadata }) => void calls.push(`adopt ${metadata.name}`),
    removePod: async () => {},
    known: async () => [],
  }
  const { node, pass, runtime, kubelet } = await world(t, {}, 1, undefined, undefined, { cgroups })
  await node.create('one', { containers: [container('main')] })
  await pass(1000)
  await kubelet.stop()
  await node.startKubelet()
  await pass(10 * 60_000)
  await node.create('two', { containers: [container('main')] })
  await pass(1000)
  assert.deepEqual(calls, ['make one', 'adopt one', 'make two'])
  assert.equal(starts(runtime).length, 2)
})
