import type { Expr } from './ast.ts'
import type { Issue } from './errors.ts'
import { parseSignature } from './signature.ts'
import type { CelType } from './types.ts'
import type { Value } from './values.ts'

/** What an expression may name: variables, functions, macros and structures. Immutable; `extend` makes a larger one. */
export interface Environment {
  readonly variables: ReadonlyMap<string, CelType>
  readonly functions: ReadonlyMap<string, CelFunction>
  readonly macros: ReadonlyMap<string, Macro>
  readonly structures: Structures
  /** Run-time cost of a call where it is not the language's own; `undefined`: the language's. */
  readonly callCost: CallCost
  /** Estimated cost of a call, likewise. */
  readonly callEstimate: CallEstimator
  /** Looks at a checked tree for what the types cannot say: broken constants (a pattern, a time). */
  readonly validate?: (expr: Expr) => readonly Issue[]
  /** Told of each call while planning, with the arguments that are constant: throws a `PlanError` for one that can only fail. */
  readonly prepare?: Prepare
}
/** Looks at a call before any run; `constants` has its arguments, `undefined` for those that only a run knows. Throws a `PlanError`. */
export type Prepare = (name: string, constants: readonly (Value | undefined)[]) => void

/** Every overload of a name, in the order in which they are tried. */
export interface CelFunction {
  readonly name: string
  readonly overloads: readonly Overload[]
}
/** One way to call a function. `id` is cel-go's, by which costs are told. */
export interface Overload {
  readonly id: string
  /** `x.f(y)`: the first parameter is the target. */
  readonly member: boolean
  readonly parameters: readonly CelType[]
  readonly result: CelType
  /** Names of parameters of the types above, fresh in every call. */
  readonly typeParameters: readonly string[]
  /** Called with values of the parameters' types only; a `Fault` is a run-time error. Absent for operators that evaluation knows itself. */
  readonly call: Implementation | undefined
}
/** What a call does. It never throws for a mistake of the expression: it returns a `Fault`. */
export type Implementation = (...args: Value[]) => Value

/** Structures by name. `field` is asked only for names that `find` knows. */
export interface Structures {
  readonly find: (name: string) => CelType | undefined
  readonly field: (name: string, field: string) => CelType | undefined
  /** A value of a literal `Name{field: value}`. */
  readonly create?: (name: string, fields: ReadonlyMap<string, Value>) => Value
}

/** Rewrites a call while parsing; `undefined` leaves it as it is. `at` is the offset of new nodes. */
export type Macro = (call: {
  readonly target: Expr | undefined
  readonly args: readonly Expr[]
  readonly at: number
}) => Expr | MacroError | undefined
/** Why a macro cannot be expanded. `offset`: UTF-16 units into the source. */
export interface MacroError {
  readonly kind: 'macro error'
  readonly offset: number
  readonly message: string
}

/** The cost of a call that was made, in units of cel-go; `undefined` leaves it to the language. */
export type CallCost = (name: string, overloadId: string, args: readonly Value[], result: Value) => number | undefined
/** Sizes are ranges of a length; `Infinity` is no bound. */
export interface Range {
  readonly min: number
  readonly max: number
}
/** A node as a cost estimate sees it. */
export interface SizedNode {
  readonly expr: Expr | undefined
  readonly type: CelType
  /** From a variable through fields, `@items`, `@keys`, `@values` to this node; absent when it is not reachable so. */
  readonly path: readonly string[] | undefined
  /** Known from the expression itself. */
  readonly size: Range | undefined
}
/** Bounds of the cost of a call, and of the length of what it gives, from those of its arguments; `undefined` leaves it to the language. */
export type CallEstimator = (
  name: string,
  overloadId: string,
  target: SizedNode | undefined,
  args: readonly SizedNode[],
  sizeOf: (node: SizedNode) => Range,
) => { readonly cost: Range; readonly size?: Range } | undefined

/** What `extend` adds. Functions: name → overload id → [signature, implementation]. */
export interface Extension {
  readonly variables?: Readonly<Record<string, CelType>>
  readonly functions?: Functions
  readonly macros?: Readonly<Record<string, Macro>>
  readonly structures?: Structures
  readonly callCost?: CallCost
  readonly callEstimate?: CallEstimator
  readonly validate?: (expr: Expr) => readonly Issue[]
  readonly prepare?: Prepare
}
/**
 * Functions by name, then by the id of the overload. A signature reads `string.(int) -> bool`: see signature.ts. One without an implementation is
 * only checked.
 */
export type Functions = Readonly<Record<string, Readonly<Record<string, readonly [signature: string, call?: Implementation]>>>>

/** An environment without anything in it, not even operators. */
export const emptyEnvironment: Environment = {
  variables: new Map(),
  functions: new Map(),
  macros: new Map(),
  structures: { find: () => undefined, field: () => undefined },
  callCost: () => undefined,
  callEstimate: () => undefined,
}

/** `base` and more. An overload with an id that is there already takes its place. */
export function extend(base: Environment, extension: Extension): Environment {
  return {
    variables: extension.variables === undefined ? base.variables : new Map([...base.variables, ...Object.entries(extension.variables)]),
    functions: extension.functions === undefined ? base.functions : withFunctions(base.functions, extension.functions),
    macros: extension.macros === undefined ? base.macros : new Map([...base.macros, ...Object.entries(extension.macros)]),
    structures: extension.structures === undefined ? base.structures : both(extension.structures, base.structures),
    callCost: extension.callCost ?? base.callCost,
    callEstimate: extension.callEstimate ?? base.callEstimate,
    ...optionalPart('validate', extension.validate ?? base.validate),
    ...optionalPart('prepare', extension.prepare ?? base.prepare),
  }
}

const optionalPart = <K extends string, T>(name: K, value: T | undefined): { readonly [key in K]?: T } =>
  (value === undefined ? {} : { [name]: value }) as { readonly [key in K]?: T }

function withFunctions(base: ReadonlyMap<string, CelFunction>, added: Functions): ReadonlyMap<string, CelFunction> {
  const functions = new Map(base)
  for (const [name, overloads] of Object.entries(added)) {
    const made = Object.entries(overloads).map(([id, [signature, call]]): Overload => ({ id, call, ...parseSignature(signature) }))
    const kept = (functions.get(name)?.overloads ?? []).filter((each) => overloads[each.id] === undefined)
    functions.set(name, { name, overloads: [...kept, ...made] })
  }
  return functions
}

const both = (first: Structures, second: Structures): Structures => ({
  find: (name) => first.find(name) ?? second.find(name),
  field: (name, field) => (first.find(name) === undefined ? second.field(name, field) : first.field(name, field)),
  create: (name, fields) => {
    const owner = first.find(name) === undefined ? second : first
    if (owner.create === undefined) return { kind: 'fault', message: `unknown type: ${name}` }
    return owner.create(name, fields)
  },
})

/** The key of a macro: its name, the number of its arguments, and whether it has a target. */
export const macroKey = (name: string, args: number, receiver: boolean): string => `${name}:${args}:${receiver}`
