import { isObject } from '#schema/fields.ts'
import { quote } from '#schema/go-text.ts'
import { applyJsonPatch } from '#schema/patch/json-patch.ts'

/**
 * Why a JSON patch does not apply, in the words of the reference's library, which it shows where a webhook or a policy made the patch. To be
 * asked only once it is known that the patch fails.
 */
export function jsonPatchProblem(document: unknown, operations: readonly unknown[]): string {
  let present = document
  for (const operation of operations) {
    try {
      present = applyJsonPatch(present, [operation])
    } catch {
      return problemOf(present, isObject(operation) ? operation : {})
    }
  }
  return 'the patch fails as a whole'
}

function problemOf(document: unknown, operation: Readonly<Record<string, unknown>>): string {
  const { op, path, from } = operation
  const kind = typeof op === 'string' ? op : 'unknown'
  if (!['add', 'remove', 'replace', 'move', 'test', 'copy'].includes(kind)) return `Unexpected kind: ${kind}`
  const takesFrom = kind === 'move' || kind === 'copy'
  if (takesFrom && typeof from !== 'string') return `${kind} operation failed to decode from: operation, missing from field: ${missing}`
  if (typeof path !== 'string') return `${kind} operation failed to decode path: ${missing}`
  if (takesFrom) {
    const source = placeOf(document, from as string)
    if (source === undefined) return `${kind} operation does not apply: doc is missing from path: ${from as string}: ${missing}`
    const problem = problemAt(source, kind === 'move' ? 'remove' : 'get')
    if (problem !== undefined)
      return kind === 'move'
        ? `error in move for path: '${source.key}': ${problem}`
        : `error in copy for from: '${from as string}': ${problem}`
  }
  const place = placeOf(document, path)
  if (place === undefined) return absent(kind, path)
  if (kind === 'test') return `testing value ${path} failed: test failed`
  const problem = problemAt(place, kind === 'remove' ? 'remove' : kind === 'replace' ? 'get' : 'add')
  if (kind === 'replace' && problem !== undefined) return `replace operation does not apply: doc is missing key: ${path}: ${missing}`
  if (kind === 'copy') return `error while adding value during copy: ${problem ?? missing}`
  return `error in ${kind} for path: '${path}': ${problem ?? missing}`
}

const missing = 'missing value'

function absent(kind: string, path: string): string {
  if (kind === 'move' || kind === 'copy') return `${kind} operation does not apply: doc is missing destination path: ${path}: ${missing}`
  if (kind === 'test') return `test operation does not apply: is missing path: ${path}: ${missing}`
  const shown = kind === 'replace' ? path : `"${path}"`
  return `${kind} operation does not apply: doc is missing path: ${shown}: ${missing}`
}

interface Place {
  readonly holder: readonly unknown[] | Readonly<Record<string, unknown>>
  readonly key: string
}

/** What holds the last part of a pointer (RFC 6901); undefined where there is no such thing. */
function placeOf(document: unknown, path: string): Place | undefined {
  const parts = path.split('/').map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  if (parts.length < 2) return undefined
  let holder = document
  for (const part of parts.slice(1, -1)) holder = Array.isArray(holder) ? holder[Number(part)] : isObject(holder) ? holder[part] : undefined
  return Array.isArray(holder) || isObject(holder) ? { holder, key: parts.at(-1)! } : undefined
}

/** What keeps the key from being read, removed, or added to. */
function problemAt({ holder, key }: Place, how: 'get' | 'remove' | 'add'): string | undefined {
  if (!Array.isArray(holder)) {
    const isMissing = (holder as Readonly<Record<string, unknown>>)[key] === undefined
    return how === 'remove' && isMissing ? `Unable to remove nonexistent key: ${key}: ${missing}` : undefined
  }
  if (how === 'add' && key === '-') return undefined
  if (!/^[-+]?\d+$/.test(key)) {
    const text = `strconv.Atoi: parsing ${quote(key)}: invalid syntax`
    return how === 'add' ? `value was not a proper array index: '${key}': ${text}` : text
  }
  const index = Number(key)
  const length = how === 'add' ? holder.length + 1 : holder.length
  return index >= length || index < -length ? `Unable to access invalid index: ${index}: invalid index referenced` : undefined
}
