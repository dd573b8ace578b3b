import { WherryError } from '#lib/errors.ts'
import { clone, deepEqual, isObject, setOwn } from '#schema/fields.ts'

/** More operations are refused, as by the reference. */
export const JSON_PATCH_OPERATIONS_MAX = 10_000
/** How far `copy` may grow a document in all. The reference has the same bound. */
export const JSON_PATCH_COPY_BYTES_MAX = 3 * 1024 * 1024

/**
 * Applies JSON patch operations in order. The document given stays as it is; one failing operation fails them all. Like the reference, and
 * more leniently than RFC 6902: `replace` may set an absent member, `copy` of an absent one gives null, and no operations at all (null) are none.
 * `text` is the patch as it was sent: see `isWrittenOtherwise`.
 */
export function applyJsonPatch(document: unknown, operations: unknown, text = ''): unknown {
  if (operations === null) return document
  if (!Array.isArray(operations)) throw new WherryError('BadRequest', 'a JSON patch must be a list of operations')
  if (operations.length > JSON_PATCH_OPERATIONS_MAX) {
    const limit = `The allowed maximum operations in a JSON patch is ${JSON_PATCH_OPERATIONS_MAX}, got ${operations.length}`
    throw new WherryError('RequestEntityTooLarge', `Request entity too large: ${limit}`)
  }
  const state: State = { root: clone(document), copiedBytes: 0, original: document, isLiteral: specials.test(text) }
  for (const [index, operation] of operations.entries()) apply(state, operation, index)
  return state.root
}

interface State {
  root: unknown
  copiedBytes: number
  readonly original: unknown
  /** The patch's text has characters as they are that the documents of the reference always have escaped. */
  readonly isLiteral: boolean
}

const specials = /[<>&\u2028\u2029]/

function apply(state: State, operation: unknown, index: number): void {
  if (!isObject(operation)) throw refused(index, 'is no object')
  const path = tokensOf(operation['path'], index)
  const from = () => tokensOf(operation['from'], index)
  const value = clone(operation['value'] ?? null)
  const { op } = operation
  if (op === 'add') insert(state, path, value, index)
  else if (op === 'remove') take(state, path, index)
  else if (op === 'replace') replace(state, path, value, index)
  else if (op === 'move') insert(state, path, take(state, from(), index), index)
  else if (op === 'copy') insert(state, path, copy(state, from(), index), index)
  else if (op === 'test') test(state, path, value, index)
  else throw refused(index, `has the unknown op ${JSON.stringify(op)}`)
}

function insert(state: State, path: readonly string[], value: unknown, index: number): void {
  const [parent, key] = parentOf(state, path, index)
  if (Array.isArray(parent)) parent.splice(key === '-' ? parent.length : positionOf(key, parent.length, index), 0, value)
  else setOwn(parent, key, value)
}

function replace(state: State, path: readonly string[], value: unknown, index: number): void {
  if (path.length === 0) {
    state.root = value
    return
  }
  const [parent, key] = parentOf(state, path, index)
  if (Array.isArray(parent)) parent[positionOf(key, parent.length - 1, index)] = value
  else setOwn(parent, key, value)
}

function take(state: State, path: readonly string[], index: number): unknown {
  const [parent, key] = parentOf(state, path, index)
  if (Array.isArray(parent)) return parent.splice(positionOf(key, parent.length - 1, index), 1)[0]
  if (!Object.hasOwn(parent, key)) throw refused(index, `removes ${JSON.stringify(key)}, which does not exist`)
  const value = parent[key]
  delete parent[key]
  return value
}

function copy(state: State, path: readonly string[], index: number): unknown {
  const value = clone(read(state, path, index))
  state.copiedBytes += JSON.stringify(value ?? null).length
  if (state.copiedBytes > JSON_PATCH_COPY_BYTES_MAX) throw refused(index, `copies more than ${JSON_PATCH_COPY_BYTES_MAX} bytes`)
  return value
}

/** An absent value equals null. */
function test(state: State, path: readonly string[], expected: unknown, index: number): void {
  const isEqual = deepEqual(read(state, path, index) ?? null, expected ?? null)
  if (!isEqual || isWrittenOtherwise(state, path, expected, index)) throw refused(index, 'tests for a value that is not there')
}

/** The reference compares texts as they are written: `<` in a patch is not the `\\u003c` of its document, unless the patch itself put it there. */
function isWrittenOtherwise(state: State, path: readonly string[], expected: unknown, index: number): boolean {
  if (!state.isLiteral || !specials.test(JSON.stringify(expected ?? null))) return false
  try {
    return deepEqual(read({ ...state, root: state.original }, path, index), expected)
  } catch (error) {
    // The place is the patch's own.
    if (error instanceof WherryError) return false
    throw error
  }
}

function read(state: State, path: readonly string[], index: number): unknown {
  if (path.length === 0) return state.root
  const [parent, key] = parentOf(state, path, index)
  if (Array.isArray(parent)) return parent[positionOf(key, parent.length - 1, index)]
  return Object.hasOwn(parent, key) ? parent[key] : null
}

function parentOf(state: State, path: readonly string[], index: number): [parent: Record<string, unknown> | unknown[], key: string] {
  if (path.length === 0) throw refused(index, 'addresses the whole document')
  let current = state.root
  for (const token of path.slice(0, -1)) {
    if (Array.isArray(current)) current = current[positionOf(token, current.length - 1, index)]
    else current = isObject(current) && Object.hasOwn(current, token) ? current[token] : undefined
  }
  if (!Array.isArray(current) && !isObject(current)) throw refused(index, 'has a path that leads nowhere')
  return [current, path.at(-1)!]
}

/** A place in a list; negative ones count from the end, as in the reference. */
function positionOf(token: string, last: number, index: number): number {
  const position = /^-?\d{1,9}$/.test(token) ? Number(token) : Number.NaN
  const settled = position < 0 ? position + last + 1 : position
  if (!(settled >= 0 && settled <= last)) throw refused(index, `has the list index ${JSON.stringify(token)}, which does not exist`)
  return settled
}

/** RFC 6901. */
function tokensOf(pointer: unknown, index: number): string[] {
  if (typeof pointer !== 'string') throw refused(index, 'has no path')
  if (pointer === '') return []
  if (!pointer.startsWith('/')) throw refused(index, `has the path ${JSON.stringify(pointer)}, which does not start with "/"`)
  return pointer
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** Clients see the reference's sentence; what was wrong stays in the cause. */
function refused(index: number, what: string): WherryError {
  const cause = new Error(`operation ${index} of the JSON patch ${what}`)
  return new WherryError('Invalid', 'the server rejected our request due to an error in our request', { cause })
}
