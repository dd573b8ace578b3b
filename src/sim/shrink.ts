import type { Plan } from './plan.ts'
import { type Outcome, type RunOptions, runPlan } from './run-plan.ts'

export interface Shrunk {
  readonly plan: Plan
  readonly outcome: Outcome
  /** How many lives it took. */
  readonly runs: number
}

/** Lets time stand still while code runs, then leaves out faults, then steps, for as long as the same invariant still breaks. */
export async function shrink(plan: Plan, outcome: Outcome, options: RunOptions = {}, runLimit = 80): Promise<Shrunk> {
  const { invariant } = outcome.problems[0]!
  let smallest: Shrunk = { plan, outcome, runs: 0 }

  async function attempt(candidate: Plan): Promise<boolean> {
    const result = await runPlan(candidate, options)
    const fails = result.problems[0]?.invariant === invariant
    smallest = fails ? { plan: candidate, outcome: result, runs: smallest.runs + 1 } : { ...smallest, runs: smallest.runs + 1 }
    return fails
  }

  async function reduce(part: 'machineFaults' | 'connectionFaults' | 'steps'): Promise<void> {
    // Large pieces first: most of a plan has nothing to do with its failure.
    for (let size = Math.ceil(smallest.plan[part].length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
      for (let from = 0; from < smallest.plan[part].length && smallest.runs < runLimit; ) {
        const kept: readonly unknown[] = smallest.plan[part].filter((item, index) => index < from || index >= from + size || isLast(item))
        if (kept.length === smallest.plan[part].length || !(await attempt({ ...smallest.plan, [part]: kept }))) from += size
      }
    }
  }

  // The last steps undo what would keep wishes from coming true.
  const isLast = (item: object): boolean => 'atMs' in item && item.atMs === plan.endMs

  if (plan.isRestless) await attempt({ ...plan, isRestless: false })
  await reduce('machineFaults')
  await reduce('connectionFaults')
  await reduce('steps')
  return smallest
}
