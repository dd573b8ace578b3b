import { isObject } from '#schema/fields.ts'
import { goJson } from '#schema/go-text.ts'
import { parseExact } from '#schema/json.ts'
import type { Applied, ApplyOptions } from './apply.ts'
import { checkValue } from './check-value.ts'
import { compare } from './compare.ts'
import { ApplyConflict, conflictError } from './conflicts.ts'
import { difference, type FieldSet, isEmptySet, leaf } from './field-set.ts'
import { MergeError } from './merge-error.ts'
import { setOfValue } from './set-of-value.ts'

/** Where kubectl keeps what it applied by itself, before the server could. */
const lastAppliedAnnotation = 'kubectl.kubernetes.io/last-applied-configuration'

/**
 * Lets kubectl take over what it has applied from its own side: a conflict about fields that its annotation names, and that nobody has
 * changed since, is none. Others keep their conflicts.
 */
export function withoutClientSideConflicts(options: Omit<ApplyOptions, 'force'>, apply: () => Applied, forced: () => Applied): Applied {
  try {
    return apply()
  } catch (error) {
    if (options.manager !== 'kubectl' || !(error instanceof ApplyConflict)) throw error
    const allowed = allowedBy(options)
    if (allowed === undefined) throw error
    const left = new Map<string, FieldSet>()
    for (const [id, set] of error.sets) {
      const rest = difference(set, allowed)
      if (!isEmptySet(rest)) left.set(id, rest)
    }
    if (left.size > 0) throw conflictError(left, error.managers)
    return forced()
  }
}

/** The fields of the annotation that are still as it says. */
function allowedBy({ versions, apiVersion, live }: Omit<ApplyOptions, 'force'>): FieldSet | undefined {
  const text = annotationOf(live)
  if (text === '') return undefined
  const schema = versions.schemaOf(apiVersion)!
  try {
    const last: unknown = parseExact(text)
    if (!isObject(last) || last['apiVersion'] !== apiVersion) return undefined
    checkValue(schema, last)
    const changed = compare(schema, last, live, { inMemory: false })
    let set = setOfValue(schema, last)
    for (const gone of [changed?.modified, changed?.added, changed?.removed]) set = difference(set, gone ?? leaf)
    return set
  } catch (error) {
    // An annotation that cannot be read allows nothing.
    if (error instanceof SyntaxError || error instanceof MergeError) return undefined
    throw error
  }
}

/** The applied object with its annotation, where it has one, brought up to date: kubectl may go back to applying from its own side. */
export function withLastApplied(object: unknown, applied: Readonly<Record<string, unknown>>): unknown {
  if (annotationOf(object) === '') return object
  const { metadata } = object as { readonly metadata: { readonly annotations: Readonly<Record<string, string>> } }
  const annotations = { ...metadata.annotations, [lastAppliedAnnotation]: `${goJson(sortedKeys(withoutAnnotation(applied)))}\n` }
  let sizeBytes = 0
  for (const [key, value] of Object.entries(annotations)) sizeBytes += Buffer.byteLength(key) + Buffer.byteLength(value)
  if (sizeBytes > annotationBytes) delete (annotations as Record<string, string>)[lastAppliedAnnotation]
  return { ...(object as object), metadata: { ...metadata, annotations } }
}

function annotationOf(object: unknown): string {
  const { metadata } = (isObject(object) ? object : {}) as {
    readonly metadata?: { readonly annotations?: Readonly<Record<string, unknown>> }
  }
  const found = metadata?.annotations?.[lastAppliedAnnotation]
  return typeof found === 'string' ? found : ''
}

function withoutAnnotation(applied: Readonly<Record<string, unknown>>): unknown {
  const { metadata } = applied
  if (!isObject(metadata) || !isObject(metadata['annotations'])) return applied
  const { [lastAppliedAnnotation]: _last, ...annotations } = metadata['annotations']
  return { ...applied, metadata: { ...metadata, annotations } }
}

function sortedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedKeys)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sortedKeys(value[key])]),
  )
}

// As much as all annotations of an object may have.
const annotationBytes = 256 * 1024
