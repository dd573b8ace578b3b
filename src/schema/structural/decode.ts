import { type Diagnosis, diagnose } from '../diagnose.ts'
import { isObject } from '../fields.ts'
import { goJson, quote } from '../go-text.ts'
import { Mismatch } from '../mismatch.ts'
import type { Shape, StructuralShape } from '../schema.ts'
import { coerceEmbedded } from './metadata.ts'
import { dropNulls, prune } from './prune.ts'

/** What reading a custom resource needs from whoever knows the types. `onUnknown` is called for each field that is dropped. */
export interface DecodeTools {
  /** Decodes metadata by its type; throws a `Mismatch`. */
  readonly metadata: (value: unknown) => unknown
  readonly onUnknown: () => void
}

/**
 * An object of a custom resource out of parsed JSON: unknown fields and nulls that may not be are dropped, its own metadata and that of
 * embedded resources brought into its one form. Values are checked later, with the kind's rules. Throws a `Mismatch`.
 */
export function decodeStructural(shape: StructuralShape, value: unknown, { metadata, onUnknown }: DecodeTools): unknown {
  if (!isObject(value)) throw new Mismatch('')
  if (shape.stored === true) return withMetadata(value, forgiving(metadata))
  const pruned = dropNulls(shape.schema, prune(shape.schema, value, { isRoot: true, onUnknown }))
  const coerced = coerceEmbedded(shape.schema, pruned, '', { metadata: (part) => metadata(part), notText: refuse })
  return withMetadata(coerced as Readonly<Record<string, unknown>>, metadata)
}

/** What is unknown in the value, or does not fit, in the reference's words and order. */
export function diagnoseStructural(shape: StructuralShape, value: unknown, check: (shape: Shape, value: unknown) => void): Diagnosis {
  if (!isObject(value)) return { unknown: [], error: 'json: cannot unmarshal into Go value of type map[string]interface {}' }
  const own = diagnose(shape.metadata.shape, value['metadata'] ?? null, check)
  if (own.error !== undefined) return { unknown: [], error: own.error }
  const pruned: string[] = []
  const rest = prune(shape.schema, value, { isRoot: true, onUnknown: (path) => void pruned.push(path) })
  const embedded: string[] = []
  let error: string | undefined
  coerceEmbedded(shape.schema, rest, '', {
    metadata(part, path) {
      const found = diagnose(shape.metadata.shape, part, check)
      if (found.error !== undefined) error ??= `${path}: Invalid value: ${goJson(part)}: ${found.error}`
      embedded.push(...found.unknown.map((text) => `${path}.${fieldOf(text)}`))
      return part
    },
    notText: (path, part) => void (error ??= `${path}: Invalid value: ${goJson(part)}: must be a string`),
  })
  const paths = [...own.unknown.map((text) => `metadata.${fieldOf(text)}`), ...pruned.sort(), ...embedded.sort()]
  return { unknown: paths.map((path) => `unknown field ${quote(path)}`), error }
}

function withMetadata(object: Readonly<Record<string, unknown>>, decode: (value: unknown) => unknown): unknown {
  const { apiVersion, kind, metadata, ...rest } = object
  return {
    ...(apiVersion !== undefined && { apiVersion }),
    ...(kind !== undefined && { kind }),
    ...(metadata !== undefined && metadata !== null && { metadata: decode(metadata) }),
    ...rest,
  }
}

/** Old objects may hold metadata that nobody had checked: what does not fit is left out, field by field. */
const forgiving =
  (decode: (value: unknown) => unknown) =>
  (value: unknown): unknown => {
    try {
      return decode(value)
    } catch (error) {
      if (!(error instanceof Mismatch) || !isObject(value)) throw error
      const parts = Object.entries(value).map(([key, part]) => {
        try {
          return decode({ [key]: part }) as object
        } catch (failure) {
          if (!(failure instanceof Mismatch)) throw failure
          return {}
        }
      })
      return Object.assign({}, ...parts)
    }
  }

function refuse(): never {
  throw new Mismatch('')
}

const fieldOf = (text: string): string => JSON.parse(text.slice('unknown field '.length)) as string
