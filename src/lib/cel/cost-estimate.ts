import { accumulatorName, type Call, type Comprehension, type Expr } from './ast.ts'
import type { Environment, Range, SizedNode } from './environment.ts'
import { addRanges, exactly, multiplyRanges, scaleRange, unbounded, unionRange, unknownRange } from './range.ts'
import { createCost, patternFactor, traversalFactor } from './runtime-cost.ts'
import type { CelType } from './types.ts'
import { textSize } from './values.ts'

/** How long a part of the variables may be: `undefined` where nothing is known. */
export type SizeEstimator = (node: SizedNode) => Range | undefined

/** What an expression may cost at least and at most. The rules, odd ones included, are those of cel-go's `checker/cost.go`. */
export function estimateCost(expr: Expr, environment: Environment, sizes: SizeEstimator = () => undefined): Range {
  return new Estimator(environment, sizes).cost(expr)
}

/** Sizes of keys (or indices) and values of a list or map. */
interface EntrySize {
  readonly kind: 'list' | 'map'
  readonly key: Range
  readonly value: Range
}
interface Local {
  readonly path: readonly string[] | undefined
  readonly size: Range | undefined
  readonly entries: EntrySize | undefined
}

class Estimator {
  private readonly environment: Environment
  private readonly sizes: SizeEstimator
  private readonly paths = new Map<Expr, readonly string[]>()
  private readonly known = new Map<Expr, Range>()
  private readonly entries = new Map<Expr, EntrySize>()
  private readonly locals = new Map<string, Local[]>()

  constructor(environment: Environment, sizes: SizeEstimator) {
    this.environment = environment
    this.sizes = sizes
  }

  cost(node: Expr): Range {
    switch (node.kind) {
      case 'literal':
        return exactly(0)
      case 'ident':
        return this.ident(node, node.name)
      case 'select': {
        if (node.resolved !== undefined) return this.ident(node, node.resolved.name)
        const operand = this.cost(node.operand)
        if (node.testOnly) return operand
        const kind = node.operand.type?.kind
        this.paths.set(node, [...(this.pathOf(node.operand) ?? []), node.field])
        return kind === 'map' || kind === 'struct' || kind === 'parameter' ? addRanges(operand, exactly(1)) : operand
      }
      case 'call':
        return this.call(node)
      case 'list': {
        let size: Range = { min: node.items.length === 0 ? 0 : unbounded, max: 0 }
        const costs = node.items.map((item) => {
          const cost = this.cost(item)
          size = unionRange(size, this.sizeOf(item))
          return cost
        })
        this.entries.set(node, { kind: 'list', key: exactly(1), value: size })
        return addRanges(...costs, exactly(createCost.list))
      }
      case 'map': {
        const none = { min: node.entries.length === 0 ? 0 : unbounded, max: 0 }
        let [key, value]: [Range, Range] = [none, none]
        const costs = node.entries.flatMap((entry) => {
          const both = [this.cost(entry.key), this.cost(entry.value)]
          key = unionRange(key, this.sizeOf(entry.key))
          value = unionRange(value, this.sizeOf(entry.value))
          return both
        })
        this.entries.set(node, { kind: 'map', key, value })
        return addRanges(...costs, exactly(createCost.map))
      }
      case 'struct':
        return addRanges(...node.fields.map((field) => this.cost(field.value)), exactly(createCost.struct))
      case 'comprehension':
        return isBind(node) ? this.bind(node) : this.comprehension(node)
    }
  }

  private ident(node: Expr, name: string): Range {
    this.paths.set(node, this.local(name)?.path ?? [name])
    return exactly(1)
  }

  private local(name: string): Local | undefined {
    return this.locals.get(name)?.at(-1)
  }
  private push(name: string, local: Local): void {
    const present = this.locals.get(name)
    if (present === undefined) this.locals.set(name, [local])
    else present.push(local)
  }
  private pop(name: string): void {
    this.locals.get(name)?.pop()
  }

  private pathOf(node: Expr): readonly string[] | undefined {
    const local = node.kind === 'ident' ? this.local(node.name) : undefined
    return local === undefined ? this.paths.get(node) : local.path
  }

  private nodeOf(expr: Expr): SizedNode {
    const path = this.pathOf(expr)
    const root = path?.[0]
    const size = this.computedSize(expr)
    return { expr, type: expr.type as CelType, path: root === accumulatorName ? undefined : path, size }
  }

  private sizeOf(expr: Expr): Range {
    return this.computedSize(expr) ?? unknownRange
  }

