import type { SubjectAccessReviewSpec } from '#api/authorization/v1/types.ts'
import { compile, type Program, type Value } from '#lib/cel/cel.ts'
import { boolType, type CelType, listType, mapType, sameType, stringType, structType } from '#lib/cel/types.ts'
import { adoptJson } from '#lib/cel/values.ts'
import { environment } from '#schema/cel/environment.ts'
import { aggregated } from './authorize.ts'

/** What a condition may read of the question: the spec of a SubjectAccessReview, by structures. */
const structures: Readonly<Record<string, Readonly<Record<string, CelType>>>> = {
  'kubernetes.SubjectAccessReviewSpec': {
    resourceAttributes: structType('kubernetes.ResourceAttributes'),
    nonResourceAttributes: structType('kubernetes.NonResourceAttributes'),
    user: stringType,
    groups: listType(stringType),
    extra: mapType(stringType, listType(stringType)),
    uid: stringType,
  },
  'kubernetes.ResourceAttributes': {
    namespace: stringType,
    verb: stringType,
    group: stringType,
    version: stringType,
    resource: stringType,
    subresource: stringType,
    name: stringType,
    fieldSelector: structType('kubernetes.FieldSelectorAttributes'),
    labelSelector: structType('kubernetes.LabelSelectorAttributes'),
  },
  'kubernetes.FieldSelectorAttributes': { rawSelector: stringType, requirements: listType(structType('kubernetes.SelectorRequirement')) },
  'kubernetes.LabelSelectorAttributes': { rawSelector: stringType, requirements: listType(structType('kubernetes.SelectorRequirement')) },
  'kubernetes.SelectorRequirement': { key: stringType, operator: stringType, values: listType(stringType) },
  'kubernetes.NonResourceAttributes': { path: stringType, verb: stringType },
}
const fieldOf = (name: string, field: string): CelType | undefined =>
  Object.hasOwn(structures, name) && Object.hasOwn(structures[name]!, field) ? structures[name]![field] : undefined

const conditionEnvironment = environment({
  variables: { request: structType('kubernetes.SubjectAccessReviewSpec') },
  structures: { find: (name) => (Object.hasOwn(structures, name) ? structType(name) : undefined), field: fieldOf },
})

/** A program, or what is wrong with its text. */
export type CompiledCondition = { readonly program: Program } | { readonly problem: string }

/** Compiles an expression over `request`, the spec of a SubjectAccessReview. What does not come to a boolean is a problem. */
export function compileMatchCondition(source: string): CompiledCondition {
  const result = compile(source, conditionEnvironment)
  if (!result.ok)
    return { problem: result.instantiation ? `program instantiation failed: ${result.message}` : `compilation failed: ${result.message}` }
  const { outputType } = result.program
  return sameType(outputType, boolType) ? { program: result.program } : { problem: `must evaluate to bool but got ${outputType.text}` }
}

/**
 * Whether all conditions hold for a question. One that does not decides, whatever failed before it; where none fails to hold and some could
 * not be evaluated, throws an Error with their reasons.
 */
export function conditionMatcher(sources: readonly string[]): (spec: SubjectAccessReviewSpec) => boolean {
  const programs = sources.map((source) => {
    const result = compileMatchCondition(source)
    if ('problem' in result) throw new Error(result.problem)
    return result.program
  })
  return (spec) => {
    const request = adoptStructure(filled(spec), 'kubernetes.SubjectAccessReviewSpec')
    const errors: string[] = []
    for (const program of programs) {
      const outcome = program.run({ request })
      if (outcome.error !== undefined)
        errors.push(`cel evaluation error: expression '${program.source}' resulted in error: ${outcome.error}`)
      else if (outcome.value !== true) return false
    }
    if (errors.length > 0) throw new Error(aggregated(errors))
    return true
  }
}

type Raw = Readonly<Record<string, unknown>>

/** Texts that a review leaves out when they are empty are there for an expression. */
function filled({ user = '', uid = '', groups = [], extra = {}, resourceAttributes, nonResourceAttributes }: SubjectAccessReviewSpec): Raw {
  const empty = { namespace: '', verb: '', group: '', version: '', resource: '', subresource: '', name: '' }
  return {
    user,
    uid,
    groups,
    extra,
    ...(resourceAttributes && { resourceAttributes: { ...empty, ...resourceAttributes } }),
    ...(nonResourceAttributes && { nonResourceAttributes: { path: '', verb: '', ...nonResourceAttributes } }),
  }
}

function adoptStructure(raw: Raw, name: string): Value {
  return {
    kind: 'record',
    raw,
    type: structType(name),
    get: (object, key) => {
      const value = Object.hasOwn(object, key) ? object[key] : undefined
      const type = fieldOf(name, key)
      if (value === undefined || type === undefined) return undefined
      if (type.kind === 'struct') return adoptStructure(value as Raw, type.name)
      const item = type.kind === 'list' ? type.parameters[0] : undefined
      if (item?.kind === 'struct') return { kind: 'list', items: value as Raw[], adopt: (one) => adoptStructure(one as Raw, item.name) }
      return adoptJson(value)
    },
  }
}
