import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod.ts'
import type { Client } from '#client/client.ts'
import { silentLog } from '#lib/log.ts'
import { seededRandom } from '#lib/random.ts'
import { createVirtualClock, type VirtualClock } from '#sim/clock.ts'
import { createSimulatedProcess } from '#sim/process.ts'
import type { RpcChannel } from '../plugins/rpc.ts'
import type { ClaimEntry } from './claim-records.ts'
import { createDraManager } from './dra-manager.ts'

const entry: ClaimEntry = {
  uid: 'c',
  name: 'claim',
  namespace: 'default',
  podUids: ['p'],
  drivers: { driver: ['a', 'b'].map((deviceName) => ({ poolName: 'pool', deviceName, requestNames: [], cdiDeviceIds: [deviceName] })) },
}
const pod = {
  metadata: { name: 'one', namespace: 'default', uid: 'p' },
  spec: {
    containers: [{ name: 'main', resources: { claims: [{ name: 'own' }] } }],
    resourceClaims: [{ name: 'own', resourceClaimName: 'claim' }],
  },
} as unknown as Pod

/** A pod with two devices, what was last shown of them, and how the driver tells that all is well, each device for so many seconds. */
async function stage(clock: VirtualClock) {
  const machine = createSimulatedProcess('machine', clock)
  let wake = (): void => {}
  let told: readonly (readonly [device: string, seconds: number])[] | undefined
  const channel = {
    followConnection(listener) {
      listener(true)
      return () => {}
    },
    async *stream() {
      for (;;) {
        await new Promise<void>((resolve) => (wake = resolve))
        yield {
          devices: told!.map(([deviceName, seconds]) => ({
            device: { poolName: 'pool', deviceName },
            health: 1,
            healthCheckTimeoutSeconds: seconds,
          })),
        }
      }
    },
    close() {},
  } as Partial<RpcChannel> as RpcChannel
  const dra = createDraManager({
    nodeName: 'n',
    client: { list: async () => ({ items: [] }) } as unknown as Client,
    dial: () => channel,
    checkpoint: { read: async () => [entry], write: async () => {} },
    clock: machine.clock,
    random: seededRandom(1),
    log: silentLog,
    activePods: () => undefined,
  })
  await dra.start()
  let shown = ''
  dra.manager.onChange!(() => {
    shown = dra.manager.status!(pod, 'main')
      .flatMap(({ resources = [] }) => resources.map(({ resourceID, health }) => `${resourceID} ${health}`))
      .join()
  })
  await dra.plugins.register({ type: 'DRAPlugin', name: 'driver', endpoint: 'e', supportedVersions: ['v1.DRAPlugin'] })
  await clock.advance(0)
  return {
    jump: machine.jump,
    shown: () => shown,
    async tell(...devices: (readonly [device: string, seconds: number])[]) {
      told = devices
      wake()
      await clock.advance(0)
    },
    close: () => dra.close(),
  }
}

test('a device of which its driver says nothing any more is shown as such, whenever in a millisecond that is found', async () => {
  for (let seed = 0; seed < 30; seed += 1) {
    const clock = createVirtualClock(Date.parse('2026-01-01T00:00:00Z'), seededRandom(seed))
    const { tell, shown, close } = await stage(clock)
    await tell(['a', 5], ['b', 20])
    assert.equal(shown(), 'a Healthy,b Healthy')
    await clock.advance(6_000)
    assert.equal(shown(), 'a Unknown,b Healthy', `seed ${seed}`)
    await clock.advance(15_000)
    assert.equal(shown(), 'a Unknown,b Unknown', `seed ${seed}`)
    // A report at the very moment at which something of the last one grows stale.
    await tell(['a', 5], ['b', 20])
    await clock.advance(5_000)
    await tell(['b', 20])
    await clock.advance(100)
    assert.equal(shown(), 'a Unknown,b Healthy', `seed ${seed}`)
    close()
  }
})

test('a clock that is set back calls no device well for longer', async () => {
  const clock = createVirtualClock(Date.parse('2026-01-01T00:00:00Z'))
  const { tell, shown, jump, close } = await stage(clock)
  await tell(['a', 5], ['b', 20])
  jump(-3_600_000)
  await clock.advance(6_000)
  assert.equal(shown(), 'a Unknown,b Healthy')
  close()
})