  private computedSize(expr: Expr): Range | undefined {
    const known = this.known.get(expr)
    if (known !== undefined) return known
    const own = literalSize(expr)
    if (own !== undefined) return exactly(own)
    const type = expr.type as CelType
    const estimated = this.sizes({ expr, type, path: this.pathOf(expr), size: undefined })
    if (estimated !== undefined) {
      this.known.set(expr, estimated)
      return estimated
    }
    if (isScalar(type)) return exactly(1)
    return expr.kind === 'ident' ? this.local(expr.name)?.size : undefined
  }

  private entriesOf(expr: Expr): EntrySize | undefined {
    return this.entries.get(expr) ?? (expr.kind === 'ident' ? this.local(expr.name)?.entries : undefined)
  }

  private call(node: Call): Range {
    if (node.name === 'dyn') {
      const argument = node.args[0] as Expr
      const cost = addRanges(exactly(1), this.cost(argument))
      this.copySizes(node, argument)
      return cost
    }
    const costs = node.args.map((each) => this.cost(each))
    const args = node.args.map((each) => this.nodeOf(each))
    const overloads = node.name === '_?._' ? [{ id: 'select_optional_field' }] : (node.overloads ?? [])
    if (overloads.length === 0) return exactly(0)
    const targetCost = node.target === undefined ? exactly(0) : this.cost(node.target)
    const target = node.target === undefined ? undefined : this.nodeOf(node.target)
    let cost: Range = { min: unbounded, max: 0 }
    let size: Range | undefined
    for (const { id } of overloads) {
      const estimate = this.overload(node, id, target, args, costs)
      cost = unionRange(cost, estimate.cost)
      if (estimate.size !== undefined) size = size === undefined ? estimate.size : unionRange(size, estimate.size)
      if (id === 'index_list' || id === 'index_map') {
        const container = node.args[0] as Expr
        size = this.entriesOf(container)?.value
        this.paths.set(node, [...(this.pathOf(container) ?? []), id === 'index_list' ? '@items' : '@values'])
      }
      size ??= this.computedSize(node)
    }
    if (size !== undefined) this.known.set(node, size)
    return addRanges(targetCost, cost)
  }

  private overload(
    node: Call,
    id: string,
    target: SizedNode | undefined,
    args: readonly SizedNode[],
    costs: readonly Range[],
  ): { cost: Range; size?: Range } {
    const sizeOf = (each: SizedNode | undefined): Range => each?.size ?? unknownRange
    const estimated = (each: SizedNode): Range => each.size ?? this.sizes(each) ?? unknownRange
    const special = this.environment.callEstimate(node.name, id, target, args, estimated)
    if (special !== undefined) return { ...special, cost: addRanges(special.cost, ...costs) }
    const all = addRanges(...costs)
    const walk = (size: Range): Range => addRanges(scaleRange(size, traversalFactor), all)
    const [first, second] = args
    switch (id) {
      case 'string_format':
        return { cost: walk(sizeOf(target)) }
      case 'string_to_bytes': {
        const size = sizeOf(first)
        return { cost: walk(size), size: { min: size.min, max: Math.min(size.max * 4, unbounded) } }
      }
      case 'bytes_to_string': {
        const size = sizeOf(first)
        return { cost: walk(size), size: { min: Math.floor(size.min / 4), max: size.max } }
      }
      case 'strings_quote': {
        const size = sizeOf(first)
        return { cost: walk(size), size: { min: size.min + 2, max: Math.min(size.max * 2 + 2, unbounded) } }
      }
      case 'starts_with_string':
      case 'ends_with_string':
        return { cost: walk(sizeOf(first)) }
      case 'in_list':
        return { cost: addRanges(sizeOf(second), all) }
      case 'matches_string': {
        const text = scaleRange(addRanges(sizeOf(target), exactly(1)), traversalFactor)
        return { cost: addRanges(multiplyRanges(text, scaleRange(sizeOf(first), patternFactor)), all) }
      }
      case 'contains_string': {
        const [text, part] = [scaleRange(sizeOf(target), traversalFactor), scaleRange(sizeOf(first), traversalFactor)]
        return { cost: addRanges(multiplyRanges(text, part), all) }
      }
      case 'logical_or':
      case 'logical_and': {
        const [left, right] = costs as [Range, Range]
        return { cost: { min: left.min, max: addRanges(left, right).max } }
      }
      case 'conditional': {
        const [condition, then, otherwise] = costs as [Range, Range, Range]
        this.unite(node, node.args[1] as Expr, node.args[2] as Expr)
        return { cost: addRanges(condition, unionRange(then, otherwise)), size: unionRange(sizeOf(args[1]), sizeOf(args[2])) }
      }
      case 'add_string':
      case 'add_bytes':
      case 'add_list': {
        const size = addRanges(sizeOf(first), sizeOf(second))
        this.unite(node, node.args[0] as Expr, node.args[1] as Expr)
        return { cost: id === 'add_list' ? addRanges(exactly(1), all) : walk(size), size }
      }
    }
    if (!compares.test(id)) return { cost: addRanges(exactly(1), all) }
    const smallest = Math.min(sizeOf(first).max, sizeOf(second).max)
    return { cost: walk({ min: smallest > 0 ? 1 : 0, max: smallest }) }
  }

