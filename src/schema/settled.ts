import { decode } from './decode.ts'
import { isObject } from './fields.ts'
import { isNoted } from './given-empty.ts'
import { compareBytes, encodeJson, parseExact } from './json.ts'
import { fieldsPlan, isEmptyFor, type PlannedField } from './plan.ts'
import type { AnyType, Shape } from './schema.ts'
import { zeroOf } from './zero.ts'

/**
 * The value as it comes back from the store: what `decode` makes of its canonical JSON, without writing and reading that. Whatever is in that
 * form already is the very same object in the result. `value` is one that `encodeJson` takes for the type; it is not changed. `before`, where
 * there is one, came back from the store before: what both share needs no look.
 */
export function settled<T>(type: AnyType, value: T, before?: unknown): T {
  return settlerOf(type.shape)(value, before) as T
}

type Settler = (value: unknown, before?: unknown) => unknown
const settlers = new WeakMap<Shape, Settler>()

function settlerOf(shape: Shape): Settler {
  const known = settlers.get(shape)
  if (known !== undefined) return known
  const made = makeSettler(shape)
  settlers.set(shape, made)
  return made
}

function makeSettler(shape: Shape): Settler {
  switch (shape.kind) {
    case 'string':
    case 'bytes':
    case 'bool':
    case 'int32':
    case 'uint32':
    case 'int64':
    case 'uint64':
    case 'double':
    case 'intOrString':
    case 'json':
      return same
    case 'list':
      return listSettler(shape.item.shape)
    case 'map':
      return mapSettler(shape.value.shape)
    case 'message':
      return messageSettler(shape)
    default:
      return throughJson(shape)
  }
}

const same: Settler = (value) => value

const nothing: readonly unknown[] = []
const unknown: Readonly<Record<string, unknown>> = {}

/** The long way, for what has many forms. */
function throughJson(shape: Shape): Settler {
  const type = { shape } as AnyType
  return (value, before) => {
    if (value === before && value !== null && value !== undefined) return value
    if (typeof value === 'object' && value !== null) return decode(type, parseExact(encodeJson(type, value)), { strict: false }).value
    return value === null || value === undefined ? null : decode(type, value, { strict: false }).value
  }
}

function listSettler(item: Shape): Settler {
  const settleItem = itemSettler(item)
  return (value, before) => {
    if (value === before) return value
    const list = value as readonly unknown[]
    const known = Array.isArray(before) ? before : nothing
    let copy: unknown[] | undefined
    for (let i = 0; i < list.length; i += 1) {
      const after = settleItem(list[i], known[i])
      if (after === list[i]) continue
      copy ??= [...list]
      copy[i] = after
    }
    return copy ?? list
  }
}

function mapSettler(item: Shape): Settler {
  const settleItem = itemSettler(item)
  return (value, before) => {
    if (value === before) return value
    const map = value as Readonly<Record<string, unknown>>
    const keys = Object.keys(map)
    let isSame = true
    for (let i = 1; isSame && i < keys.length; i += 1) isSame = compareBytes(keys[i - 1]!, keys[i]!) < 0
    const items: unknown[] = []
    for (const key of keys) {
      const after = settleItem(map[key])
      isSame &&= after === map[key]
      items.push(after)
    }
    if (isSame) return map
    const order = keys.map((_, i) => i).sort((a, b) => compareBytes(keys[a]!, keys[b]!))
    return Object.fromEntries(order.map((i) => [keys[i], items[i]]))
  }
}

/** Nothing in a list or a map is the zero value of its type. */
function itemSettler(item: Shape): Settler {
  let settle: Settler | undefined
  return (value, before) => {
    settle ??= settlerOf(item)
    if (value !== null && value !== undefined) return settle(value, before)
    return item.kind === 'json' ? null : settledZero(item)
  }
}

interface FieldSettler extends PlannedField {
  readonly settle: Settler
  readonly isEmpty: (value: unknown) => boolean
}

function messageSettler(shape: Shape & { kind: 'message' }): Settler {
  let fields: readonly FieldSettler[] | undefined
  return (value, before) => {
    if (value === before || !isObject(value)) return value
    const known = isObject(before) ? before : unknown
    fields ??= fieldsPlan(shape).map((field) => ({ ...field, settle: settlerOf(field.shape), isEmpty: isEmptyFor(field.shape) }))
    // In the declared order as it stands, as far as names tell? Then it is copied only when a value turns out otherwise.
    let copy: Record<string, unknown> | undefined = isOrdered(fields, value) ? undefined : {}
    for (let i = 0; i < fields.length; i += 1) {
      const field = fields[i]!
      const given = value[field.name]
      const after = settledField(field, given, known[field.name])
      if (copy === undefined && after !== given) {
        copy = {}
        for (let before = 0; before < i; before += 1) {
          const { name } = fields[before]!
          if (value[name] !== undefined) copy[name] = value[name]
        }
      }
      if (copy !== undefined && after !== undefined) copy[field.name] = after
    }
    return copy ?? value
  }
}

/** `undefined`: the field is not there. */
function settledField({ shape, pointer, kept, settle, isEmpty }: FieldSettler, given: unknown, before: unknown): unknown {
  if (given === undefined || given === null) return kept && !pointer ? settledZero(shape) : undefined
  if (pointer || kept) return settle(given, before)
  if (given === before && typeof given === 'object') return given
  if (isEmpty(given)) return undefined
  const after = settle(given, before)
  return isEmpty(after) ? undefined : after
}

/** Whether all names are declared and stand in the declared order, and nothing else hangs on the message. */
function isOrdered(fields: readonly FieldSettler[], value: Readonly<Record<string, unknown>>): boolean {
  if (isNoted(value)) return false
  let at = 0
  for (const key in value) {
    while (at < fields.length && fields[at]!.name !== key) at += 1
    if (at === fields.length || value[key] === undefined) return false
    at += 1
  }
  return true
}

/** A zero value as it is written and read: what is a structure holds what it always has. */
function settledZero(shape: Shape): unknown {
  const zero = zeroOf(shape)
  return shape.kind === 'message' ? settlerOf(shape)(zero) : zero
}
