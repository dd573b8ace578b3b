import type { Cause } from '#lib/errors.ts'
import type { Structural } from '#schema/structural/structural.ts'
import type { RuleScope } from './rule-scope.ts'

export interface RuleOptions {
  readonly ignoresRuleCost: boolean
  /** The part above within which there is no `oldSelf`. */
  readonly uncorrelatable: string | undefined
}

/** Compiles the rules of one part of a schema and estimates what they may cost. */
export function validateRules(_schema: Structural, _path: string, _scope: RuleScope, _options: RuleOptions): Cause[] {
  return []
}
