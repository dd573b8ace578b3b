import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createDeviceHealth } from './device-health.ts'

const report = (deviceName: string, health: number, more: { message?: string; healthCheckTimeoutSeconds?: number } = {}) => ({
  device: { poolName: 'pool', deviceName },
  health,
  ...more,
})

test('what a driver says counts until it grows stale', () => {
  const health = createDeviceHealth()
  assert.deepEqual(
    [...health.report('d', [report('a', 1), report('b', 2, { message: 'hot', healthCheckTimeoutSeconds: 5 })], 0)],
    ['pool/a', 'pool/b'],
  )
  assert.deepEqual(health.of('d', 'pool', 'a', 30_000), { health: 'Healthy', message: '' })
  assert.deepEqual(health.of('d', 'pool', 'a', 30_001), { health: 'Unknown', message: '' })
  assert.deepEqual(health.of('d', 'pool', 'b', 5_000), { health: 'Unhealthy', message: 'hot' })
  assert.equal(health.of('d', 'pool', 'b', 5_001).health, 'Unknown')
  assert.equal(health.of('d', 'pool', 'c', 0).health, 'Unknown')
  assert.equal(health.of('other', 'pool', 'a', 0).health, 'Unknown')
  assert.equal(health.nextExpiry(0), 5_001)
  assert.equal(health.nextExpiry(5_001), 30_001)
  assert.equal(health.nextExpiry(30_001), Infinity)
})

test('only what is otherwise than before is a change', () => {
  const health = createDeviceHealth()
  const changes = (now: number, ...devices: ReturnType<typeof report>[]) => [...health.report('d', devices, now)]
  assert.deepEqual(changes(0, report('a', 1)), ['pool/a'])
  assert.deepEqual(changes(1_000, report('a', 1)), [])
  assert.deepEqual(changes(2_000, report('a', 1, { message: 'warm' })), ['pool/a'])
  assert.deepEqual(changes(3_000, report('a', 7, { message: 'warm' })), ['pool/a'])
  assert.deepEqual(changes(60_000, report('a', 7, { message: 'warm' })), ['pool/a'], 'it was stale')
  assert.deepEqual([...health.clear('d')], ['pool/a'])
  assert.deepEqual([...health.clear('d')], [])
})

test('what grew stale before anybody was told is a change, whatever the driver tells next', () => {
  const health = createDeviceHealth()
  health.report('d', [report('a', 1), report('b', 1)], 0)
  assert.deepEqual([...health.report('d', [report('b', 1)], 30_001)], ['pool/a', 'pool/b'])
  assert.deepEqual([...health.report('d', [report('b', 1)], 30_002)], [])
})

test('a driver that tells of ever new devices is not remembered without end', () => {
  const health = createDeviceHealth()
  for (let round = 0; round < 3; round += 1)
    health.report(
      'd',
      Array.from({ length: 6_000 }, (_, i) => report(`${round}-${i}`, 1)),
      round,
    )
  assert.equal(health.clear('d').size, 10_000)
  for (let round = 0; round < 3; round += 1) health.report('d', [report(`r${round}`, 1)], round * 60_000)
  assert.deepEqual([...health.clear('d')], ['pool/r2'])
})

test('a message that is too long is cut', () => {
  const health = createDeviceHealth()
  health.report('d', [report('a', 2, { message: 'x'.repeat(2000) })], 0)
  assert.equal(health.of('d', 'pool', 'a', 0).message, `${'x'.repeat(1021)}...`)
})
