import type { CallCost, CallEstimator, Functions, Range, SizedNode } from './environment.ts'
import { compare, equal } from './equality.ts'
import { addRanges, exactly, multiplyRanges, scaleRange, unbounded } from './range.ts'
import { actualSize } from './runtime-cost.ts'
import { fault, isList, itemsOf, kindOf, type ListValue, listOf, type Value } from './values.ts'

/** More items than a whole budget pays for are not made only to be found too dear. */
const maxRange = 1_000_000

function slice(value: Value, start: Value, end: Value): Value {
  const list = value as ListValue
  const [from, to] = [Number(start), Number(end)]
  const refused = (reason: string): Value => fault(`cannot slice(${from}, ${to}), ${reason}`)
  if (from < 0 || to < 0) return refused('negative indexes not supported')
  if (from > to) return refused('start index must be less than or equal to end index')
  if (list.items.length < to) return refused(`list is length ${list.items.length}`)
  return { kind: 'list', items: list.items.slice(from, to), ...(list.adopt === undefined ? {} : { adopt: list.adopt }) }
}

function flatten(list: Value, depth: Value = 1n): Value {
  if ((depth as bigint) < 0n) return fault('level must be non-negative')
  const flat = (items: readonly Value[], levels: bigint): Value[] =>
    items.flatMap((item) => (isList(item) && levels > 0n ? flat(itemsOf(item), levels - 1n) : [item]))
  return listOf(flat(itemsOf(list as ListValue), depth as bigint))
}

function sortBy(list: Value, keys: Value): Value {
  const [items, by] = [itemsOf(list as ListValue), itemsOf(keys as ListValue)]
  if (items.length !== by.length)
    return fault(
      `@sortByAssociatedKeys() expected a list of the same size as the associated keys list, but got ${items.length} and ${by.length} elements respectively`,
    )
  const [first] = by
  if (first === undefined) return list
  if (by.some((each) => kindOf(each) !== kindOf(first))) return fault('list elements must have the same type')
  if (typeof compare(first, first) === 'object') return fault('list elements must be comparable')
  const order = (a: number, b: number): number => {
    const found = compare(by[a] as Value, by[b] as Value)
    return typeof found === 'number' ? found : 0
  }
  return listOf([...items.keys()].sort(order).map((index) => items[index] as Value))
}

function distinct(list: Value): Value {
  const found: Value[] = []
  for (const item of itemsOf(list as ListValue)) if (!found.some((each) => equal(item, each) === true)) found.push(item)
  return listOf(found)
}

const comparable = ['int', 'uint', 'double', 'bool', 'duration', 'timestamp', 'string', 'bytes'] as const
const runtimeNames: Readonly<Record<string, string>> = { duration: 'google.protobuf.Duration', timestamp: 'google.protobuf.Timestamp' }
const templated = (suffix: string, signature: (type: string) => string, call: (...args: Value[]) => Value): Functions[string] =>
  Object.fromEntries(comparable.map((type) => [`list_${runtimeNames[type] ?? type}_${suffix}`, [signature(type), call]]))

/** The extension library of lists (cel-go `ext/lists.go`, version 3). `sortBy` is a macro. */
export const listFunctions: Functions = {
  slice: { list_slice: ['list(T).(int, int) -> list(T)', slice] },
  flatten: { list_flatten: ['list(list(T)).() -> list(T)', flatten], list_flatten_int: ['list(dyn).(int) -> list(dyn)', flatten] },
  sort: templated(
    'sort',
    (type) => `list(${type}).() -> list(${type})`,
    (list) => sortBy(list as Value, list as Value),
  ),
  '@sortByAssociatedKeys': templated('sortByAssociatedKeys', (type) => `list(T).(list(${type})) -> list(T)`, sortBy),
  'lists.range': {
    lists_range: [
      '(int) -> list(int)',
      (count) => {
        if ((count as bigint) > maxRange) return fault('operation cancelled: actual cost limit exceeded')
        return listOf(Array.from({ length: Math.max(0, Number(count)) }, (_, index) => BigInt(index)))
      },
    ],
  },
  reverse: { list_reverse: ['list(T).() -> list(T)', (list) => listOf([...itemsOf(list as ListValue)].reverse())] },
  distinct: { list_distinct: ['list(T).() -> list(T)', distinct] },
}

