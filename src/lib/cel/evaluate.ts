import type { Call, Comprehension, Expr, ListExpr, MapExpr, StructExpr } from './ast.ts'
import { dispatch } from './dispatch.ts'
import type { Environment } from './environment.ts'
import { equal } from './equality.ts'
import { charge, type Frame, overBudget, type Run } from './frame.ts'
import { operatorNamed } from './operators.ts'
import { callCostOf, createCost } from './runtime-cost.ts'
import { select, selectIndex, selectPresent } from './select.ts'
import {
  chargeIfPresent,
  conditional,
  gather,
  kindIsNotOptional,
  logic,
  membership,
  notIterable,
  optionalOr,
  selecting,
  selectOptional,
  testPresence,
  unfitKey,
  within,
} from './steps.ts'
import {
  entryOf,
  fault,
  isFault,
  isList,
  isMap,
  itemAt,
  keysOf,
  type ListValue,
  listOf,
  type MapKey,
  type MapValue,
  mapKey,
  type Value,
} from './values.ts'

/** The variables of a run, by name; `undefined` for one that is not given. A function is asked each time a name is met. */
export type Activation = Readonly<Record<string, Value>> | ((name: string) => Value | undefined)

/** Bounds of one run. */
export interface RunOptions {
  /** The run ends with an error once it has cost more. */
  readonly costLimit?: number
}
/** A run costs about 50 ns a unit, so no expression takes longer than 0.1 s unless told so (the reference's `PerCallLimit`). */
export const defaultCostLimit = 1_000_000

/** How a run ended: with a value or with an error in the words of cel-go, never with both. `cost` is in its units, and counted for errors too. */
export interface Outcome {
  readonly value?: Value
  readonly error?: string
  /** Ended by the cost limit. */
  readonly overBudget?: boolean
  readonly cost: number
}

/** Constants of the expression cannot be evaluated: known before any run. */
export class PlanError extends Error {}

/** Builds the closures of a checked tree. Throws a `PlanError`. */
export function plan(expr: Expr, environment: Environment): (variables: Activation, options?: RunOptions) => Outcome {
  const root = new Planner(environment).plan(expr)
  return (variables, options) => {
    const frame: Frame = {
      variables: typeof variables === 'function' ? variables : (name) => (Object.hasOwn(variables, name) ? variables[name] : undefined),
      locals: [],
      cost: 0,
      limit: options?.costLimit ?? defaultCostLimit,
    }
    try {
      const value = root.run(frame)
      return isFault(value) ? { error: value.message, cost: frame.cost } : { value, cost: frame.cost }
    } catch (error) {
      // What outgrows the engine (a text of more than 2^29 characters, a tree too deep to walk) has outgrown any budget.
      if (error !== overBudget && !(error instanceof RangeError)) throw error
      return { error: 'operation cancelled: actual cost limit exceeded', overBudget: true, cost: frame.cost }
    }
  }
}

/**
 * A part of the plan. `resolve` is the same value at the cost of its parts only: an attribute (a name, and what is selected from it) costs 1
 * as a whole, and only where it is not part of another attribute or the outcome of a conditional.
 */
interface Step {
  readonly run: Run
  readonly resolve: Run
  readonly constant?: { readonly value: Value }
  /** A conditional, or what is selected from one: has no cost of its own. */
  readonly free?: boolean
}

const same = (run: Run): Step => ({ run, resolve: run })
const constant = (value: Value): Step => ({ ...same(() => value), constant: { value } })
const attribute = (resolve: Run, free = false): Step => ({
  resolve,
  free,
  run: free
    ? resolve
    : (frame) => {
        const value = resolve(frame)
        charge(frame, 1)
        return value
      },
})

/** Functions of one constant that are evaluated while planning. */
const conversions: ReadonlySet<string> = new Set([
  'bool',
  'bytes',
  'double',
  'duration',
  'dyn',
  'int',
  'string',
  'timestamp',
  'type',
  'uint',
])

class Planner {
  private readonly environment: Environment
  private readonly places = new Map<string, number[]>()
  private placeCount = 0

  constructor(environment: Environment) {
    this.environment = environment
  }

  plan(node: Expr): Step {
    switch (node.kind) {
      case 'literal':
        return constant(node.value)
      case 'ident':
        return node.constant === undefined ? this.variable(node.name) : constant(node.constant)
      case 'select': {
        const { resolved, field } = node
        if (resolved !== undefined) return resolved.constant === undefined ? this.variable(resolved.name) : constant(resolved.constant)
        const operand = this.plan(node.operand)
        if (node.testOnly) return same(testPresence(operand.resolve, field))
        return attribute(selecting(operand.resolve, field, select), operand.free)
      }
      case 'call':
        return this.call(node)
      case 'list':
        return this.list(node)
      case 'map':
        return this.map(node)
      case 'struct':
        return this.struct(node)
      case 'comprehension':
        return this.comprehension(node)
    }
  }

