/** `npm run simulate -- --seeds N --from K`: many lives of a cluster, and for one that goes wrong its smallest form and its history. */
import { parseArgs } from 'node:util'
import { planOf } from './plan.ts'
import { isHeartbeat, runPlan } from './run-plan.ts'
import { shrink } from './shrink.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    from: { type: 'string', default: '1' },
    /** Minutes of virtual time in which nothing may be written in the end. */
    quiet: { type: 'string', default: '60' },
    /** Lines of a failure's history. */
    lines: { type: 'string', default: '120' },
    /** Goes on after a failure. */
    'keep-going': { type: 'boolean', default: false },
    'no-shrink': { type: 'boolean', default: false },
  },
})
const [count, from, lines] = [Number(values.seeds), Number(values.from), Number(values.lines)]
const options = { quietMs: Number(values.quiet) * 60_000 }

const startedMs = performance.now()
const failed: number[] = []
let writes = 0
let virtualMs = 0
for (let seed = from; seed < from + count; seed += 1) {
  const outcome = await runPlan(planOf(seed), options)
  writes += outcome.writes
  virtualMs += outcome.virtualMs
  if ((seed - from + 1) % 50 === 0) progress(seed - from + 1)
  if (outcome.problems.length === 0) continue
  failed.push(seed)
  console.log(`\nseed ${seed} fails: ${outcome.problems[0]!.invariant}: ${outcome.problems[0]!.text}`)
  if (!values['no-shrink']) {
    const { plan, outcome: smallest, runs } = await shrink(planOf(seed), outcome, options)
    console.log(`smallest form, after ${runs} runs:\n${JSON.stringify(plan, undefined, 1)}`)
    console.log(smallest.history.text(lines, (entry) => !isHeartbeat(entry)))
    for (const { invariant, atMs, text } of smallest.problems) console.log(`${atMs / 1000}s ${invariant}: ${text}`)
  }
  if (!values['keep-going']) break
}
progress(failed.length > 0 && !values['keep-going'] ? failed[0]! - from + 1 : count)
if (failed.length > 0) {
  console.log(`failing seeds: ${failed.join(' ')}`)
  process.exitCode = 1
}

function progress(done: number): void {
  const seconds = (performance.now() - startedMs) / 1000
  const rate = `${(done / seconds).toFixed(1)} seeds/s, ${Math.round(writes / seconds)} writes/s`
  console.log(
    `${done} seeds, ${writes} writes, ${Math.round(virtualMs / 3_600_000)} hours of virtual time in ${seconds.toFixed(1)} s (${rate})`,
  )
}
