import type { Program, Value } from '#lib/cel/cel.ts'
import { structType } from '#lib/cel/types.ts'
import { fault, type RecordValue } from '#lib/cel/values.ts'
import type { AdmissionCompiled, AdmissionCompiler, AdmissionScope } from '#schema/cel/admission.ts'
import { perCallLimit } from '#schema/cel/cost.ts'

/** One expression of a policy, compiled or not. */
export interface Expression {
  readonly source: string
  readonly compiled: AdmissionCompiled
}
/** A variable of a policy: others read it as `variables.<name>`. */
export interface NamedExpression extends Expression {
  readonly name: string
}

/** The variables of a policy, in their order: each may name those before it. */
export const compileVariables = (
  compiler: AdmissionCompiler,
  variables: readonly { readonly name: string; readonly expression: string }[],
  scope: AdmissionScope,
): readonly NamedExpression[] =>
  variables.map(({ name, expression }) => ({ name, source: expression, compiled: compiler.addVariable(name, expression, scope) }))

/** Thrown when the expressions of a policy have together cost more than they may. */
export class OutOfBudget extends Error {
  constructor() {
    super('validation failed due to running out of cost budget, no further validation rules will be run')
  }
}

/** What an expression came to, or why it came to nothing. */
export type Evaluated = { readonly value: Value } | { readonly error: string }

/**
 * Evaluates expressions of one policy on one write, each on what the budget has left. Variables are computed when an expression first asks
 * for one, and then known to all that share the evaluation. Throws `OutOfBudget`.
 */
export interface Evaluation {
  readonly run: (expression: Expression) => Evaluated
  readonly remaining: () => number
}

/** `composed` are the policy's own variables; `budget`, in CEL's units of cost, is shared by all that is run. */
export function createEvaluation(
  variables: Readonly<Record<string, Value>>,
  composed: readonly NamedExpression[],
  budget: number,
): Evaluation {
  let remaining = budget
  let composedCost = 0
  const known = new Map<string, Value>()
  const all: Record<string, Value> = { ...variables }
  const compute = (name: string): Value | undefined => {
    const present = known.get(name)
    if (present !== undefined) return present
    const variable = composed.find((each) => each.name === name)
    if (variable === undefined) return undefined
    const value = computed(variable)
    known.set(name, value)
    return value
  }
  const computed = ({ name, compiled }: NamedExpression): Value => {
    if (!compiled.ok) return fault(`composited variable "${name}" fails to compile: ${compiled.detail}`)
    const outcome = compiled.program.run(all, { costLimit: perCallLimit })
    composedCost += outcome.cost
    return outcome.error === undefined
      ? (outcome.value as Value)
      : fault(`composited variable "${name}" fails to evaluate: ${outcome.error}`)
  }
  const record: RecordValue = {
    kind: 'record',
    raw: {},
    get: (_raw, key) => compute(key),
    keys: () => composed.map(({ name }) => name),
    type: structType('kubernetes.variables'),
  }
  all['variables'] = record
  const spend = (cost: number): void => {
    if (cost > remaining) throw new OutOfBudget()
    remaining -= cost
  }
  const evaluate = (program: Program, source: string): Evaluated => {
    composedCost = 0
    const outcome = program.run(all, { costLimit: perCallLimit })
    spend(composedCost)
    spend(outcome.cost)
    return outcome.error === undefined
      ? { value: outcome.value as Value }
      : { error: `expression '${source}' resulted in error: ${outcome.error}` }
  }
  return {
    run: ({ source, compiled }) => (compiled.ok ? evaluate(compiled.program, source) : { error: `compilation error: ${compiled.detail}` }),
    remaining: () => remaining,
  }
}

/** True where all conditions hold, false where one does not, else what went wrong: one that does not hold decides. */
export function evaluateConditions(evaluation: Evaluation, conditions: readonly Expression[]): boolean | { readonly error: string } {
  const errors: string[] = []
  for (const outcome of conditions.map((condition) => evaluation.run(condition))) {
    if ('error' in outcome) errors.push(outcome.error)
    else if (outcome.value === false) return false
  }
  if (errors.length === 0) return true
  const unique = [...new Set(errors)]
  return { error: unique.length === 1 ? (unique[0] as string) : `[${unique.join(', ')}]` }
}
