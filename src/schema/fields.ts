/** Helpers for plain JSON-like values: paths, equality, copies. They know nothing of types. */

/** The value at a path, or undefined. Only own properties count. */
export function getPath(value: unknown, path: readonly (string | number)[]): unknown {
  let current = value
  for (const step of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, step)) return undefined
    current = (current as Record<string | number, unknown>)[step]
  }
  return current
}

/** A copy of `value` with another value at `path`; `undefined` removes the property. Untouched parts are shared. Missing parents become objects. */
export function setPath<T>(value: T, path: readonly (string | number)[], next: unknown): T {
  if (path.length === 0) return next as T
  const [step, ...rest] = path
  if (Array.isArray(value)) {
    const copy = [...value]
    copy[Number(step)] = setPath(copy[Number(step)], rest, next)
    return copy as T
  }
  const copy: Record<string, unknown> = isObject(value) ? { ...value } : {}
  const before = Object.hasOwn(copy, step!) ? copy[step!] : undefined
  const after = setPath(before, rest, next)
  if (after === undefined) delete copy[step!]
  else setOwn(copy, String(step), after)
  return copy as T
}

/** Structural equality of plain values. A property that is undefined counts as absent. */
export function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Number.isNaN(a) && Number.isNaN(b)
  const isList = Array.isArray(a)
  if (isList !== Array.isArray(b)) return false
  if (isList) return equalLists(a, b as unknown[])
  if (a instanceof Uint8Array || b instanceof Uint8Array)
    return a instanceof Uint8Array && b instanceof Uint8Array && Buffer.compare(a, b) === 0
  return equalObjects(a as Record<string, unknown>, b as Record<string, unknown>)
}

/** A deep copy of a plain value. */
export function clone<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(clone) as T
  if (value instanceof Uint8Array) return new Uint8Array(value) as T
  const copy: Record<string, unknown> = {}
  for (const key of Object.keys(value)) setOwn(copy, key, clone((value as Record<string, unknown>)[key]))
  return copy as T
}

/** A plain object: neither null nor a list. */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Sets an own property, also one called `__proto__`, which an assignment would turn into the prototype. */
export function setOwn(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
  else object[key] = value
}

/** The own property, or undefined: never what a prototype offers. */
export const getOwn = (object: Readonly<Record<string, unknown>>, key: string): unknown =>
  Object.hasOwn(object, key) ? object[key] : undefined

function equalLists(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i += 1) if (!deepEqual(a[i], b[i])) return false
  return true
}

function equalObjects(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): boolean {
  let present = 0
  for (const key of Object.keys(a)) {
    const value = a[key]
    if (value === undefined) continue
    present += 1
    if (!Object.hasOwn(b, key) || !deepEqual(value, b[key])) return false
  }
  for (const key of Object.keys(b)) if (b[key] !== undefined) present -= 1
  return present === 0
}

/** Whether Go would leave the value out: nothing, zero, or a list, map or structure without content. */
export function isEmpty(value: unknown): boolean {
  if (typeof value !== 'object' || value === null)
    return value === '' || value === 0 || value === false || value === null || value === undefined
  if (Array.isArray(value)) return value.length === 0
  for (const _ in value) return false
  return true
}
