import { deepEqual, getOwn, isObject, setOwn } from '#schema/fields.ts'

/**
 * JSON merge patch (RFC 7386): null removes, objects merge, all else replaces. Neither argument changes; untouched parts are shared. Beyond
 * the RFC, and as the reference: objects inside a list lose their nulls too, unless the list takes the place of an object.
 */
export function applyMergePatch(document: unknown, patch: unknown): unknown {
  if (Array.isArray(patch))
    return isObject(document) ? patch : patch.map((item) => (item === null ? null : applyMergePatch(undefined, item)))
  if (!isObject(patch)) return patch
  const result: Record<string, unknown> = isObject(document) ? copyOf(document) : {}
  for (const key of Object.keys(patch)) {
    const change = patch[key]
    if (change === null) delete result[key]
    else setOwn(result, key, applyMergePatch(getOwn(result, key), change))
  }
  return result
}

/** The smallest merge patch that turns `before` into `after`. A null inside `after` cannot be expressed, and reads as absent. */
export function createMergePatch(before: unknown, after: unknown): unknown {
  if (!isObject(before) || !isObject(after)) return after
  const patch: Record<string, unknown> = {}
  for (const key of Object.keys(before)) {
    if (before[key] !== undefined && before[key] !== null && isNothing(getOwn(after, key))) setOwn(patch, key, null)
  }
  for (const key of Object.keys(after)) {
    const next = after[key]
    const previous = getOwn(before, key)
    if (isNothing(next) || deepEqual(previous, next)) continue
    setOwn(patch, key, isObject(previous) && isObject(next) ? createMergePatch(previous, next) : next)
  }
  return patch
}

const isNothing = (value: unknown): boolean => value === undefined || value === null

function copyOf(object: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const copy: Record<string, unknown> = {}
  for (const key of Object.keys(object)) setOwn(copy, key, object[key])
  return copy
}
