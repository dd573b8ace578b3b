import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type PlanSize, planOf } from './plan.ts'
import { runPlan } from './run-plan.ts'

/** Lives the plans of these seeds; what goes wrong names its seed, for `npm run simulate -- --seeds 1 --from <seed>`. */
export function liveThrough(from: number, to: number, size: PlanSize, quietMs: number): void {
  for (let first = from; first <= to; first += portion) {
    const last = Math.min(to, first + portion - 1)
    test(`nothing goes wrong in ${size} lives of the seeds ${first} to ${last}`, async () => {
      for (let seed = first; seed <= last; seed += 1) {
        const { problems } = await runPlan(planOf(seed, size), { quietMs })
        const again = `npm run simulate -- --seeds 1 --from ${seed}${size === 'short' ? ' --short' : ''}`
        assert.deepEqual(problems, [], `seed ${seed}: ${again}`)
      }
    })
  }
}

/** Of one test, so that its limit is far away and a failure is told of soon. */
const portion = 100
