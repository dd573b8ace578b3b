import { compare, equal } from './equality.ts'
import {
  type DurationValue,
  duration,
  fault,
  isFault,
  itemsOf,
  kindOf,
  type ListValue,
  noSuchOverload,
  type TimestampValue,
  timestamp,
  type UintValue,
  uint,
  type Value,
} from './values.ts'

type Operator = (args: Value[]) => Value

/** An operator by the name that the parser gives it; `undefined` for what is a function. */
export const operatorNamed = (name: string): Operator | undefined => operators[name]

const minInt = -(2n ** 63n)
const maxInt = 2n ** 63n - 1n
const maxUint = 2n ** 64n - 1n
/** 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999999Z. */
export const minTimestamp = -62_135_596_800n * 1_000_000_000n
/** The last moment that a timestamp can be, in nanoseconds since 1970. */
export const maxTimestamp = 253_402_300_799n * 1_000_000_000n + 999_999_999n

/** An int, or the fault of one that does not fit into 64 bits. */
export const checkedInt = (value: bigint): Value => (value < minInt || value > maxInt ? fault('integer overflow') : value)
/** A uint, or the fault of one that does not fit into 64 bits. */
export const checkedUint = (value: bigint): Value => (value < 0n || value > maxUint ? fault('unsigned integer overflow') : uint(value))
/** A span of time within 64 bits of nanoseconds. */
export const checkedDuration = (nanos: bigint): Value => (nanos < minInt || nanos > maxInt ? fault('duration overflow') : duration(nanos))
/** A moment from year 1 to 9999, or the fault of one that is not. */
export const checkedTimestamp = (nanos: bigint): Value =>
  nanos < minTimestamp || nanos > maxTimestamp ? fault('timestamp overflow') : timestamp(nanos)

const unlike = (name: string, a: Value, kinds: string): Value =>
  kinds.split(' ').includes(kindOf(a)) || ['string', 'timestamp', 'duration'].includes(kindOf(a))
    ? noSuchOverload
    : fault(`no such overload: ${name}`)

function numeric(
  name: string,
  kinds: string,
  int: (a: bigint, b: bigint) => Value,
  unsigned: (a: bigint, b: bigint) => Value,
  double: ((a: number, b: number) => number) | undefined,
  other?: (kind: string, a: Value, b: Value) => Value | undefined,
): Operator {
  return (args) => {
    const [a, b] = args as [Value, Value]
    if (typeof a === 'bigint' && typeof b === 'bigint') return int(a, b)
    if (typeof a === 'number' && typeof b === 'number' && double !== undefined) return double(a, b)
    const kind = kindOf(a)
    if (kind === 'uint' && kindOf(b) === 'uint') return unsigned((a as UintValue).value, (b as UintValue).value)
    return other?.(kind, a, b) ?? unlike(name, a, kinds)
  }
}

const plus = numeric(
  '_+_',
  'bytes number bigint list uint',
  (a, b) => checkedInt(a + b),
  (a, b) => checkedUint(a + b),
  (a, b) => a + b,
  (kind, a, b) => {
    const other = kindOf(b)
    if (kind === 'string' && other === 'string') return (a as string) + (b as string)
    if (kind === 'list' && other === 'list') return joined(a as ListValue, b as ListValue)
    if (kind === 'bytes' && other === 'bytes') return Uint8Array.from([...(a as Uint8Array), ...(b as Uint8Array)])
    const nanos = (value: Value): bigint => (value as DurationValue).nanos
    if (kind === 'duration' && other === 'duration') return checkedDuration(nanos(a) + nanos(b))
    if ((kind === 'timestamp' && other === 'duration') || (kind === 'duration' && other === 'timestamp'))
      return checkedTimestamp(nanos(a) + nanos(b))
    return undefined
  },
)

const minus = numeric(
  '_-_',
  'number bigint uint',
  (a, b) => checkedInt(a - b),
  (a, b) => checkedUint(a - b),
  (a, b) => a - b,
  (kind, a, b) => {
    const other = kindOf(b)
    if (kind === 'duration' && other === 'duration') return checkedDuration((a as DurationValue).nanos - (b as DurationValue).nanos)
    if (kind === 'timestamp' && other === 'duration') return checkedTimestamp((a as TimestampValue).nanos - (b as DurationValue).nanos)
    if (kind === 'timestamp' && other === 'timestamp') return checkedDuration((a as TimestampValue).nanos - (b as TimestampValue).nanos)
    return undefined
  },
)

const ordered =
  (name: string, holds: (order: number) => boolean): Operator =>
  ([a, b]) => {
    const order = compare(a as Value, b as Value)
    if (typeof order === 'number') return holds(order)
    if (order === undefined) return false
    return unlike(name, a as Value, 'boolean bytes number bigint uint')
  }

const operators: Readonly<Record<string, Operator>> = {
  '_+_': plus,
  '_-_': minus,
  '_*_': numeric(
    '_*_',
    'number bigint uint',
    (a, b) => checkedInt(a * b),
    (a, b) => checkedUint(a * b),
    (a, b) => a * b,
  ),
  '_/_': numeric(
    '_/_',
    'number bigint uint',
    (a, b) => (b === 0n ? fault('division by zero') : checkedInt(a / b)),
    (a, b) => (b === 0n ? fault('division by zero') : uint(a / b)),
    (a, b) => a / b,
  ),
  '_%_': numeric(
    '_%_',
    'bigint uint',
    (a, b) => (b === 0n ? fault('modulus by zero') : a === minInt && b === -1n ? fault('integer overflow') : a % b),
    (a, b) => (b === 0n ? fault('modulus by zero') : uint(a % b)),
    undefined,
  ),
  '_<_': ordered('_<_', (order) => order < 0),
  '_<=_': ordered('_<=_', (order) => order <= 0),
  '_>_': ordered('_>_', (order) => order > 0),
  '_>=_': ordered('_>=_', (order) => order >= 0),
  '!_': ([a]) => (typeof a === 'boolean' ? !a : noSuchOverload),
  '-_': ([a]) => {
    if (typeof a === 'bigint') return checkedInt(-a)
    if (typeof a === 'number') return -a
    return unlike('-_', a as Value, 'boolean')
  },
  '@not_strictly_false': ([a]) => a !== false,
}

/** Two lists as one. A list without order takes from the other what it has not, and of like keys the other's item. */
function joined(a: ListValue, b: ListValue): Value {
  if (a.growing) {
    ;(a.items as Value[]).push(...itemsOf(b))
    return a
  }
  if (a.merge === undefined) {
    if (a.adopt === b.adopt) return { kind: 'list', items: [...a.items, ...b.items], ...(a.adopt === undefined ? {} : { adopt: a.adopt }) }
    return { kind: 'list', items: [...itemsOf(a), ...itemsOf(b)] }
  }
  const { key } = a.merge
  const items = new Map(itemsOf(a).map((item) => [key(item), item]))
  for (const item of itemsOf(b)) items.set(key(item), item)
  return { kind: 'list', items: [...items.values()], merge: a.merge }
}

export { equal, isFault }
