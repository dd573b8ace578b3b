import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runInThisContext } from 'node:vm'
import { startCoverage } from './coverage.ts'
import { Finding, fuzz } from './fuzz.ts'
import type { Target } from './target.ts'
import { targets } from './targets.ts'

for (const target of targets)
  test(`${target.name}: nothing crashes, hangs or changes its meaning`, async () => {
    // What hangs does so by far more: a test may not depend on how slow or busy its machine is.
    const { inputs } = await fuzz(target, { seed: 1, inputs: 250, hangMs: 1_000 })
    assert.equal(inputs, 250)
  })

test('coverage leads to what chance would hardly find', async () => {
  const coverage = await startCoverage((url) => url === 'lock.js')
  try {
    await assert.rejects(fuzz(lock(), { seed: 1, inputs: 20_000, coverage }), Finding)
    await assert.doesNotReject(fuzz(lock(), { seed: 1, inputs: 20_000 }))
  } finally {
    await coverage.close()
  }
})

test('the same seed leads the same way', async () => {
  const coverage = await startCoverage((url) => url === 'lock.js')
  try {
    const found: Finding[] = []
    const keep = (error: unknown): void => {
      assert.ok(error instanceof Finding, String(error))
      found.push(error)
    }
    for (let times = 0; times < 2; times += 1) await fuzz(lock(), { seed: 9, inputs: 20_000, coverage }).catch(keep)
    assert.equal(found.length, 2)
    assert.deepEqual(found[1]?.input, found[0]?.input)
  } finally {
    await coverage.close()
  }
})

test('coverage that began too late is said to be useless', async () => {
  const target = lock()
  await fuzz(target, { seed: 1, inputs: 100 })
  const coverage = await startCoverage((url) => url === 'lock.js')
  try {
    await assert.rejects(fuzz(target, { seed: 1, inputs: 100, coverage }), /coverage began after its code was compiled/)
  } finally {
    await coverage.close()
  }
})

let locks = 0

/** Each right byte opens the next branch. Every lock has a text of its own, as V8 would not compile the same one anew. */
function lock(): Target {
  locks += 1
  const source = `(input) => { // ${locks}
    if (input[0] !== 0x4f) return
    if (input[1] !== 0x50) return
    if (input[2] !== 0x45) return
    if (input[3] === 0x4e) throw new TypeError('open')
  }`
  return {
    name: 'lock',
    seeds: ['........'],
    words: ['O', 'P', 'E', 'N'],
    refusals: [],
    run: runInThisContext(source, { filename: 'lock.js' }),
  }
}

test('what hangs is found', async () => {
  const target: Target = {
    name: 'slow',
    seeds: ['x'],
    words: [],
    refusals: [],
    run(input) {
      if (input.length < 4) return
      const before = process.cpuUsage()
      while (process.cpuUsage(before).user < 120_000);
    },
  }
  await assert.rejects(fuzz(target, { seed: 1, inputs: 1_000 }), /took \d+ ms/)
})
