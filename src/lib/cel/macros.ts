import { accumulatorName, type Call, type Comprehension, type Expr } from './ast.ts'
import { type Macro, type MacroError, macroKey } from './environment.ts'
import { nodeCount } from './operator-depth.ts'
import type { Value } from './values.ts'

/** `has` and the loops over one variable, as the language defines them (cel-spec, "Macros"). */
export const standardMacros: Readonly<Record<string, Macro>> = {
  [macroKey('has', 1, false)]: ({ args: [argument], at }) => {
    if (argument?.kind !== 'select') return error(argument, 'invalid argument to has() macro')
    return { kind: 'select', offset: at, operand: argument.operand, field: argument.field, testOnly: true }
  },
  [macroKey('all', 2, true)]: oneVariable(all, 'argument must be a simple name'),
  [macroKey('exists', 2, true)]: oneVariable(exists, 'argument must be a simple name'),
  [macroKey('exists_one', 2, true)]: oneVariable(existsOne, 'argument must be a simple name'),
  [macroKey('map', 2, true)]: oneVariable((at, [transform]) => collect(at, transform, undefined), 'argument is not an identifier'),
  [macroKey('map', 3, true)]: oneVariable((at, [filter, transform]) => collect(at, transform, filter), 'argument is not an identifier'),
  [macroKey('filter', 2, true)]: (call) => {
    const variable = call.args[0]
    return oneVariable((at, [filter]) => collect(at, variable, filter), 'argument is not an identifier')(call)
  },
}

/** The loops over key (or index) and value: the library of two-variable comprehensions. */
export const twoVariableMacros: Readonly<Record<string, Macro>> = {
  [macroKey('all', 3, true)]: twoVariables(all),
  [macroKey('exists', 3, true)]: twoVariables(exists),
  [macroKey('existsOne', 3, true)]: twoVariables(existsOne),
  [macroKey('exists_one', 3, true)]: twoVariables(existsOne),
  [macroKey('transformList', 3, true)]: twoVariables((at, [transform]) => collect(at, transform, undefined)),
  [macroKey('transformList', 4, true)]: twoVariables((at, [filter, transform]) => collect(at, transform, filter)),
  [macroKey('transformMap', 3, true)]: twoVariables((at, [transform], key) => insert(at, [ident(at, key), transform], undefined)),
  [macroKey('transformMap', 4, true)]: twoVariables((at, [filter, transform], key) => insert(at, [ident(at, key), transform], filter)),
  [macroKey('transformMapEntry', 3, true)]: twoVariables((at, [transform]) => insert(at, [transform], undefined)),
  [macroKey('transformMapEntry', 4, true)]: twoVariables((at, [filter, transform]) => insert(at, [transform], filter)),
}

/** `optMap` and `optFlatMap`: the value of an optional under a name, where it has one. */
export const optionalMacros: Readonly<Record<string, Macro>> = {
  [macroKey('optMap', 2, true)]: (call) => optional(call, 'optMap', (at, bound) => invoke(at, 'of', [bound], ident(at, 'optional'))),
  [macroKey('optFlatMap', 2, true)]: (call) => optional(call, 'optFlatMap', (_at, bound) => bound),
}

/** `cel.bind(name, value, expression)`: the value under a name. */
export const bindMacro: Readonly<Record<string, Macro>> = {
  [macroKey('bind', 3, true)]: ({ target, args: [variable, value, within], at }) => {
    if (target?.kind !== 'ident' || target.name !== 'cel') return undefined
    if (variable?.kind !== 'ident') return error(variable, 'cel.bind() variable names must be simple identifiers')
    return bind(at, variable.name, value as Expr, within as Expr)
  },
}

/** `x.sortBy(e, key)`: the list ordered by what an expression says of each item. */
export const sortByMacro: Readonly<Record<string, Macro>> = {
  [macroKey('sortBy', 2, true)]: (call) => {
    const { target, at } = call
    if (target !== undefined && !['list', 'ident', 'select', 'comprehension', 'call'].includes(target.kind))
      return error(target, 'sortBy can only be applied to a list, identifier, comprehension, call or select expression')
    const [variable, key] = call.args
    const mapped = standardMacros[macroKey('map', 2, true)]?.({ target: ident(at, sortInput), args: [variable as Expr, key as Expr], at })
    if (mapped === undefined || mapped.kind === 'macro error') return mapped
    return bind(at, sortInput, target as Expr, invoke(at, '@sortByAssociatedKeys', [mapped], ident(at, sortInput)))
  },
}
const sortInput = '@__sortBy_input__'

type Loop = Pick<Comprehension, 'initial' | 'condition' | 'step' | 'result'>
type MakeLoop = (at: number, rest: readonly (Expr | undefined)[], variable: string) => Loop

function oneVariable(make: MakeLoop, notAName: string): Macro {
  return ({ target, args, at }) => {
    const [variable, ...rest] = args
    if (variable?.kind !== 'ident') return error(variable, notAName)
    if (variable.name === accumulatorName) return error(variable, 'iteration variable overwrites accumulator variable')
    return loop(at, target as Expr, variable.name, undefined, make(at, rest, variable.name))
  }
}

