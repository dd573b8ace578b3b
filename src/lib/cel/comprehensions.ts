import type { Functions } from './environment.ts'
import { fault, type MapKey, type MapValue, mapKey, type Value } from './values.ts'

function insert(map: Value, key: Value, value: Value): Value {
  const target = map as MapValue
  const found = mapKey(key)
  if (found === undefined) return fault('unsupported key type')
  if (target.entries.has(found)) return fault(`insert failed: key ${String(found)} already exists`)
  if (target.growing) {
    ;(target.entries as Map<MapKey, readonly [Value, Value]>).set(found, [key, value])
    return target
  }
  return { kind: 'map', entries: new Map([...target.entries, [found, [key, value]]]) }
}

function insertAll(map: Value, added: Value): Value {
  let result = map
  for (const [key, value] of (added as MapValue).entries.values()) {
    result = insert(result, key, value)
    if ((result as { kind?: string }).kind === 'fault') return result
  }
  return result
}

/** What the two-variable macros that make maps call. */
export const mapInsertFunctions: Functions = {
  'cel.@mapInsert': {
    '@mapInsert_map_key_value': ['(map(K, V), K, V) -> map(K, V)', insert],
    '@mapInsert_map_map': ['(map(K, V), map(K, V)) -> map(K, V)', insertAll],
  },
}
