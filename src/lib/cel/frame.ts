import type { Value } from './values.ts'

/** What one run has: its variables, and what it has cost so far. */
export interface Frame {
  readonly variables: (name: string) => Value | undefined
  /** Variables of comprehensions, each at a place of its own. A function is a value not computed yet. */
  readonly locals: (Value | (() => Value))[]
  cost: number
  readonly limit: number
}
/** A planned expression: a closure that evaluates it. Errors of the expression come back as a `Fault`. */
export type Run = (frame: Frame) => Value

/** Thrown through all closures, since nothing may absorb it. */
export const overBudget = new Error('over budget')

/** Adds to the cost of a run, and ends one that costs too much. */
export function charge(frame: Frame, cost: number): void {
  frame.cost += cost
  if (frame.cost > frame.limit) throw overBudget
}
