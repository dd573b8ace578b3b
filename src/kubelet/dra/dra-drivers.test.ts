import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WherryError } from '#lib/errors.ts'
import { silentLog } from '#lib/log.ts'
import { createVirtualClock } from '#sim/clock.ts'
import type { RpcChannel } from '../plugins/rpc.ts'
import { createDraDrivers } from './dra-drivers.ts'

test('what a driver offers goes half a minute after it could be reached last', async () => {
  const { drivers, clock, connect, unusable, register } = stage()
  await register('one')
  // It has registered, but never answered.
  await clock.advance(29_999)
  assert.deepEqual(unusable, [])
  connect('one', true)
  await clock.advance(60_000)
  assert.deepEqual(unusable, [])
  connect('one', false)
  await clock.advance(20_000)
  connect('one', true)
  connect('one', false)
  await clock.advance(29_000)
  assert.deepEqual(unusable, [], 'it was there in between')
  await clock.advance(1_000)
  assert.deepEqual(unusable, ['driver'])
  drivers.close()
  assert.equal(clock.pending, 0)
})

test('during an upgrade the newest that is connected is asked, and nothing goes', async () => {
  const { drivers, clock, connect, unusable, register } = stage()
  await register('old')
  connect('old', true)
  await register('new')
  assert.equal(drivers.get('driver').endpoint, 'old')
  connect('new', true)
  assert.equal(drivers.get('driver').endpoint, 'new')
  drivers.plugins.deregister({ type: 'DRAPlugin', name: 'driver', endpoint: 'old', supportedVersions: [] })
  await clock.advance(60_000)
  assert.deepEqual(unusable, [])
  drivers.plugins.deregister({ type: 'DRAPlugin', name: 'driver', endpoint: 'new', supportedVersions: [] })
  assert.throws(() => drivers.get('driver'), { message: 'DRA driver driver is not registered' })
  await clock.advance(30_000)
  assert.deepEqual(unusable, ['driver'])
})

test('one plug-in cannot take the place of another, nor speak what we do not', async () => {
  const { register } = stage()
  await register('one')
  await assert.rejects(register('one'), { message: 'endpoint one already registered for DRA driver plugin driver' })
  const prefix = 'invalid supported gRPC versions of DRA driver plugin driver at endpoint two: '
  await assert.rejects(register('two', []), { message: `${prefix}empty list of supported gRPC services (aka supported versions)` })
  await assert.rejects(register('two', ['v1alpha3.Node']), {
    message: `${prefix}none of services supported by the plugin (["v1alpha3.Node"]) are supported by the kubelet (["v1.DRAPlugin" "v1beta1.DRAPlugin"])`,
  })
})

test('a driver without health is asked once for each connection; one that breaks off is asked again', async () => {
  const { clock, connect, register, asked, health, answer } = stage()
  await register('one')
  assert.deepEqual(asked, [])
  connect('one', true)
  await clock.advance(60_000)
  assert.deepEqual(asked, ['one'])
  answer.error = new WherryError('ServiceUnavailable', 'gone')
  connect('one', false)
  connect('one', true)
  await clock.advance(12_000)
  assert.deepEqual(asked.length, 4, 'every five seconds while it is connected')
  assert.deepEqual(health, ['none', 'none', 'none'])
  connect('one', false)
  await clock.advance(60_000)
  assert.ok(asked.length <= 5)
})

function stage() {
  const clock = createVirtualClock(0)
  const unusable: string[] = []
  const asked: string[] = []
  const health: string[] = []
  const answer = { error: new WherryError('MethodNotAllowed', 'unknown service') }
  const connections = new Map<string, (isConnected: boolean) => void>()
  const drivers = createDraDrivers({
    clock,
    log: silentLog,
    onRegistered: () => {},
    onUnusable: (driver) => unusable.push(driver),
    onUsable: () => {},
    onHealth: (_driver, devices) => health.push(devices === undefined ? 'none' : 'some'),
    dial: (endpoint) =>
      ({
        followConnection(listener) {
          connections.set(endpoint, listener)
          return () => connections.delete(endpoint)
        },
        // biome-ignore lint/correctness/useYield: it never comes to that
        async *stream() {
          asked.push(endpoint)
          throw answer.error
        },
        close() {},
      }) as Partial<RpcChannel> as RpcChannel,
  })
  return {
    drivers,
    clock,
    unusable,
    asked,
    health,
    answer,
    connect: (endpoint: string, isConnected: boolean) => connections.get(endpoint)?.(isConnected),
    register: (endpoint: string, supportedVersions: readonly string[] = ['v1.DRAPlugin']) =>
      drivers.plugins.register({ type: 'DRAPlugin', name: 'driver', endpoint, supportedVersions }),
  }
}