  private variable(name: string): Step {
    const place = this.places.get(name)?.at(-1)
    if (place === undefined) {
      const missing = fault(`no such attribute(s): ${name}`)
      return attribute((frame) => {
        const value = frame.variables(name)
        return value === undefined ? missing : value
      })
    }
    return attribute((frame) => {
      const value = frame.locals[place]
      if (typeof value !== 'function') return value as Value
      const computed = value()
      frame.locals[place] = computed
      return computed
    })
  }

  private call(node: Call): Step {
    const { name } = node
    const target = node.target === undefined ? [] : [this.plan(node.target)]
    const args = [...target, ...node.args.map((each) => this.plan(each))]
    const [a, b, c] = args as [Step, Step, Step]
    switch (name) {
      case '_&&_':
        return same(logic(a.run, b.run, false))
      case '_||_':
        return same(logic(a.run, b.run, true))
      case '_?_:_':
        return attribute(conditional(a.run, b.resolve, c.resolve), true)
      case '_?._':
        return attribute(selecting(a.resolve, (node.args[1] as { value: string }).value, selectOptional), a.free)
      case '_[_]':
      case '_[?_]':
        return this.index(a, b, name === '_[?_]')
      case 'or':
      case 'orValue':
        if (node.overloads?.some(({ id }) => id.startsWith('optional_or'))) return same(optionalOr(a.run, b.run, name === 'orValue'))
        break
      case '@in': {
        const within = b.constant?.value
        if (within !== undefined && isList(within) && node.overloads?.length === 1) {
          const known = membership(within)
          if (known !== undefined) return same((frame) => passing(a.run(frame), known))
        }
        break
      }
    }
    if (conversions.has(name) && a?.constant !== undefined && args.length === 1) {
      const value = this.function(node)([a.constant.value])
      if (isFault(value)) throw new PlanError(value.message)
      return constant(value)
    }
    this.environment.prepare?.(
      name,
      args.map((each) => each.constant?.value),
    )
    return same(this.strict(node, args))
  }

  /** What a call does with its arguments, none of them a fault. */
  private function(node: Call): (args: Value[]) => Value {
    const { name } = node
    if (name === '_==_') return ([a, b]) => equal(a as Value, b as Value)
    if (name === '_!=_') return ([a, b]) => negated(equal(a as Value, b as Value))
    const overloads = node.overloads ?? []
    const operator = operatorNamed(name)
    const all = this.environment.functions.get(name)?.overloads ?? overloads
    return operator ?? dispatch(name, overloads, all)
  }

  private strict(node: Call, steps: readonly Step[]): Run {
    const call = this.function(node)
    const overloadId = node.overloads?.length === 1 ? (node.overloads[0]?.id ?? '') : ''
    const cost = callCostOf(node.name, overloadId, this.environment.callCost)
    const nonStrict = node.name === '@not_strictly_false'
    const runs = steps.map((each) => each.run)
    if (runs.length === 1) {
      const only = runs[0] as Run
      return (frame) => {
        const value = only(frame)
        const result = isFault(value) ? (nonStrict ? true : value) : call([value])
        charge(frame, cost([value], result))
        return result
      }
    }
    if (runs.length === 2) {
      const [first, second] = runs as [Run, Run]
      return (frame) => {
        const a = first(frame)
        const b = second(frame)
        const result = isFault(a) ? a : isFault(b) ? b : call([a, b])
        charge(frame, cost([a, b], result))
        return result
      }
    }
    return (frame) => {
      const values: Value[] = []
      for (const run of runs) {
        const value = run(frame)
        if (isFault(value)) return value
        values.push(value)
      }
      const result = call(values)
      charge(frame, cost(values, result))
      return result
    }
  }

  private index(operand: Step, index: Step, optional: boolean): Step {
    const unfit = index.constant === undefined ? undefined : unfitKey(index.constant.value)
    if (unfit !== undefined) throw new PlanError(unfit)
    return attribute((frame) => {
      const value = operand.resolve(frame)
      if (isFault(value)) return value
      const at = index.resolve(frame)
      if (isFault(at)) {
        charge(frame, 1)
        return at
      }
      if (!optional && kindIsNotOptional(value)) {
        charge(frame, 1)
        const wrong = unfitKey(at)
        return wrong === undefined ? selectIndex(value, at) : fault(wrong)
      }
      return chargeIfPresent(
        frame,
        within(value, (inside) => selectPresent(inside, at)),
      )
    }, operand.free)
  }

