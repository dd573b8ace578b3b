import type { JsonSchema } from './structural.ts'

/** Whether the schema or any part of it, at whatever depth, is one that `isWanted` says. */
export function someSchema(schema: JsonSchema | undefined, isWanted: (schema: JsonSchema) => boolean): boolean {
  if (schema === undefined) return false
  if (isWanted(schema)) return true
  return partsOf(schema).some((part) => someSchema(part, isWanted))
}

function partsOf(schema: JsonSchema): readonly JsonSchema[] {
  const { items, additionalProperties, additionalItems } = schema
  const parts = [
    ...(items === undefined ? [] : Array.isArray(items) ? (items as readonly JsonSchema[]) : [items as JsonSchema]),
    ...(schema.allOf ?? []),
    ...(schema.anyOf ?? []),
    ...(schema.oneOf ?? []),
    schema.not,
    ...Object.values(schema.properties ?? {}),
    additionalProperties,
    ...Object.values(schema.patternProperties ?? {}),
    additionalItems,
    ...Object.values(schema.definitions ?? {}),
    ...Object.values(schema.dependencies ?? {}),
  ]
  return parts.filter((part): part is JsonSchema => typeof part === 'object' && part !== null && !Array.isArray(part))
}
