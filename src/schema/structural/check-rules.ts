import type { Cause } from '#lib/errors.ts'
import type { Correlation } from './correlation.ts'
import type { Structural } from './structural.ts'

/** Runs all rules of a schema on a value, and transition rules on what it was. */
export type RuleCheck = (next: unknown, previous: unknown, path: string, correlation: Correlation | undefined) => Cause[]

/** The rules of a schema (`x-kubernetes-validations`), compiled once; undefined where there are none. */
export function checkRules(_schema: Structural, _isResource: boolean): RuleCheck | undefined {
  return undefined
}