function twoVariables(make: MakeLoop): Macro {
  return ({ target, args, at }) => {
    const [first, second, ...rest] = args
    if (first?.kind !== 'ident') return error(first, 'argument must be a simple name')
    if (second?.kind !== 'ident') return error(second, 'argument must be a simple name')
    if (first.name === second.name) return error(second, `duplicate variable name: ${first.name}`)
    for (const each of [first, second])
      if (each.name === accumulatorName) return error(each, 'iteration variable overwrites accumulator variable')
    return loop(at, target as Expr, first.name, second.name, make(at, rest, first.name))
  }
}

function all(at: number, [predicate]: readonly (Expr | undefined)[]): Loop {
  const condition = call(at, '@not_strictly_false', accumulator(at))
  return { initial: literal(at, true), condition, step: call(at, '_&&_', accumulator(at), predicate), result: accumulator(at) }
}

function exists(at: number, [predicate]: readonly (Expr | undefined)[]): Loop {
  const condition = call(at, '@not_strictly_false', call(at, '!_', accumulator(at)))
  return { initial: literal(at, false), condition, step: call(at, '_||_', accumulator(at), predicate), result: accumulator(at) }
}

function existsOne(at: number, [predicate]: readonly (Expr | undefined)[]): Loop {
  const step = call(at, '_?_:_', predicate, call(at, '_+_', accumulator(at), literal(at, 1n)), accumulator(at))
  return { initial: literal(at, 0n), condition: literal(at, true), step, result: call(at, '_==_', accumulator(at), literal(at, 1n)) }
}

function collect(at: number, item: Expr | undefined, filter: Expr | undefined): Loop {
  const appended = call(at, '_+_', accumulator(at), list(at, item as Expr))
  const step = filter === undefined ? appended : call(at, '_?_:_', filter, appended, accumulator(at))
  return { initial: list(at), condition: literal(at, true), step, result: accumulator(at) }
}

function insert(at: number, entry: readonly (Expr | undefined)[], filter: Expr | undefined): Loop {
  const inserted = call(at, 'cel.@mapInsert', accumulator(at), ...entry)
  const step = filter === undefined ? inserted : call(at, '_?_:_', filter, inserted, accumulator(at))
  return { initial: { kind: 'map', offset: at, entries: [] }, condition: literal(at, true), step, result: accumulator(at) }
}

function optional({ target, args, at }: Parameters<Macro>[0], name: string, wrap: (at: number, bound: Expr) => Expr): Expr | MacroError {
  const [variable, mapped] = args
  if (variable?.kind !== 'ident') return error(variable, `${name}() variable name must be a simple identifier`)
  // The target stands twice in the tree: some twenty in each other would be a million.
  if (nodeCount(target as Expr, maxCopied) >= maxCopied) return error(target, `${name}() is nested too deeply`)
  const value = invoke(at, 'value', [], copy(target as Expr))
  const bound = wrap(at, bind(at, variable.name, value, mapped as Expr))
  return call(at, '_?_:_', invoke(at, 'hasValue', [], target as Expr), bound, invoke(at, 'none', [], ident(at, 'optional')))
}

/** A name for a value: a loop over nothing whose accumulator is the value. It is read lazily, so an unused one is never computed. */
const bind = (at: number, name: string, value: Expr, within: Expr): Expr => ({
  kind: 'comprehension',
  offset: at,
  range: list(at),
  variable: '#unused',
  variable2: undefined,
  accumulator: name,
  initial: value,
  condition: literal(at, false),
  step: ident(at, name),
  result: within,
})

const loop = (at: number, range: Expr, variable: string, variable2: string | undefined, made: Loop): Expr => ({
  kind: 'comprehension',
  offset: at,
  range,
  variable,
  variable2,
  accumulator: accumulatorName,
  ...made,
})
const error = (node: Expr | undefined, message: string): MacroError => ({ kind: 'macro error', offset: node?.offset ?? -1, message })
const literal = (offset: number, value: Value): Expr => ({ kind: 'literal', offset, value })
const ident = (offset: number, name: string): Expr => ({ kind: 'ident', offset, name })
const accumulator = (offset: number): Expr => ident(offset, accumulatorName)
const list = (offset: number, ...items: Expr[]): Expr => ({ kind: 'list', offset, items, optionals: new Set() })
const call = (offset: number, name: string, ...args: (Expr | undefined)[]): Call => ({
  kind: 'call',
  offset,
  name,
  target: undefined,
  args: args as Expr[],
})
const invoke = (offset: number, name: string, args: readonly Expr[], target: Expr): Call => ({ kind: 'call', offset, name, target, args })

/** Nodes that one macro may copy. */
const maxCopied = 10_000

/** A tree of new nodes: the checker writes into nodes, and one that stands in two scopes may have two types. */
function copy(node: Expr): Expr {
  switch (node.kind) {
    case 'literal':
    case 'ident':
      return { ...node }
    case 'select':
      return { ...node, operand: copy(node.operand) }
    case 'call':
      return { ...node, target: node.target && copy(node.target), args: node.args.map(copy) }
    case 'list':
      return { ...node, items: node.items.map(copy) }
    case 'map':
      return { ...node, entries: node.entries.map((each) => ({ ...each, key: copy(each.key), value: copy(each.value) })) }
    case 'struct':
      return { ...node, fields: node.fields.map((each) => ({ ...each, value: copy(each.value) })) }
    case 'comprehension':
      return {
        ...node,
        range: copy(node.range),
        initial: copy(node.initial),
        condition: copy(node.condition),
        step: copy(node.step),
        result: copy(node.result),
      }
  }
}
