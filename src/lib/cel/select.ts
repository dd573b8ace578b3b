import { showKey } from './show.ts'
import { entryOf, fault, isList, isMap, itemAt, runtimeType, type Value } from './values.ts'

/** `value.field`. Of what has no fields, no field is there. */
export function select(value: Value, field: string): Value {
  const found = selectPresent(value, field)
  return found === undefined ? fault(`no such key: ${field}`) : found
}

/** `value[index]`. */
export function selectIndex(value: Value, index: Value): Value {
  if (!isList(value)) {
    const found = selectPresent(value, index)
    return found === undefined ? fault(`no such key: ${showKey(index)}`) : found
  }
  const at = listIndex(index)
  if (typeof at !== 'number') return at
  return at >= 0 && at < value.items.length ? itemAt(value, at) : fault(`index out of bounds: ${at}`)
}

/** As `selectIndex`, `undefined` for what is not there. */
export function selectPresent(value: Value, key: Value): Value | undefined {
  if (isMap(value)) return entryOf(value, key)
  if (!isList(value)) return undefined
  const at = listIndex(key)
  if (typeof at !== 'number') return at
  return at >= 0 && at < value.items.length ? itemAt(value, at) : undefined
}

function listIndex(index: Value): number | Value {
  if (typeof index === 'bigint') return Number(index)
  if (typeof index === 'number') return Number.isInteger(index) ? index : fault(`unsupported index value ${index} in list`)
  if (index !== null && typeof index === 'object' && 'kind' in index && index.kind === 'uint') return Number(index.value)
  return fault(`unsupported index type '${runtimeType(index).name}' in list`)
}
