import { type AnyKind, apiVersionOf } from '#api/kind.ts'
import { deepFreeze } from '#lib/freeze.ts'
import { type AnyType, fieldsOf, type Of } from '#schema/schema.ts'

/**
 * An object of JSON as its kind's type promises it, frozen. A server leaves apiVersion and kind out of list items, and writes null for an
 * empty list that the type says is there (as Go does for a nil slice): readers get the names and the empty list.
 */
export function decodeObject<K extends AnyKind>(kind: K, json: unknown): Of<K> {
  const object = json as Record<string, unknown>
  object['apiVersion'] ??= apiVersionOf(kind)
  object['kind'] ??= kind.kind
  fillIn(kind, object)
  return deepFreeze(object) as Of<K>
}

type Fill = (value: Record<string, unknown>) => void

/** Compiled once a type: which of its fields have to be there, and which lead to such. `null`: none at all. */
const fills = new WeakMap<object, Fill | null>()

function fillIn(kind: AnyKind, object: Record<string, unknown>): void {
  fillOf(kind)?.(object)
}

function fillOf(type: AnyType): Fill | null {
  const known = fills.get(type.shape)
  if (known !== undefined) return known
  if (type.shape.kind !== 'message') return null
  // A recursive type meets itself while it is being compiled: it then looks its fill up when it runs.
  const shape = type.shape
  fills.set(shape, (value) => fills.get(shape)?.(value))
  const steps: Fill[] = []
  for (const [name, field] of Object.entries(fieldsOf(type))) {
    const step = fieldStep(name, field.type, field.options.always === true || field.options.required === true)
    if (step !== undefined) steps.push(step)
  }
  const fill: Fill | null =
    steps.length === 0
      ? null
      : (value) => {
          for (const step of steps) step(value)
        }
  fills.set(shape, fill)
  return fill
}

function fieldStep(name: string, type: AnyType, promised: boolean): Fill | undefined {
  const shape = type.shape
  const inner = shape.kind === 'list' ? fillOf(shape.item) : shape.kind === 'map' ? fillOf(shape.value) : fillOf(type)
  if (shape.kind === 'list') {
    if (!promised && inner === null) return undefined
    return (value) => {
      const items = value[name] as Record<string, unknown>[] | null | undefined
      if (items === null || items === undefined) {
        if (promised) value[name] = []
      } else if (inner !== null) for (const item of items) inner(item)
    }
  }
  if (shape.kind === 'map') {
    if (!promised && inner === null) return undefined
    return (value) => {
      const entries = value[name] as Record<string, Record<string, unknown>> | null | undefined
      if (entries === null || entries === undefined) {
        if (promised) value[name] = {}
      } else if (inner !== null) for (const key in entries) inner(entries[key]!)
    }
  }
  if (inner === null) return undefined
  return (value) => {
    const part = value[name] as Record<string, unknown> | null | undefined
    if (part !== null && part !== undefined) inner(part)
    // `status: {}` and the like are left out by no server of ours, but by others: the type says the structure is there.
    else if (promised) inner((value[name] = {}))
  }
}
