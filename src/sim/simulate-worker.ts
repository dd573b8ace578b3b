/** One of the lanes of `simulate.ts`: lives what it is told, one after another. */
import { parentPort } from 'node:worker_threads'
import { cellsOf, nameOf, runCell, runWithoutFaults } from './matrix/run-matrix.ts'
import { scenarios } from './matrix/scenario.ts'
import { type PlanSize, planOf } from './plan.ts'
import { runPlan } from './run-plan.ts'

export type Task =
  | { readonly do: 'live'; readonly seed: number; readonly size: PlanSize; readonly quietMs: number }
  /** All fields of one controller. */
  | { readonly do: 'matrix'; readonly scenario: string; readonly controller: string }

export interface Answer {
  readonly lives: number
  readonly writes: number
  readonly virtualMs: number
  /** As text; empty: everything held. */
  readonly problems: readonly string[]
}

parentPort?.on('message', (task: Task) => {
  const answering = task.do === 'live' ? live(task) : matrix(task)
  // What is thrown is the worker's error, which ends the command.
  answering.then((answer) => parentPort!.postMessage(answer)).catch((error: unknown) => setImmediate(() => fail(error)))
})

function fail(error: unknown): never {
  throw error
}

async function live({ seed, size, quietMs }: Extract<Task, { do: 'live' }>): Promise<Answer> {
  const { problems, writes, virtualMs } = await runPlan(planOf(seed, size), { quietMs })
  return { lives: 1, writes, virtualMs, problems: problems.map(({ invariant, text }) => `${invariant}: ${text}`) }
}

async function matrix({ scenario: name, controller }: Extract<Task, { do: 'matrix' }>): Promise<Answer> {
  const expected = await runWithoutFaults(scenarios.find((one) => one.name === name)!)
  const problems = expected.problems.map((problem) => `without faults: ${problem}`)
  const cells = cellsOf(expected, controller)
  if (cells.length === 0) problems.push(`${controller} does nothing in "${name}"`)
  const sum = { writes: 0, virtualMs: 0 }
  for (const cell of cells) {
    const { problems: found, outcome } = await runCell(cell, expected)
    sum.writes += outcome.writes
    sum.virtualMs += outcome.virtualMs
    problems.push(...found.map((problem) => `${nameOf(cell)}: ${problem}`))
  }
  return { lives: cells.length + 1, ...sum, problems }
}
