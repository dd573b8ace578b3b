type Json = Readonly<Record<string, unknown>>

/**
 * OpenAPI v3 components in the words of v2: references point elsewhere and stand alone, what may be of several sorts is a text, and
 * defaults are left out, as by the reference.
 */
export const definitionsOf = (components: Json): Json => each(components, schemaOf)

const each = (object: unknown, convert: (value: Json) => unknown): Json =>
  Object.fromEntries(Object.entries(object as Json).map(([key, value]) => [key, convert(value as Json)]))

function schemaOf(schema: Json): Json {
  if (typeof schema !== 'object' || schema === null) return schema
  const { allOf, oneOf, default: _default, ...rest } = schema
  // `allOf` with one reference is how v3 hangs a description beside it; v2 takes it directly.
  const inner: Json = Array.isArray(allOf) && allOf.length === 1 ? { ...rest, ...(allOf[0] as Json) } : rest
  return {
    // A choice of types is none that v2 knows; on the wire it is told as a text.
    ...(Array.isArray(oneOf) && inner['type'] === undefined && { type: 'string' }),
    ...Object.fromEntries(Object.entries(inner).map(([key, value]) => [key, partOf(key, value)])),
    ...(Array.isArray(allOf) && allOf.length !== 1 && { allOf: allOf.map(schemaOf) }),
  }
}

/** Names of properties are anybody's: only their values are schemas. */
function partOf(key: string, value: unknown): unknown {
  if (key === '$ref' && typeof value === 'string') return value.replace('#/components/schemas/', '#/definitions/')
  if (key === 'properties') return each(value, schemaOf)
  if (key === 'items' || key === 'additionalProperties') return typeof value === 'object' ? schemaOf(value as Json) : value
  return value
}
