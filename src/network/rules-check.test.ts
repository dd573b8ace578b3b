import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLog } from '#lib/log.ts'
import { seededRandom } from '#lib/random.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createRulesCheck } from './rules-check.ts'

const minuteMs = 60_000

test('a look each minute however much is written, and none while there is nothing', async () => {
  const world = start()
  await world.pass(200_000)
  assert.equal(world.looks(), 0, 'nothing was written')
  await world.check.wroteAll()
  await world.pass(59_000)
  world.check.wroteChanges('add element ip t services { 10.8.0.1 . tcp . 80 : 0:1 }\n')
  assert.equal(world.looks(), 0)
  await world.pass(1_000)
  assert.equal(world.looks(), 1)
  await world.pass(minuteMs)
  assert.deepEqual([world.looks(), world.renewed()], [2, 0])
  world.rules = ['jump services']
  await world.pass(minuteMs)
  assert.deepEqual([world.looks(), world.renewed()], [3, 1])
  world.check.rest()
  await world.pass(200_000)
  assert.deepEqual([world.looks(), world.renewed()], [3, 1])
})

for (const [name, rules] of Object.entries({
  'a rule that is gone': ['jump services'],
  'a rule of somebody else': ['jump services', 'masquerade', 'accept'],
  'another rule': ['jump services', 'accept'],
  'no table': undefined,
}))
  test(`it shows: ${name}`, async () => {
    const world = start()
    await world.check.wroteAll()
    world.rules = rules
    await world.pass(minuteMs)
    assert.equal(world.renewed(), 1)
  })

test('what we changed ourselves is not missed, and what somebody takes of it is', async () => {
  const world = start()
  await world.check.wroteAll()
  world.rules = ['jump services', 'accept']
  world.check.wroteChanges('flush chain ip t c\nadd rule ip t c jump services\nadd rule ip t c accept\n')
  await world.pass(minuteMs)
  assert.equal(world.renewed(), 0)
  world.rules = ['jump services', 'drop']
  await world.pass(minuteMs)
  assert.equal(world.renewed(), 1, 'its text is known since the look before')
})

test('in the midst of a transaction nothing is missed', async () => {
  const world = start()
  await world.check.wroteAll()
  world.rules = []
  world.isCalm = false
  await world.pass(minuteMs)
  assert.deepEqual([world.looks(), world.renewed()], [0, 0])
  world.isCalm = true
  world.onLook = () => world.check.wroteChanges('flush chain ip t c\n')
  await world.pass(minuteMs)
  assert.deepEqual([world.looks(), world.renewed()], [1, 0], 'written anew while it looked')
})

test('a listing that fails leaves the canary, and the next look', async () => {
  const world = start()
  world.onLook = () => {
    throw new Error('no nft')
  }
  await world.check.wroteAll()
  await world.pass(minuteMs)
  await world.pass(minuteMs)
  assert.deepEqual([world.looks(), world.canaries(), world.renewed()], [2, 2, 0])
  world.rules = undefined
  await world.pass(minuteMs)
  assert.deepEqual([world.looks(), world.renewed()], [3, 1])
})

test('a listing that takes long is rare, and the canary is asked meanwhile', async () => {
  const world = start()
  await world.check.wroteAll()
  world.listingMs = 200
  await world.pass(minuteMs)
  assert.deepEqual([world.looks(), world.canaries()], [1, 0])
  await world.pass(9 * minuteMs)
  assert.deepEqual([world.looks(), world.canaries()], [1, 9])
  await world.pass(2 * minuteMs)
  assert.equal(world.looks(), 2)
  world.rules = undefined
  await world.pass(minuteMs)
  assert.equal(world.renewed(), 1)
})

test('once an hour everything is due, somewhat sooner by chance, and not while there is nothing', async () => {
  const world = start()
  await world.check.wroteAll()
  await world.pass(53 * minuteMs)
  assert.equal(world.renewed(), 0)
  await world.pass(8 * minuteMs)
  assert.ok(world.renewed() >= 1)
  await world.check.wroteAll()
  const before = world.renewed()
  await world.pass(53 * minuteMs)
  assert.equal(world.renewed(), before)
  world.check.rest()
  await world.pass(120 * minuteMs)
  assert.equal(world.renewed(), before)
})

function start() {
  const clock = createVirtualClock(0)
  let [looks, canaries, renewed] = [-1, 0, 0]
  const world = {
    /** Of the one chain; undefined: no table. */
    rules: ['jump services', 'masquerade'] as readonly string[] | undefined,
    isCalm: true,
    listingMs: 0,
    onLook: (): void => {},
    /** Beside that after everything was written. */
    looks: () => Math.max(0, looks),
    canaries: () => canaries,
    renewed: () => renewed,
    async pass(ms: number) {
      for (let left = ms; left > 0; left -= minuteMs) {
        await clock.advance(Math.min(left, minuteMs))
        for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
      }
    },
  }
  let spentMs = 0
  const check = createRulesCheck({
    clock: { ...clock, monotonicMs: () => clock.monotonicMs() + spentMs },
    random: seededRandom(1),
    log: silentLog,
    host: {
      async hasRules() {
        canaries += 1
        return world.rules !== undefined
      },
      async listRules() {
        looks += 1
        spentMs += world.listingMs
        if (looks > 0) world.onLook()
        const lines = (world.rules ?? []).map((rule, i) => `\t\t${rule} # handle ${looks}${i}\n`).join('')
        if (world.rules === undefined) return ''
        return `table ip t { # handle 1\n\tchain canary { # handle 2\n\t}\n\n\tchain c { # handle 3\n${lines}\t}\n}\n`
      },
    },
    tables: ['ip t'],
    isCalm: () => world.isCalm,
    renew: () => void (renewed += 1),
  })
  return Object.assign(world, { check })
}
