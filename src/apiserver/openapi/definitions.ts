/** OpenAPI v3 components in the words of v2: references point elsewhere, and a reference stands alone. */
export function definitionsOf(components: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return walk(components) as Readonly<Record<string, unknown>>
}

function walk(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(walk)
  if (typeof value !== 'object' || value === null) return value
  const object = value as Readonly<Record<string, unknown>>
  const { allOf, oneOf: _oneOf, ...rest } = object
  // `allOf` with one reference is how v3 hangs a default beside it; v2 takes it directly.
  if (Array.isArray(allOf) && allOf.length === 1) {
    const { default: _default, ...siblings } = rest
    return walk({ ...siblings, ...(allOf[0] as object) })
  }
  return Object.fromEntries(
    Object.entries(rest).map(([key, item]) => [
      key,
      key === '$ref' && typeof item === 'string' ? item.replace('#/components/schemas/', '#/definitions/') : walk(item),
    ]),
  )
}
