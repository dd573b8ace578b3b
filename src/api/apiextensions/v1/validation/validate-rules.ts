import type { Cause } from '#lib/errors.ts'
import { compileRules } from '#schema/cel/rule.ts'
import type { Structural } from '#schema/structural/structural.ts'
import { child, forbidden, index, invalid } from '#schema/validate.ts'
import { dumpRule } from './go-dump.ts'
import { costProblem, observeCost, type RuleScope, ruleCostLimit } from './rule-scope.ts'

/** What of the rules of a part depends on its place. */
export interface RuleOptions {
  readonly ignoresRuleCost: boolean
  /** The part above within which there is no `oldSelf`. */
  readonly uncorrelatable: string | undefined
}

/** Compiles the rules of one part of a schema and estimates what they may cost. */
export function validateRules(schema: Structural, path: string, scope: RuleScope, options: RuleOptions): Cause[] {
  return compileRules(schema, scope.isResource).flatMap((compiled, i) => {
    const { rule, error, messageError, maxCost, maxMessageCost, messageProgram } = compiled
    const place = index(child(path, 'x-kubernetes-validations'), i)
    const rulePath = child(place, 'rule')
    const messagePath = child(place, 'messageExpression')
    const causes: Cause[] = []
    const observe = (at: string, what: string, cost: number): void => {
      if (!options.ignoresRuleCost && cost > ruleCostLimit) causes.push(forbidden(at, costProblem(what, cost, ruleCostLimit)))
      observeCost(scope.total, at, cost)
    }
    const times = scope.cardinality === Number.POSITIVE_INFINITY ? compiled.maxCardinality : scope.cardinality
    observe(rulePath, 'estimated rule cost', maxCost === 0 || times === 0 ? 0 : maxCost * times)
    if (error !== undefined) causes.push(invalid(rulePath, dumpRule(rule), error))
    if (messageError !== undefined) causes.push(invalid(messagePath, dumpRule(rule), messageError))
    else if (messageProgram !== undefined) observe(messagePath, 'estimated messageExpression cost', maxMessageCost)
    if (compiled.usesOldSelf) {
      if (options.uncorrelatable !== undefined)
        causes.push(
          invalid(
            rulePath,
            rule.rule,
            `oldSelf cannot be used on the uncorrelatable portion of the schema within ${options.uncorrelatable}`,
          ),
        )
    } else if (rule.optionalOldSelf !== undefined)
      causes.push(invalid(child(place, 'optionalOldSelf'), rule.optionalOldSelf, 'may not be set if oldSelf is not used in rule'))
    return causes
  })
}
