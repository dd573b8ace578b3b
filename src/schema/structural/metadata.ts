import { isObject, setOwn } from '../fields.ts'
import { additionalOf, propertyOf, type Structural } from './structural.ts'

/** What embedded resources need of the object's metadata type, which the schema language itself does not know. */
export interface CoerceOptions {
  /** The metadata in its one form. What does not fit is dropped, or thrown as a `Mismatch`. */
  readonly metadata: (value: unknown, path: string) => unknown
  /** Told of an `apiVersion` or `kind` that is no text; returning drops it. */
  readonly notText: (path: string, value: unknown) => void
}

/**
 * Brings the `metadata` of embedded resources (`x-kubernetes-embedded-resource`) into its one form. The object's own is not looked at.
 * Returns the very same value where there is none; never changes its argument.
 */
export function coerceEmbedded(schema: Structural | undefined, value: unknown, path: string, options: CoerceOptions): unknown {
  if (schema === undefined || !holdsEmbedded(schema)) return value
  if (Array.isArray(value)) {
    let copy: unknown[] | undefined
    for (let i = 0; i < value.length; i += 1) {
      const after = coerceEmbedded(schema.items, value[i], `${path}[${i}]`, options)
      if (after === value[i]) continue
      copy ??= [...value]
      copy[i] = after
    }
    return copy ?? value
  }
  if (!isObject(value)) return value
  let copy: Record<string, unknown> | undefined
  const isEmbedded = schema['x-kubernetes-embedded-resource'] === true
  for (const key of Object.keys(value)) {
    const place = path === '' ? key : `${path}.${key}`
    let after: unknown = value[key]
    if (isEmbedded && (key === 'apiVersion' || key === 'kind') && typeof after !== 'string') {
      options.notText(place, after)
      copy ??= { ...value }
      delete copy[key]
      continue
    }
    if (isEmbedded && key === 'metadata') after = options.metadata(after, place)
    const property = propertyOf(schema, key)
    after = coerceEmbedded(
      property ?? additionalOf(schema),
      after,
      property === undefined && path !== '' ? `${path}[${key}]` : place,
      options,
    )
    if (after === value[key]) continue
    copy ??= { ...value }
    setOwn(copy, key, after)
  }
  return copy ?? value
}

/** Whether an embedded resource stands anywhere in the schema. */
export function holdsEmbedded(schema: Structural): boolean {
  const known = holders.get(schema)
  if (known !== undefined) return known
  const parts = [...Object.values(schema.properties ?? {}), additionalOf(schema), schema.items]
  const holds = schema['x-kubernetes-embedded-resource'] === true || parts.some((part) => part !== undefined && holdsEmbedded(part))
  holders.set(schema, holds)
  return holds
}

const holders = new WeakMap<Structural, boolean>()
