import { isKnownFormat } from '#schema/structural/known-formats.ts'
import { someSchema } from '#schema/structural/some-schema.ts'
import { internalSpecOf } from '../internal-spec.ts'
import type { CustomResourceDefinitionSpec } from '../types.ts'

/** Formats in the schemas that values are not checked against: a warning says so. */
export function unrecognizedFormats(spec: CustomResourceDefinitionSpec): string[] {
  const { validation, versions } = internalSpecOf(spec)
  const found: string[] = []
  for (const each of [validation, ...versions.map(({ schema }) => schema)])
    someSchema(each?.openAPIV3Schema, (schema) => {
      if (schema.format && !isKnownFormat(schema.type ?? '', schema.format)) found.push(schema.format)
      return false
    })
  return found
}
