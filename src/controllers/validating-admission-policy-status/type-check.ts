import type { ValidatingAdmissionPolicy } from '#api/admissionregistration/v1/validating-admission-policy.ts'
import { type AnyKind, apiVersionOf } from '#api/kind.ts'
import { compile, type Environment, extend } from '#lib/cel/cel.ts'
import { dynType, structType } from '#lib/cel/types.ts'
import { admissionEnvironment, admissionVariableType } from '#schema/cel/admission.ts'
import { declareType } from '#schema/cel/shape-types.ts'
import { type Declared, structuresOf } from '#schema/cel/structural.ts'

/** What an expression is warned of: `fieldRef` is its place, `warning` a line or more for each kind that it does not fit. */
export interface ExpressionWarning {
  readonly fieldRef: string
  readonly warning: string
}
type Rule = NonNullable<NonNullable<ValidatingAdmissionPolicy['spec']['matchConstraints']>['resourceRules']>[number]

/** More kinds are not looked at. */
const maxKinds = 10

/** Checks the expressions of a policy against the types of every kind that its rules name outright (KEP-3488, "Type checking"). */
export function typeCheck({ spec }: ValidatingAdmissionPolicy, kinds: readonly AnyKind[]): readonly ExpressionWarning[] {
  const checked = kindsOf(spec.matchConstraints?.resourceRules ?? [], kinds)
  if (checked.length === 0) return []
  const param = spec.paramKind === undefined ? undefined : paramType(spec.paramKind, kinds)
  const environments = checked.map((kind) => ({ kind, within: environmentOf(kind, spec, param) }))
  const warn = (fieldRef: string, expression: string | undefined): readonly ExpressionWarning[] => {
    if (expression === undefined || expression === '') return []
    const problems = environments.flatMap(({ kind, within }) => {
      const compiled = compile(expression, within)
      if (compiled.ok || compiled.instantiation === true) return []
      return [`${kind.group}/${kind.version}, Kind=${kind.kind}: ${compiled.message}\n`]
    })
    return problems.length === 0 ? [] : [{ fieldRef, warning: problems.join('\n') }]
  }
  return (spec.validations ?? []).flatMap(({ expression, messageExpression }, index) => [
    ...warn(`spec.validations[${index}].expression`, expression),
    ...warn(`spec.validations[${index}].messageExpression`, messageExpression),
  ])
}

/** Those that rules name in full: a rule with a wildcard says nothing of types. A rule that names too many is the last that is looked at. */
function kindsOf(rules: readonly Rule[], kinds: readonly AnyKind[]): readonly AnyKind[] {
  const found = new Set<AnyKind>()
  for (const { apiGroups = [], apiVersions = [], resources = [] } of rules) {
    if ([...apiGroups, ...apiVersions].some((name) => name.includes('*'))) continue
    const plain = resources.filter((name) => !/[*/]/.test(name))
    const named = kinds
      .filter(({ group, version, plural, singular }) => {
        return apiGroups.includes(group) && apiVersions.includes(version) && (plain.includes(plural) || plain.includes(singular))
      })
      .toSorted((a, b) => (resourceOf(a) < resourceOf(b) ? -1 : 1))
    for (const kind of named.slice(0, maxKinds)) found.add(kind)
    if (named.length >= maxKinds) break
  }
  return [...found].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
}
const resourceOf = ({ group, version, plural }: AnyKind): string => `${group}\0${version}\0${plural}`
const nameOf = ({ group, version, kind }: AnyKind): string => `${group}\0${version}\0${kind}`

function paramType(
  { apiVersion, kind }: { apiVersion?: string | undefined; kind?: string | undefined },
  kinds: readonly AnyKind[],
): Declared | undefined {
  const found = kinds.find((each) => apiVersionOf(each) === apiVersion && each.kind === kind)
  return found && declareType(found, `param.${found.kind}`)
}

function environmentOf(kind: AnyKind, spec: ValidatingAdmissionPolicy['spec'], param: Declared | undefined): Environment {
  const object = declareType(kind, `object.${kind.kind}`)
  const hasParams = spec.paramKind !== undefined
  const types = new Map(Object.entries(variablesOf(object, param, hasParams)))
  let within = admissionEnvironment({ hasParams, hasAuthorizer: true })
  for (const declared of [object, param]) if (declared !== undefined) within = extend(within, { structures: structuresOf(declared) })
  within = extend(within, { variables: Object.fromEntries(types) })
  const composed = new Map<string, ReturnType<typeof admissionVariableType>>()
  const variables = structType('kubernetes.variables')
  within = extend(within, {
    variables: { variables },
    structures: { find: (name) => (name === variables.name ? variables : undefined), field: (_name, field) => composed.get(field) },
  })
  for (const { name, expression } of spec.variables ?? []) {
    const compiled = compile(expression, within)
    composed.set(name, compiled.ok ? admissionVariableType(compiled.program.outputType) : dynType)
  }
  return within
}

const variablesOf = (object: Declared | undefined, param: Declared | undefined, hasParams: boolean) => ({
  object: object?.type ?? dynType,
  oldObject: object?.type ?? dynType,
  ...(hasParams ? { params: param?.type ?? dynType } : {}),
})
