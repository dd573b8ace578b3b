/**
 * `npm run simulate -- --seeds N --from K`: many lives of a cluster, and for one that goes wrong its smallest form and its history.
 * `npm run simulate -- --matrix`: every controller, blind, late and killed after each of its writes.
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { type PlanSize, planOf } from './plan.ts'
import { isHeartbeat, runPlan } from './run-plan.ts'
import { shrink } from './shrink.ts'
import type { Answer, Task } from './simulate-worker.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    from: { type: 'string', default: '1' },
    /** Small plans, several times as fast. */
    short: { type: 'boolean', default: false },
    /** Minutes of virtual time in which nothing may be written in the end. */
    quiet: { type: 'string', default: '60' },
    /** Lines of a failure's history. */
    lines: { type: 'string', default: '120' },
    /** Lives at the same time; absent: one a processor. */
    jobs: { type: 'string', default: String(availableParallelism()) },
    /** Goes on after a failure. */
    'keep-going': { type: 'boolean', default: false },
    'no-shrink': { type: 'boolean', default: false },
    /** The fault matrix instead of seeds. */
    matrix: { type: 'boolean', default: false },
    /** Of the matrix: only controllers with this in their name. */
    controller: { type: 'string', default: '' },
  },
})
const [count, from, lines, jobs] = [Number(values.seeds), Number(values.from), Number(values.lines), Number(values.jobs)]
const size: PlanSize = values.short ? 'short' : 'full'
const options = { quietMs: Number(values.quiet) * 60_000 }

const progressMs = 5_000
const startedMs = performance.now()
const failed: string[] = []
const sum = { lives: 0, writes: 0, virtualMs: 0 }
let newest = ''
let shownMs = startedMs

await work(values.matrix ? await matrixTasks() : seedTasks())
progress()
if (failed.length > 0) {
  console.log(`failed: ${failed.join(', ')}`)
  process.exitCode = 1
}

function* seedTasks(): Generator<Task> {
  for (let seed = from; seed < from + count; seed += 1) yield { do: 'live', seed, size, quietMs: options.quietMs }
}

async function matrixTasks(): Promise<Iterable<Task>> {
  const { scenarios } = await import('./matrix/scenario.ts')
  return scenarios.flatMap(({ name, controllers }) =>
    controllers.filter((one) => one.includes(values.controller)).map((controller): Task => ({ do: 'matrix', scenario: name, controller })),
  )
}

/** Hands the tasks out, one a worker at a time, until they are done or one went wrong. */
async function work(tasks: Iterable<Task>): Promise<void> {
  const iterator = tasks[Symbol.iterator]()
  const lanes = Array.from({ length: Math.max(1, jobs) }, async () => {
    const worker = new Worker(new URL('./simulate-worker.ts', import.meta.url))
    try {
      for (let next = iterator.next(); !next.done; next = iterator.next()) {
        const answer = await ask(worker, next.value)
        await take(next.value, answer)
        if (failed.length > 0 && !values['keep-going']) return
      }
    } finally {
      await worker.terminate()
    }
  })
  await Promise.all(lanes)
}

function ask(worker: Worker, task: Task): Promise<Answer> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject)
    worker.once('message', (answer: Answer) => {
      worker.off('error', reject)
      resolve(answer)
    })
    worker.postMessage(task)
  })
}

async function take(task: Task, { lives, writes, virtualMs, problems }: Answer): Promise<void> {
  sum.lives += lives
  sum.writes += writes
  sum.virtualMs += virtualMs
  newest = task.do === 'live' ? `seed ${task.seed}` : task.controller
  if (performance.now() - shownMs > progressMs) progress()
  if (problems.length === 0) return
  failed.push(newest)
  console.log(`\n${newest} fails:\n${problems.join('\n')}`)
  if (task.do === 'live' && !values['no-shrink']) await explain(task.seed)
}

async function explain(seed: number): Promise<void> {
  const whole = planOf(seed, size)
  const { plan, outcome, runs } = await shrink(whole, await runPlan(whole, options), options)
  console.log(`smallest form, after ${runs} runs:\n${JSON.stringify(plan, undefined, 1)}`)
  console.log(outcome.history.text(lines, (entry) => !isHeartbeat(entry)))
  for (const { invariant, atMs, text } of outcome.problems) console.log(`${atMs / 1000}s ${invariant}: ${text}`)
}

function progress(): void {
  shownMs = performance.now()
  const seconds = (shownMs - startedMs) / 1000
  const rate = `${(sum.lives / seconds).toFixed(1)} lives/s, ${Math.round(sum.writes / seconds)} writes/s`
  const hours = (sum.virtualMs / 3_600_000).toFixed(1)
  console.log(`${newest}: ${sum.lives} lives, ${sum.writes} writes, ${hours} hours of virtual time in ${seconds.toFixed(1)} s (${rate})`)
}
