import { charge, type Frame, type Run } from './frame.ts'
import { select, selectPresent } from './select.ts'
import { fault, isFault, isList, isMap, type ListValue, mapKey, noSuchOverload, optionalNone, optionalOf, type Value } from './values.ts'

/** Whether a value is anything but an optional. */
export const kindIsNotOptional = (value: Value): value is Exclude<Value, { kind: 'optional' }> =>
  typeof value !== 'object' || value === null || value instanceof Uint8Array || value.kind !== 'optional'

/** `&&` and `||`: either side may decide, whatever the other one's error. `decisive` is the value that does. */
export function logic(a: Run, b: Run, decisive: boolean): Run {
  return (frame) => {
    const left = a(frame)
    if (left === decisive) return decisive
    const right = b(frame)
    if (right === decisive) return decisive
    if (typeof left === 'boolean' && typeof right === 'boolean') return !decisive
    const bad = typeof left === 'boolean' ? right : left
    return isFault(bad) ? bad : noSuchOverload
  }
}

/** `condition ? then : otherwise`; only the branch that is taken runs. */
export function conditional(condition: Run, then: Run, otherwise: Run): Run {
  return (frame) => {
    const decided = condition(frame)
    if (isFault(decided)) return decided
    if (typeof decided !== 'boolean') return noSuchOverload
    return decided ? then(frame) : otherwise(frame)
  }
}

/** `a.or(b)`, or with `unwrap` `a.orValue(b)`: `b` runs only where `a` holds nothing. */
export function optionalOr(a: Run, b: Run, unwrap: boolean): Run {
  return (frame) => {
    const value = a(frame)
    if (isFault(value) || kindIsNotOptional(value)) return value
    if (value.value === undefined) return b(frame)
    return unwrap ? value.value : value
  }
}

/** What can be no key or index, whatever it is looked up in. */
export function unfitKey(key: Value): string | undefined {
  if (isList(key)) return `invalid qualifier type: ${key.adopt === undefined ? '*types.baseList' : '[]interface {}'}`
  if (isMap(key)) return `invalid qualifier type: ${key.kind === 'map' ? '*types.baseMap' : 'map[string]interface {}'}`
  if (key === null) return 'invalid qualifier type: types.Null'
  return key instanceof Uint8Array ? 'invalid qualifier type: types.Bytes' : undefined
}

/** Inside an optional, selection goes on only where there is a value, and its outcome is optional too. */
export function within(value: Value, next: (inside: Value) => Value | undefined): Value {
  const inside = kindIsNotOptional(value) ? value : value.value
  if (inside === undefined) return optionalNone
  const found = next(inside)
  if (found === undefined) return optionalNone
  return isFault(found) ? found : optionalOf(found)
}

/** The value; one unit is charged for it, but for an optional of nothing. */
export function chargeIfPresent(frame: Frame, value: Value): Value {
  if (isFault(value) || kindIsNotOptional(value) || value.value !== undefined) charge(frame, 1)
  return value
}

/** Says to `selecting` that a field which is not there gives an optional of nothing, and no fault. */
export const selectOptional = 'optional'
/** `base.field`, or `base.?field`. Of an optional the field of what it holds is taken, as an optional again. */
export function selecting(base: Run, field: string, how: typeof select | typeof selectOptional): Run {
  return (frame) => {
    const value = base(frame)
    if (isFault(value)) return value
    if (how !== selectOptional && kindIsNotOptional(value)) {
      charge(frame, 1)
      return select(value, field)
    }
    return chargeIfPresent(
      frame,
      within(value, (inside) => selectPresent(inside, field)),
    )
  }
}

/** `has(base.field)`. */
export function testPresence(base: Run, field: string): Run {
  return (frame) => {
    const value = base(frame)
    if (isFault(value)) return value
    charge(frame, 1)
    const inside = kindIsNotOptional(value) ? value : value.value
    if (inside === undefined) return false
    const found = selectPresent(inside, field)
    return isFault(found) ? found : found !== undefined
  }
}

/** Runs all in order and builds one value of theirs; the first fault ends it. `cost` is charged once, fault or not. */
export function gather(runs: readonly Run[], build: (values: readonly Value[]) => Value, cost: number): Run {
  return (frame) => {
    const values: Value[] = []
    let bad: Value | undefined
    for (const run of runs) {
      const value = run(frame)
      if (isFault(value)) {
        bad = value
        break
      }
      values.push(value)
    }
    charge(frame, cost)
    return bad ?? build(values)
  }
}

/** Whether a value is among constants, all of them scalars: `undefined` where the constants are not. */
export function membership(list: ListValue): ((value: Value) => Value) | undefined {
  const items = list.items as readonly Value[]
  if (items.length === 0) return () => false
  if (items.some((each) => mapKey(each) === undefined && each !== null && typeof each !== 'number')) return undefined
  const keys = new Set<unknown>(items.map((each) => mapKey(each) ?? each))
  return (value) => keys.has(mapKey(value) ?? value)
}

const goNames: Readonly<Record<string, string>> = {
  bigint: 'types.Int',
  number: 'types.Double',
  string: 'types.String',
  boolean: 'types.Bool',
}
/** The fault of a loop over what is neither list nor map. `two`: a loop with two variables, which cel-go refuses in other words. */
export function notIterable(value: Value, two: boolean): Value {
  const name = value === null ? 'types.Null' : (goNames[typeof value] ?? 'ref.Val')
  return fault(two ? `unsupported comprehension range type: ${name}` : `got '${name}', expected iterable type`)
}
