import assert from 'node:assert/strict'
import { test } from 'node:test'
import { planOf } from '../plan.ts'
import { runPlan } from '../run-plan.ts'

/** Lives the plans of these seeds; what goes wrong names its seed, for `npm run simulate -- --seeds 1 --from <seed>`. */
export function liveThrough(from: number, to: number): void {
  test(`nothing goes wrong with the seeds ${from} to ${to}`, async () => {
    for (let seed = from; seed <= to; seed += 1) {
      const { problems } = await runPlan(planOf(seed), { quietMs: 120_000 })
      assert.deepEqual(problems, [], `seed ${seed}: npm run simulate -- --seeds 1 --from ${seed}`)
    }
  })
}
