import type { Expr } from '#lib/cel/ast.ts'
import { compile, type Program, type Value } from '#lib/cel/cel.ts'
import { anyType, boolType, type CelType, listType, mapType, sameType, stringType, structType } from '#lib/cel/types.ts'
import { isList, itemsOf } from '#lib/cel/values.ts'
import { environment } from '#schema/cel/environment.ts'
import type { UserInfo } from '../../contract.ts'

/** Expressions over the claims of a token, and over the user that was made of them. */
const claimsEnvironment = environment({ variables: { claims: mapType(stringType, anyType) } })

const userType = structType('kubernetes.UserInfo')
const userFields: Readonly<Record<string, CelType>> = {
  username: stringType,
  uid: stringType,
  groups: listType(stringType),
  extra: mapType(stringType, listType(stringType)),
}
const userEnvironment = environment({
  variables: { user: userType },
  structures: {
    find: (name) => (name === userType.name ? userType : undefined),
    field: (name, field) => (name === userType.name && Object.hasOwn(userFields, field) ? userFields[field] : undefined),
  },
})

/** A program, or what is wrong with its text. */
export type CompiledExpression = { readonly program: Program } | { readonly problem: string }

/** For a mapping: any type will do, what comes of it is judged when it runs. */
export const compileMapping = (source: string): CompiledExpression => compiled(source, claimsEnvironment, undefined)
/** For a rule over claims, which has to say yes or no. */
export const compileClaimRule = (source: string): CompiledExpression => compiled(source, claimsEnvironment, boolType)
/** For a rule over the user. */
export const compileUserRule = (source: string): CompiledExpression => compiled(source, userEnvironment, boolType)

function compiled(source: string, where: typeof claimsEnvironment, type: CelType | undefined): CompiledExpression {
  const result = compile(source, where)
  if (!result.ok)
    return { problem: result.instantiation ? `program instantiation failed: ${result.message}` : `compilation failed: ${result.message}` }
  if (type !== undefined && !sameType(result.program.outputType, type)) return { problem: `must evaluate to ${type.text}` }
  return { program: result.program }
}

/** Runs a mapping or a rule. Throws an Error with the expression and the reason. */
export function runOnClaims(program: Program, claims: Readonly<Record<string, unknown>>): Value {
  return run(program, { claims: adoptClaim(claims) })
}

/** Runs a rule on the user that came of the claims. Throws an Error with the expression and the reason. */
export function runOnUser(program: Program, user: UserInfo): Value {
  const raw = { username: user.name, uid: user.uid ?? '', groups: user.groups, extra: user.extra ?? {} }
  const value: Value = { kind: 'record', raw, type: userType, get: (object, key) => adoptField(object, key) }
  return run(program, { user: value })
}

function run(program: Program, variables: Readonly<Record<string, Value>>): Value {
  const outcome = program.run(variables)
  if (outcome.error !== undefined) throw new Error(`expression '${program.source}' resulted in error: ${outcome.error}`)
  return outcome.value as Value
}

/** A text, or a list of texts, as a list without empty ones. Throws an Error for anything else. */
export function textsOf(value: Value): string[] {
  if (typeof value === 'string') return value === '' ? [] : [value]
  if (value === null) return []
  const items = typeof value === 'object' && isList(value) ? itemsOf(value) : undefined
  if (items === undefined || !items.every((item) => typeof item === 'string'))
    throw new Error('expression must return a string or a list of strings')
  return (items as readonly string[]).filter((item) => item !== '')
}

/** Whether an expression reads this field of the claims: `claims.email`, `claims.?email`. */
export function selects(node: unknown, field: string): boolean {
  if (Array.isArray(node)) return node.some((part) => selects(part, field))
  if (typeof node !== 'object' || node === null) return false
  const expr = node as Expr
  if (expr.kind === 'select' && expr.field === field && isClaims(expr.operand)) return true
  if (expr.kind === 'call' && expr.name === '_?._' && isClaims(expr.args[0])) {
    const [, name] = expr.args
    if (name?.kind === 'literal' && name.value === field) return true
  }
  return Object.entries(node).some(([key, part]) => !checkersOwn.has(key) && selects(part, field))
}

/** What the checker notes on a node, which is no part of the expression. */
const checkersOwn: ReadonlySet<string> = new Set(['type', 'overloads', 'constant', 'resolved'])

const isClaims = (node: Expr | undefined): boolean => node?.kind === 'ident' && node.name === 'claims'

/** Claims are JSON in which every number is a double: so the reference reads them. */
function adoptClaim(raw: unknown): Value {
  if (Array.isArray(raw)) return { kind: 'list', items: raw, adopt: adoptClaim }
  if (typeof raw === 'object' && raw !== null) return { kind: 'record', raw: raw as Record<string, unknown>, get: adoptField }
  return raw === undefined ? null : (raw as Value)
}

const adoptField = (raw: Readonly<Record<string, unknown>>, key: string): Value | undefined =>
  Object.hasOwn(raw, key) && raw[key] !== undefined ? adoptClaim(raw[key]) : undefined
