import type { Expr } from './ast.ts'
import type { Environment, Range, SizedNode } from './environment.ts'

/** How long a part of the variables may be: `undefined` where nothing is known. */
export type SizeEstimator = (node: SizedNode) => Range | undefined

/** What an expression may cost at least and at most. */
export function estimateCost(_expr: Expr, _environment: Environment, _sizes?: SizeEstimator): Range {
  return { min: 0, max: Number.POSITIVE_INFINITY }
}
