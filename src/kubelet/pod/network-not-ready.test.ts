import assert from 'node:assert/strict'
import { test } from 'node:test'
import { container, starts, world } from '../test-world.ts'

const why =
  'network is not ready: container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:cni plugin not initialized'

test('pods with a network of their own wait while the runtime has none, others and those that run do not', async (t) => {
  let isReady = true
  const { node, pass, runtime, kubelet, show } = await world(
    t,
    { once: { exit: { afterMs: 3000, code: 0 } } },
    1,
    undefined,
    (simulated) => ({
      ...simulated,
      async status() {
        const message = 'NetworkReady=false reason:NetworkPluginNotReady message:cni plugin not initialized'
        return { ...(await simulated.status()), networkReady: isReady, message: isReady ? '' : message }
      },
    }),
  )
  await node.create('before', { containers: [container('before', 'once')] })
  await pass(1000)
  isReady = false
  kubelet.nodeChanged()
  await pass(1000)
  await node.create('one', { containers: [container('own')] })
  await node.create('host', { hostNetwork: true, containers: [container('shared')] })
  await pass(30_000)
  assert.equal(await show('one'), 'Pending own:ContainerCreating')
  assert.equal(await show('host'), 'Running shared:running/ready')
  assert.ok(starts(runtime).filter((line) => line.startsWith('start before')).length > 1)
  assert.deepEqual(
    node.events.filter((line) => line.startsWith('NetworkNotReady')),
    [`NetworkNotReady ${why}`],
  )
  assert.ok(!node.events.some((line) => line.startsWith('FailedCreatePodSandBox')))

  isReady = true
  await pass(2_500)
  assert.equal(await show('one'), 'Running own:running/ready')
})

test('a pod that waits for its network can be deleted', async (t) => {
  const { node, pass, show } = await world(t, {}, 1, undefined, (simulated) => ({
    ...simulated,
    status: async () => ({ ...(await simulated.status()), networkReady: false, message: 'none' }),
  }))
  await node.create('one', { containers: [container('own')] })
  await pass(1000)
  const { Pod } = await import('#api/core/v1/pod.ts')
  await node.client.delete(Pod, 'one', { namespace: 'default' })
  await pass(2000)
  assert.equal(await show('one'), 'gone')
})
