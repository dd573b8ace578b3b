/**
 * The Common Expression Language (cel-spec), with the answers of cel-go in all that a client can see: messages with their carets, run-time
 * errors, estimated and actual cost. `compile` once, `run` often.
 */
import type { Expr } from './ast.ts'
import { check } from './check.ts'
import { estimateCost, type SizeEstimator } from './cost-estimate.ts'
import type { Environment, Range } from './environment.ts'
import { CelError, type Issue, renderIssues } from './errors.ts'
import { type Activation, type Outcome, PlanError, plan, type RunOptions } from './evaluate.ts'
import { parse } from './parser.ts'
import type { CelType } from './types.ts'
import type { Value } from './values.ts'

export type { Environment, Extension, Functions, Range, SizedNode } from './environment.ts'
export { emptyEnvironment, extend } from './environment.ts'
export { CelError } from './errors.ts'
export type { Activation, Outcome, RunOptions } from './evaluate.ts'
export { defaultCostLimit } from './evaluate.ts'
export type { CelType } from './types.ts'
export type { Value } from './values.ts'

/** An expression ready to run. Holds no state: it may run any number of times, with whatever variables. */
export interface Program {
  readonly source: string
  readonly outputType: CelType
  /** The checked tree: for those who look for what an expression names. */
  readonly expr: Expr
  /** What the expression may cost at least and at most; `sizes` says how long variables may be. `Infinity`: without bound. */
  readonly cost: (sizes?: SizeEstimator) => Range
  /** Value or error, and what it cost. Never throws for what an expression does. */
  readonly run: (variables: Activation, options?: RunOptions) => Outcome
  /** The value. Throws a `CelError` with cel-go's words for a run-time error or an overrun budget. */
  readonly evaluate: (variables: Activation, options?: RunOptions) => Value
}

/** A program to run, or why there is none. Mistakes of an expression are values: they belong to whoever wrote it. */
export type Compiled =
  | { readonly ok: true; readonly program: Program }
  | {
      readonly ok: false
      /** All issues as cel-go prints them (`ERROR: <input>:1:6: undeclared reference …`), a line break between two. */
      readonly message: string
      readonly issues: readonly Issue[]
      /** The expression is right in itself, and only its constants cannot be evaluated (`int('x')`). `message` is then the bare error. */
      readonly instantiation?: true
    }

/** Parses, checks and plans an expression. */
export function compile(source: string, environment: Environment): Compiled {
  const parsed = parse(source, environment.macros)
  if (!parsed.ok) return failed(source, parsed.issues)
  const issues = check(parsed.expr, environment)
  if (issues.length > 0) return failed(source, issues)
  const invalid = environment.validate?.(parsed.expr) ?? []
  if (invalid.length > 0) return failed(source, invalid)
  const { expr } = parsed
  try {
    const run = plan(expr, environment)
    const evaluate = (variables: Activation, options?: RunOptions): Value => {
      const outcome = run(variables, options)
      if (outcome.error !== undefined) throw new CelError(outcome.error, outcome.overBudget)
      return outcome.value as Value
    }
    const cost = (sizes?: SizeEstimator): Range => estimateCost(expr, environment, sizes)
    return { ok: true, program: { source, outputType: expr.type as CelType, expr, cost, run, evaluate } }
  } catch (error) {
    if (!(error instanceof PlanError)) throw error
    return { ok: false, message: error.message, issues: [{ offset: -1, message: error.message }], instantiation: true }
  }
}

const failed = (source: string, issues: readonly Issue[]): Compiled => ({ ok: false, message: renderIssues(source, issues), issues })
