import type { MatchCondition } from '#api/admissionregistration/v1/types.ts'
import { type Compiled, compile, type Environment } from '#lib/cel/cel.ts'
import { boolType, dynType } from '#lib/cel/types.ts'
import { adoptJson, type Value } from '#lib/cel/values.ts'
import { environment } from '#schema/cel/environment.ts'
import type { Admission } from '../contract.ts'
import type { KindVersion, ResourceVersion, Subject } from './subject.ts'

/** What conditions are evaluated against: a write, in the version in which it is looked at. */
export interface ConditionInput {
  readonly admission: Admission
  readonly subject: Subject
  readonly kind: KindVersion
  readonly resource: ResourceVersion
  readonly object: unknown
  readonly previous: unknown
}

/** Further variables of expressions, with their values for one write: what the caller's own libraries need. */
export interface ConditionVariables {
  readonly environment: Environment
  readonly values: (input: ConditionInput) => Readonly<Record<string, Value>>
}

/**
 * Evaluates match conditions (KEP-3716): true where all hold, false where one does not, else what went wrong. One that does not hold decides,
 * whatever happens in the others. Expressions are compiled once for each configuration that is stored.
 */
export function matchConditions(
  more: ConditionVariables = { environment: plain, values: () => ({}) },
): (conditions: readonly MatchCondition[], input: ConditionInput) => boolean | { readonly error: string } {
  const compiled = new WeakMap<readonly MatchCondition[], readonly Compiled[]>()
  return (conditions, input) => {
    let programs = compiled.get(conditions)
    if (programs === undefined) {
      programs = conditions.map(({ expression }) => compile(expression, more.environment))
      compiled.set(conditions, programs)
    }
    const variables = { ...more.values(input), ...variablesOf(input) }
    const errors: string[] = []
    let budget = costMax
    for (const [index, result] of programs.entries()) {
      if (!result.ok) {
        errors.push(`compilation error: ${result.message}`)
        continue
      }
      if (result.program.outputType !== boolType && result.program.outputType !== dynType) continue
      const outcome = result.program.run(variables, { costLimit: Math.min(budget, costMaxOfOne) })
      budget -= outcome.cost
      if (outcome.error !== undefined) errors.push(`expression '${conditions[index]!.expression}' resulted in error: ${outcome.error}`)
      else if (outcome.value === false) return false
    }
    if (errors.length === 0) return true
    return { error: errors.length === 1 ? errors[0]! : `[${[...new Set(errors)].join(', ')}]` }
  }
}

// The reference's RuntimeCELCostBudgetMatchConditions and PerCallLimit.
const costMax = 2_500_000
const costMaxOfOne = 1_000_000

const plain: Environment = environment({ variables: { object: dynType, oldObject: dynType, request: dynType } })

function variablesOf({ admission, subject, kind, resource, object, previous }: ConditionInput): Readonly<Record<string, Value>> {
  const { attributes, operation, dryRun, options } = admission
  const { user } = attributes
  return {
    object: adoptJson(object ?? null),
    oldObject: adoptJson(previous ?? null),
    request: adoptJson({
      uid: '',
      kind: { group: kind.group, version: kind.version, kind: kind.kind },
      resource: { group: resource.group, version: resource.version, resource: resource.resource },
      subResource: subject.subresource,
      requestKind: { group: subject.kind.group, version: subject.kind.version, kind: subject.kind.kind },
      requestResource: subject.resource,
      requestSubResource: subject.subresource,
      name: subject.name,
      namespace: subject.namespace,
      operation,
      userInfo: { username: user.name, uid: user.uid ?? '', groups: user.groups, extra: user.extra ?? {} },
      dryRun,
      options,
    }),
  }
}
