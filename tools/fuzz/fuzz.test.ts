import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Finding, fuzz } from './fuzz.ts'
import type { Target } from './target.ts'
import { targets } from './targets.ts'

for (const target of targets)
  test(`${target.name}: nothing crashes, hangs or changes its meaning`, async () => {
    const { inputs } = await fuzz(target, { seed: 1, inputs: 250, guided: false })
    assert.equal(inputs, 250)
  })

test('coverage leads to what chance would hardly find', async () => {
  const target: Target = {
    name: 'lock',
    seeds: ['........'],
    words: ['O', 'P', 'E', 'N'],
    refusals: [],
    run(input) {
      deep(input, 0)
    },
  }
  await assert.rejects(fuzz(target, { seed: 1, inputs: 50_000, concerns: (url) => url === import.meta.url }), Finding)
})

/** Each right letter opens the next branch. */
function deep(input: Uint8Array, at: number): void {
  if (at === 0 && input[0] === 0x4f) deep(input, 1)
  if (at === 1 && input[1] === 0x50) deep(input, 2)
  if (at === 2 && input[2] === 0x45) throw new TypeError('open')
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
  await assert.rejects(fuzz(target, { seed: 1, inputs: 1_000, guided: false }), /took \d+ ms/)
})
