import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '#lib/random.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createRounds } from './rounds.ts'

const turn = () => new Promise((resolve) => setImmediate(resolve))

function setUp(answer: (name: string, times: number) => Promise<number | undefined>) {
  const clock = createVirtualClock(0)
  const seen: string[] = []
  const failures: unknown[] = []
  const rounds = createRounds({
    clock,
    random: seededRandom(1),
    run: (name) => {
      seen.push(name)
      return answer(name, seen.length)
    },
    onFailure: (error) => void failures.push(error),
    retryMs: 100,
    retryMaxMs: 400,
  })
  return { clock, seen, failures, rounds }
}

test('what happens in one turn is one round, and each name has its own', async () => {
  const { rounds, seen } = setUp(async () => undefined)
  for (const name of ['a', 'a', 'b', 'a']) rounds.look(name)
  await turn()
  assert.deepEqual(seen, ['a', 'b'])
  await turn()
  assert.equal(seen.length, 2, 'nothing goes on by itself')
})

test('what happens during a round is another one', async () => {
  const first = Promise.withResolvers<undefined>()
  const { rounds, seen } = setUp((_name, times) => (times === 1 ? first.promise : Promise.resolve(undefined)))
  rounds.look('a')
  await turn()
  rounds.look('a')
  await turn()
  assert.deepEqual(seen, ['a'], 'never two at a time')
  first.resolve(undefined)
  await turn()
  await turn()
  assert.deepEqual(seen, ['a', 'a'])
})

test('a round may ask for a next one; a name that is forgotten has none', async () => {
  const { rounds, seen, clock } = setUp(async () => 1000)
  rounds.look('a')
  await turn()
  await clock.advance(1000)
  await turn()
  assert.equal(seen.length, 2)
  rounds.forget('a')
  await clock.advance(5000)
  await turn()
  assert.equal(seen.length, 2)
})

test('failures are told, and tried again ever later, at most after the longest wait', async () => {
  const { rounds, failures, clock } = setUp(() => Promise.reject(new Error('no')))
  rounds.look('a')
  await turn()
  const waitsMs: number[] = []
  for (let i = 0; i < 5; i += 1) {
    const before = clock.now()
    while (failures.length < i + 2) {
      await clock.advance(10)
      await turn()
    }
    waitsMs.push(clock.now() - before)
  }
  assert.ok(waitsMs[0]! >= 100 && waitsMs[1]! >= 200 && waitsMs[4]! >= 400 && waitsMs[4]! <= 460, waitsMs.join())
  rounds.close()
  await clock.advance(10_000)
  assert.equal(failures.length, 6)
})