  /** Entries of one of two are what entries of the outcome may be. */
  private unite(node: Expr, a: Expr, b: Expr): void {
    const [left, right] = [this.entriesOf(a), this.entriesOf(b)]
    if (left === undefined || right === undefined) return
    this.entries.set(node, { kind: left.kind, key: unionRange(left.key, right.key), value: unionRange(left.value, right.value) })
  }

  private copySizes(to: Expr, from: Expr): void {
    const size = this.computedSize(from)
    if (size !== undefined) this.known.set(to, size)
    const entries = this.entriesOf(from)
    if (entries !== undefined) this.entries.set(to, entries)
  }

  private bind(node: Comprehension): Range {
    const costs = [this.cost(node.range), this.cost(node.initial)]
    this.pushLocal(node)
    costs.push(this.cost(node.result))
    this.pop(node.accumulator)
    this.copySizes(node, node.result)
    return addRanges(...costs)
  }

  private pushLocal({ accumulator, initial }: Comprehension): void {
    this.push(accumulator, { path: this.pathOf(initial), size: this.computedSize(initial), entries: this.entriesOf(initial) })
  }

  private comprehension(node: Comprehension): Range {
    const costs = [this.cost(node.range), this.cost(node.initial)]
    this.pushLocal(node)
    this.pushIterated(node)
    const loop = this.cost(node.condition)
    const step = this.cost(node.step)
    this.pop(node.variable)
    if (node.variable2 !== undefined) this.pop(node.variable2)
    costs.push(this.cost(node.result))
    this.pop(node.accumulator)
    const count = this.sizeOf(node.range)
    costs.push(multiplyRanges(count, addRanges(step, loop)))
    if (node.initial.kind === 'literal') {
      const size = this.computedSize(node.initial)
      if (size !== undefined) this.known.set(node, size)
    } else if (node.initial.kind === 'list' || node.initial.kind === 'map') {
      this.known.set(node, count)
      const entries = this.entriesOf(node.step)
      if (entries !== undefined) this.entries.set(node, entries)
    }
    return addRanges(...costs)
  }

  private pushIterated(node: Comprehension): void {
    const entries = this.entriesOf(node.range)
    const isList = (entries?.kind ?? node.range.type?.kind) === 'list'
    const path = this.pathOf(node.range) ?? []
    const push = (name: string, part: string, size: Range | undefined): void =>
      this.push(name, { path: [...path, part], size, entries: undefined })
    if (node.variable2 === undefined) {
      push(node.variable, isList ? '@items' : '@keys', isList ? entries?.value : entries?.key)
      return
    }
    push(node.variable, isList ? '@indices' : '@keys', entries?.key)
    push(node.variable2, isList ? '@items' : '@values', entries?.value)
  }
}

const compares = /^(equals|not_equals|(less|less_equals|greater|greater_equals)_(string|bytes))$/

const isBind = (node: Comprehension): boolean =>
  node.range.kind === 'list' &&
  node.range.items.length === 0 &&
  node.condition.kind === 'literal' &&
  node.condition.value === false &&
  node.accumulator !== accumulatorName

function literalSize(expr: Expr): number | undefined {
  switch (expr.kind) {
    case 'literal':
      if (typeof expr.value === 'string') return textSize(expr.value)
      return expr.value instanceof Uint8Array ? expr.value.length : 1
    case 'list':
      return expr.items.length
    case 'map':
      return expr.entries.length
    default:
      return undefined
  }
}

/** Types whose values all have the same size. */
function isScalar(type: CelType): boolean {
  if (type.name === 'optional_type') return isScalar(type.parameters[0] as CelType)
  return ['bool', 'double', 'duration', 'int', 'timestamp', 'uint'].includes(type.kind)
}
