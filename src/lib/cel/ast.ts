import type { Overload } from './environment.ts'
import type { CelType } from './types.ts'
import type { Value } from './values.ts'

/**
 * What the parser makes and the checker fills in. Nodes are changed in place by the checker only: a name that turns out to be qualified
 * (`optional.of`) becomes one identifier or one call.
 */
export type Expr = Literal | Ident | Select | Call | ListExpr | MapExpr | StructExpr | Comprehension

interface Node {
  /** Where an error about the node points: UTF-16 offset in the source. */
  readonly offset: number
  /** Set by the checker. */
  type?: CelType
}
/** A constant as it stands in the source: `1u`, `"a"`, `null`. */
export interface Literal extends Node {
  readonly kind: 'literal'
  readonly value: Value
}
/** A name. Once checked it is the whole name that was found: `a` in the container `x.y` may be `x.y.a`. */
export interface Ident extends Node {
  readonly kind: 'ident'
  name: string
  /** The name is one of a type, and the node's value is that type. */
  constant?: Value
}
/** A field of a value, `operand.field`, or whether it has one. */
export interface Select extends Node {
  readonly kind: 'select'
  readonly operand: Expr
  readonly field: string
  /** Made by `has()`. */
  readonly testOnly: boolean
  /** The checker found the whole path to be one declared name. */
  resolved?: { readonly name: string; readonly constant?: Value }
}
/** A function or operator with its arguments; operators are called `_+_`, as in cel-go. `target` is what stands before the dot of a method. */
export interface Call extends Node {
  readonly kind: 'call'
  name: string
  target: Expr | undefined
  readonly args: readonly Expr[]
  /** Those that the static types leave possible. */
  overloads?: readonly Overload[]
}
/** A list, `[a, ?b]`. */
export interface ListExpr extends Node {
  readonly kind: 'list'
  readonly items: readonly Expr[]
  /** Indices of items written `?item`. */
  readonly optionals: ReadonlySet<number>
}
/** One entry of a map, `key: value`. `optional`: written `?key`, and left out where its value is an optional of nothing. */
export interface Entry {
  readonly offset: number
  readonly key: Expr
  readonly value: Expr
  readonly optional: boolean
}
/** A map, `{a: b}`. */
export interface MapExpr extends Node {
  readonly kind: 'map'
  readonly entries: readonly Entry[]
}
/** One field of a structure, `name: value`. `optional`: written `?name`. */
export interface FieldInit {
  readonly offset: number
  readonly name: string
  readonly value: Expr
  readonly optional: boolean
}
/** A structure with its fields, `Name{field: value}`. `name` is the whole one once checked. */
export interface StructExpr extends Node {
  readonly kind: 'struct'
  name: string
  readonly fields: readonly FieldInit[]
}
/** Every macro over a list or map becomes one: a loop with an accumulator. */
export interface Comprehension extends Node {
  readonly kind: 'comprehension'
  readonly range: Expr
  readonly variable: string
  /** The second variable of the two-variable form. */
  readonly variable2: string | undefined
  readonly accumulator: string
  readonly initial: Expr
  readonly condition: Expr
  readonly step: Expr
  readonly result: Expr
}

/** The name by which the accumulator of every macro goes. */
export const accumulatorName = '__result__'

/** `a.b.c` as text where a node is nothing but names, `undefined` otherwise. */
export function qualifiedName(node: Expr): string | undefined {
  if (node.kind === 'ident') return node.name
  if (node.kind !== 'select' || node.testOnly) return undefined
  const operand = qualifiedName(node.operand)
  return operand === undefined ? undefined : `${operand}.${node.field}`
}