const holds = (list: Value, item: Value): boolean => itemsOf(list as ListValue).some((each) => equal(item, each) === true)
const containsAll = (list: Value, part: Value): boolean => itemsOf(part as ListValue).every((each) => holds(list, each))

/** The extension library of sets (cel-go `ext/sets.go`): lists, whatever their order and repetitions. */
export const setFunctions: Functions = {
  'sets.contains': { list_sets_contains_list: ['(list(T), list(T)) -> bool', containsAll] },
  'sets.equivalent': { list_sets_equivalent_list: ['(list(T), list(T)) -> bool', (a, b) => containsAll(a, b) && containsAll(b, a)] },
  'sets.intersects': {
    list_sets_intersects_list: ['(list(T), list(T)) -> bool', (a, b) => itemsOf(a as ListValue).some((each) => holds(b, each))],
  },
}

const base = 11
/** What the calls of both libraries cost, by overload. */
export const listCallCost: CallCost = (_name, overloadId, args, result) => {
  const size = (index: number): number => actualSize(args[index] as Value)
  switch (overloadId) {
    case 'list_slice':
    case 'lists_range':
    case 'list_reverse':
      return base + actualSize(result)
    case 'list_flatten':
      return base + size(0)
    case 'list_flatten_int':
      return base + Math.floor(size(0) * Number(args[1]))
    case 'list_distinct':
      return selfCompare(args[0] as Value)
    case 'list_sets_contains_list':
    case 'list_sets_intersects_list':
      return 1 + size(0) * size(1)
    case 'list_sets_equivalent_list':
      return 1 + 2 * size(0) * size(1)
  }
  if (overloadId.endsWith('_sort')) return selfCompare(args[0] as Value)
  return overloadId.endsWith('_sortByAssociatedKeys') ? selfCompare(args[1] as Value) : undefined
}

function selfCompare(list: Value): number {
  if (!isList(list)) return base
  const [first] = list.items
  const factor = typeof first === 'string' || first instanceof Uint8Array ? 2.1 : 2
  return base + Math.floor(list.items.length ** 2 * factor)
}

/** Their estimated cost. */
export const listCallEstimate: CallEstimator = (_name, overloadId, target, args, sizeOf) => {
  switch (overloadId) {
    case 'list_slice': {
      if (target === undefined) return undefined
      const size = constantOf(args[1]) ?? sizeOf(target).max
      const length = size - (constantOf(args[0]) ?? 0)
      return allocating(1, length < 0 ? { min: unbounded, max: unbounded } : { min: length, max: length })
    }
    case 'lists_range': {
      const size = constantOf(args[0]) ?? unbounded
      return allocating(1, { min: size, max: size })
    }
    case 'list_reverse':
      return target && allocating(1, sizeOf(target))
    case 'list_flatten':
    case 'list_flatten_int':
      return target && allocating(args.length === 0 ? 1 : (constantOf(args[0]) ?? unbounded), sizeOf(target))
    case 'list_distinct':
      return target && allocating(2, squared(sizeOf(target)))
    case 'list_sets_contains_list':
    case 'list_sets_intersects_list':
      return { cost: setsCost(args, sizeOf, 1) }
    case 'list_sets_equivalent_list':
      return { cost: setsCost(args, sizeOf, 2) }
  }
  const factor = /^list_(string|bytes)_/.test(overloadId) ? 2.1 : 2
  if (overloadId.endsWith('_sort')) return target && allocating(factor, squared(sizeOf(target)))
  return overloadId.endsWith('_sortByAssociatedKeys') ? allocating(factor, squared(sizeOf(args[0] as SizedNode))) : undefined
}

const squared = (size: Range): Range => multiplyRanges(size, size)
const allocating = (factor: number, size: Range): { cost: Range; size: Range } => ({
  cost: addRanges(scaleRange(size, factor), exactly(base)),
  size,
})
const setsCost = (args: readonly SizedNode[], sizeOf: (node: SizedNode) => Range, factor: number): Range =>
  addRanges(scaleRange(multiplyRanges(...(args.map(sizeOf) as [Range, Range])), factor), exactly(1))
function constantOf(node: SizedNode | undefined): number | undefined {
  const expr = node?.expr
  if (expr?.kind !== 'literal' || typeof expr.value !== 'bigint') return undefined
  return expr.value < 0n ? 0 : Number(expr.value)
}