  private list(node: ListExpr): Step {
    const steps = node.items.map((each) => this.plan(each))
    const build = (values: readonly Value[]): Value => {
      if (node.optionals.size === 0) return listOf(values)
      const items: Value[] = []
      for (const [index, value] of values.entries()) {
        if (!node.optionals.has(index)) items.push(value)
        else if (kindIsNotOptional(value)) return fault(`cannot initialize optional list element from non-optional value ${String(value)}`)
        else if (value.value !== undefined) items.push(value.value)
      }
      return listOf(items)
    }
    if (node.optionals.size === 0 && steps.every((each) => each.constant !== undefined))
      return constant(build(steps.map((each) => each.constant?.value as Value)))
    return same(
      gather(
        steps.map((each) => each.run),
        build,
        createCost.list,
      ),
    )
  }

  private map(node: MapExpr): Step {
    const steps = node.entries.flatMap((each) => [this.plan(each.key), this.plan(each.value)])
    const build = (values: readonly Value[]): Value => {
      const entries = new Map<MapKey, readonly [Value, Value]>()
      for (const [index, { optional }] of node.entries.entries()) {
        const key = values[2 * index] as Value
        const value = values[2 * index + 1] as Value
        const found = mapKey(key)
        if (found === undefined) return fault('unsupported key type')
        if (!optional) entries.set(found, [key, value])
        else if (kindIsNotOptional(value))
          return fault(`cannot initialize optional entry '${String(key)}' from non-optional value ${String(value)}`)
        else if (value.value !== undefined) entries.set(found, [key, value.value])
      }
      return { kind: 'map', entries }
    }
    if (node.entries.every((each) => !each.optional) && steps.every((each) => each.constant !== undefined))
      return constant(build(steps.map((each) => each.constant?.value as Value)))
    return same(
      gather(
        steps.map((each) => each.run),
        build,
        createCost.map,
      ),
    )
  }

  private struct(node: StructExpr): Step {
    const runs = node.fields.map((each) => this.plan(each.value).run)
    const { structures } = this.environment
    const build = (values: readonly Value[]): Value => {
      const fields = new Map<string, Value>()
      for (const [index, { name, optional }] of node.fields.entries()) {
        const value = values[index] as Value
        if (!optional) fields.set(name, value)
        else if (kindIsNotOptional(value))
          return fault(`cannot initialize optional entry '${name}' from non-optional value ${String(value)}`)
        else if (value.value !== undefined) fields.set(name, value.value)
      }
      return structures.create?.(node.name, fields) ?? fault(`unknown type: ${node.name}`)
    }
    return same(gather(runs, build, createCost.struct))
  }

  private comprehension(node: Comprehension): Step {
    const range = this.plan(node.range).run
    const initial = this.plan(node.initial).run
    const accumulator = this.open(node.accumulator)
    const first = this.open(node.variable)
    const second = node.variable2 === undefined ? undefined : this.open(node.variable2)
    const condition = this.plan(node.condition).run
    const step = this.plan(node.step).run
    this.close(node.variable)
    if (node.variable2 !== undefined) this.close(node.variable2)
    const result = this.plan(node.result).run
    this.close(node.accumulator)
    return same((frame) => {
      const over = range(frame)
      if (isFault(over)) return over
      if (!isList(over) && !isMap(over)) return notIterable(over, second !== undefined)
      frame.locals[accumulator] = () => growing(initial(frame))
      const keys = isList(over) ? undefined : keysOf(over)
      const size = isList(over) ? over.items.length : (keys as readonly Value[]).length
      for (let index = 0; index < size; index++) {
        const key = keys === undefined ? BigInt(index) : (keys[index] as Value)
        if (second === undefined) frame.locals[first] = keys === undefined ? itemAt(over as ListValue, index) : key
        else {
          frame.locals[first] = key
          frame.locals[second] = keys === undefined ? itemAt(over as ListValue, index) : (entryOf(over as MapValue, key) as Value)
        }
        const goOn = condition(frame)
        if (goOn === false) break
        frame.locals[accumulator] = step(frame)
      }
      return settled(result(frame))
    })
  }

  private open(name: string): number {
    const place = this.placeCount++
    const present = this.places.get(name)
    if (present === undefined) this.places.set(name, [place])
    else present.push(place)
    return place
  }
  private close(name: string): void {
    this.places.get(name)?.pop()
  }
}

/** An empty list or map that a loop starts from grows in place: the loop is its only holder. */
function growing(value: Value): Value {
  if (isList(value) && value.items.length === 0) return { kind: 'list', items: [], growing: true }
  if (isMap(value) && value.kind === 'map' && value.entries.size === 0) return { kind: 'map', entries: new Map(), growing: true }
  return value
}
function settled(value: Value): Value {
  if (isList(value) && value.growing) return { kind: 'list', items: value.items }
  if (isMap(value) && value.kind === 'map' && value.growing) return { kind: 'map', entries: value.entries }
  return value
}

const negated = (value: Value): Value => (typeof value === 'boolean' ? !value : value)
const passing = (value: Value, then: (value: Value) => Value): Value => (isFault(value) ? value : then(value))
