import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLog } from '#lib/log.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createRulesCheck } from './rules-check.ts'

test('a look each minute however much is written, and none while there is nothing', async () => {
  const world = start()
  await world.pass(200_000)
  assert.equal(world.looks(), 0, 'nothing was written')
  world.check.written()
  await world.pass(59_000)
  world.check.written()
  assert.equal(world.looks(), 0)
  await world.pass(1_000)
  assert.equal(world.looks(), 1)
  await world.pass(60_000)
  assert.deepEqual([world.looks(), world.lost()], [2, 0])
  world.isThere = false
  await world.pass(60_000)
  assert.deepEqual([world.looks(), world.lost()], [3, 1])
  world.check.rest()
  await world.pass(200_000)
  assert.deepEqual([world.looks(), world.lost()], [3, 1])
})

test('in the midst of a transaction nothing is missed', async () => {
  const world = start()
  world.check.written()
  world.isThere = false
  world.isCalm = false
  await world.pass(60_000)
  assert.deepEqual([world.looks(), world.lost()], [0, 0])
  world.isCalm = true
  world.onLook = () => world.check.written()
  await world.pass(60_000)
  assert.deepEqual([world.looks(), world.lost()], [1, 0], 'written anew while it looked')
})

test('a look that fails is followed by the next', async () => {
  const world = start()
  world.onLook = () => {
    throw new Error('no nft')
  }
  world.check.written()
  await world.pass(60_000)
  await world.pass(60_000)
  assert.deepEqual([world.looks(), world.lost()], [2, 0])
})

function start() {
  const clock = createVirtualClock(0)
  let [looks, lost] = [0, 0]
  const world = {
    isThere: true,
    isCalm: true,
    onLook: (): void => {},
    looks: () => looks,
    lost: () => lost,
    async pass(ms: number) {
      await clock.advance(ms)
      for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    },
  }
  const check = createRulesCheck({
    clock,
    log: silentLog,
    async isThere() {
      looks += 1
      world.onLook()
      return world.isThere
    },
    isCalm: () => world.isCalm,
    onLost: () => void (lost += 1),
  })
  return Object.assign(world, { check })
}
