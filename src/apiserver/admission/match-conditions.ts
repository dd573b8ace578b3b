import type { MatchCondition } from '#api/admissionregistration/v1/types.ts'
import type { AnyKind } from '#api/kind.ts'
import { admissionCompiler } from '#schema/cel/admission.ts'
import { matchConditionsBudget } from '#schema/cel/cost.ts'
import type { AnyType } from '#schema/schema.ts'
import type { Admission, Authorizer } from '../contract.ts'
import { authorizerVariables, see } from './policy/activation.ts'
import { withServerAuthorizer } from './policy/authorize.ts'
import { createEvaluation, type Expression, evaluateConditions, OutOfBudget } from './policy/evaluation.ts'
import type { ResourceVersion, Subject } from './subject.ts'

/** What conditions are evaluated against: a write, in the version in which it is looked at. */
export interface ConditionInput {
  readonly admission: Admission
  readonly subject: Subject
  readonly resource: ResourceVersion
  readonly type: AnyType | undefined
}

/** True where all conditions hold, false where one does not, whatever the others do, else what went wrong. */
export type MatchConditions = (
  conditions: readonly MatchCondition[],
  input: ConditionInput,
) => Promise<boolean | { readonly error: string }>

/** Evaluates the match conditions of webhooks (KEP-3716). Expressions are compiled once for each configuration that is stored. */
export function matchConditions(authorize: Authorizer): MatchConditions {
  const compiled = new WeakMap<readonly MatchCondition[], readonly Expression[]>()
  return async (conditions, { admission, subject, resource, type }) => {
    let expressions = compiled.get(conditions)
    if (expressions === undefined) {
      const compiler = admissionCompiler(false)
      const scope = { hasParams: false, hasAuthorizer: true }
      expressions = conditions.map(({ expression }) => ({ source: expression, compiled: compiler.compile(expression, 'condition', scope) }))
      compiled.set(conditions, expressions)
    }
    const { variables } = await see(admission, subject, { resource, as: type === subject.type ? undefined : (type as AnyKind) })
    const wanted = expressions
    try {
      return await withServerAuthorizer(authorize, admission, (ask) => {
        const all = { ...variables, namespaceObject: null, ...authorizerVariables(ask, admission) }
        return evaluateConditions(createEvaluation(all, [], matchConditionsBudget), wanted)
      })
    } catch (error) {
      if (error instanceof OutOfBudget) return { error: error.message }
      throw error
    }
  }
}
