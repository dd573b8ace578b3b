import type * as types from '#api/admissionregistration/v1/types.ts'
import type { Cause } from '#lib/errors.ts'
import { type AdmissionCompiled, type AdmissionCompiler, admissionCompiler } from '#schema/cel/admission.ts'
import { internalError, invalid } from '#schema/validate.ts'

type Validating = types.ValidatingAdmissionPolicy['spec']
type Mutating = types.MutatingAdmissionPolicy['spec']

/** What is wrong with the expressions of a policy; empty ones are somebody else's to complain of. */
export const validatingExpressions = (spec: Validating, isConditionsKnown: boolean): Cause[] => {
  const { variables = [], validations = [], auditAnnotations = [] } = spec
  const compiler = admissionCompiler(variables.length > 0)
  const scope = { hasParams: spec.paramKind !== undefined, hasAuthorizer: true }
  return [
    ...(isConditionsKnown ? [] : conditionExpressions(spec.matchConditions, scope.hasParams, 'spec.matchConditions')),
    ...variableExpressions(compiler, variables, scope.hasParams),
    ...validations.flatMap(({ expression, messageExpression = '' }, i) => [
      ...causesOf(expression, `spec.validations[${i}].expression`, () => compiler.compile(expression, 'condition', scope)),
      ...causesOf(messageExpression, `spec.validations[${i}].messageExpression`, () =>
        compiler.compile(messageExpression, 'message', { ...scope, hasAuthorizer: false }),
      ),
    ]),
    ...auditAnnotations.flatMap(({ valueExpression }, i) =>
      Buffer.byteLength(valueExpression.trim()) > VALUE_EXPRESSION_SIZE_MAX_BYTES
        ? []
        : causesOf(valueExpression, `spec.auditAnnotations[${i}].valueExpression`, () =>
            compiler.compile(valueExpression.trim(), 'audit annotation', scope),
          ),
    ),
  ]
}

/** The same of a mutating policy. */
export const mutatingExpressions = (spec: Mutating, isConditionsKnown: boolean): Cause[] => {
  const { variables = [], mutations = [] } = spec
  const compiler = admissionCompiler(true)
  const scope = { hasParams: spec.paramKind !== undefined, hasAuthorizer: true }
  const patch = { ...scope, hasPatchTypes: true }
  return [
    ...(isConditionsKnown ? [] : conditionExpressions(spec.matchConditions, scope.hasParams, 'spec.matchConditions')),
    ...variableExpressions(compiler, variables, scope.hasParams),
    ...mutations.flatMap(({ patchType, applyConfiguration, jsonPatch }, i) => {
      const isJson = patchType === 'JSONPatch'
      const expression = ((isJson ? jsonPatch?.expression : applyConfiguration?.expression) ?? '').trim()
      const use = isJson ? 'json patch' : 'apply configuration'
      const path = `spec.mutations[${i}].${isJson ? 'jsonPatch' : 'applyConfiguration'}.expression`
      if (!isJson && patchType !== 'ApplyConfiguration') return []
      return causesOf(expression, path, () => compiler.compile(expression, use, patch))
    }),
  ]
}

/** What is wrong with match conditions, of webhooks (which have no parameters) or policies. */
export const conditionExpressions = (
  conditions: readonly types.MatchCondition[] | undefined,
  hasParams: boolean,
  path: string,
): Cause[] => {
  const compiler = admissionCompiler(false)
  return (conditions ?? []).flatMap(({ expression }, i) =>
    causesOf(expression.trim(), `${path}[${i}].expression`, () =>
      compiler.compile(expression.trim(), 'condition', { hasParams, hasAuthorizer: true }),
    ),
  )
}

const VALUE_EXPRESSION_SIZE_MAX_BYTES = 5 * 1024

const variableExpressions = (compiler: AdmissionCompiler, variables: readonly types.Variable[], hasParams: boolean): Cause[] =>
  variables.flatMap(({ name, expression }, i) =>
    causesOf(expression, `spec.variables[${i}].expression`, () =>
      compiler.addVariable(name, expression, { hasParams, hasAuthorizer: true }),
    ),
  )

function causesOf(expression: string, path: string, compile: () => AdmissionCompiled): Cause[] {
  if (expression.trim() === '') return []
  const compiled = compile()
  if (compiled.ok) return []
  return [compiled.isInternal ? internalError(path, compiled.detail) : invalid(path, expression, compiled.detail)]
}
