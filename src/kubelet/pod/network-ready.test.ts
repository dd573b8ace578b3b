/** Nothing of a pod runs before the node's network has every rule for its addresses. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WherryError } from '#lib/errors.ts'
import type { PodNetwork } from '../interfaces.ts'
import { container, starts, world } from '../test-world.ts'

/** A network that is ready when it is told to be, and notes whom it was asked about. */
function lateNetwork() {
  const told: string[] = []
  let isReady = false
  let release = (): void => {}
  let fail: (error: Error) => void = () => {}
  const podNetwork: PodNetwork = {
    podReady({ metadata }, addresses) {
      told.push(`ready ${metadata.name} ${addresses.length > 0 ? 'with' : 'without'} address`)
      if (isReady) return Promise.resolve()
      return new Promise<void>((resolve, reject) => {
        release = resolve
        fail = reject
      })
    },
    podGone: () => void told.push('gone'),
  }
  return {
    podNetwork,
    told,
    refuse: () => fail(new WherryError('Timeout', 'the list of pods is not known yet')),
    open() {
      isReady = true
      release()
    },
  }
}

test('neither init containers nor others start before the network is ready, and pods of the node’s network do not ask', async (t) => {
  const { podNetwork, told, open } = lateNetwork()
  const { node, pass, runtime, show } = await world(t, {}, 1, undefined, undefined, { parts: { podNetwork } })
  await node.create('one', { initContainers: [container('init', 'app', { restartPolicy: 'Always' })], containers: [container('main')] })
  await node.create('host', { hostNetwork: true, containers: [container('shared')] })
  await pass(60_000)
  assert.deepEqual(starts(runtime), ['start shared 0'], 'nothing of the one that waits')
  assert.equal(await show('one'), 'Pending init:PodInitializing main:PodInitializing')
  assert.deepEqual(told, ['ready one with address'])
  open()
  await pass(5_000)
  assert.equal(await show('one'), 'Running init:running/ready main:running/ready')
  assert.deepEqual(told, ['ready one with address'], 'once for a sandbox')
})

test('a network that is not ready in time is told of, and asked again', async (t) => {
  const { podNetwork, told, open, refuse } = lateNetwork()
  const { node, pass, show } = await world(t, {}, 1, undefined, undefined, { parts: { podNetwork } })
  await node.create('one', { containers: [container('main')] })
  for (let round = 0; round < 2; round += 1) {
    await pass(5_000)
    refuse()
    await pass(5_000)
  }
  assert.deepEqual(
    node.events.filter((line) => line.startsWith('NetworkNotReady')),
    ['NetworkNotReady network is not ready: the list of pods is not known yet'],
    'once, however often it is asked',
  )
  assert.ok(told.length >= 3)
  open()
  await pass(30_000)
  assert.equal(await show('one'), 'Running main:running/ready')
})

test('a pod that waits for the network ends at once, and its address is given back', async (t) => {
  const { podNetwork, told } = lateNetwork()
  const { node, pass, show } = await world(t, {}, 1, undefined, undefined, { parts: { podNetwork } })
  await node.create('one', { containers: [container('main')] })
  await pass(2_000)
  const { Pod } = await import('#api/core/v1/pod.ts')
  await node.client.delete(Pod, 'one', { namespace: 'default' })
  await pass(5_000)
  assert.equal(await show('one'), 'gone')
  assert.ok(told.includes('gone'))
})

test('after a restart what runs goes on and restarts without waiting, and the network is told of it', async (t) => {
  const { podNetwork, told, open } = lateNetwork()
  let network: PodNetwork = podNetwork
  const parts = {
    podNetwork: {
      podReady: (...all: Parameters<PodNetwork['podReady']>) => network.podReady(...all),
      podGone: (uid: string) => network.podGone(uid),
    },
  }
  const { node, pass, kubelet, runtime, show } = await world(
    t,
    { short: { exit: { afterMs: 60_000, code: 0 } } },
    1,
    undefined,
    undefined,
    { parts },
  )
  open()
  await node.create('one', { containers: [container('main', 'short')] })
  await pass(5_000)
  assert.equal(told.length, 1)
  await kubelet.stop()
  const never = lateNetwork()
  network = never.podNetwork
  await node.startKubelet()
  await pass(5_000)
  assert.deepEqual(never.told, ['ready one with address'])
  await pass(90_000)
  assert.equal(starts(runtime).filter((line) => line.startsWith('start main')).length, 2)
  assert.match(await show('one'), /^Running main:running/)
})
