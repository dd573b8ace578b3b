import { type ObjectMeta as Meta, ObjectMeta } from '#api/meta/v1/types.ts'
import { validateMetadata } from '#api/meta/v1/validate-metadata.ts'
import type { Cause } from '#lib/errors.ts'
import { decode } from '#schema/decode.ts'
import { isObject } from '#schema/fields.ts'
import { holdsEmbedded } from '#schema/structural/metadata.ts'
import { additionalOf, propertyOf, type Structural } from '#schema/structural/structural.ts'
import { checkDns1035Label, child, index, invalid, key, required } from '#schema/validate.ts'

/** What is wrong with the identity and metadata of resources embedded in a value (`x-kubernetes-embedded-resource`). */
export function validateEmbedded(schema: Structural | undefined, value: unknown, path = ''): Cause[] {
  if (schema === undefined || !holdsEmbedded(schema)) return []
  if (Array.isArray(value)) return value.flatMap((item, i) => validateEmbedded(schema.items, item, index(path, i)))
  if (!isObject(value)) return []
  const causes = schema['x-kubernetes-embedded-resource'] === true ? validateResource(value, path) : []
  for (const name of Object.keys(value)) {
    const property = propertyOf(schema, name)
    const place = property === undefined ? key(path, name) : child(path, name)
    causes.push(...validateEmbedded(property ?? additionalOf(schema), value[name], place))
  }
  return causes
}

function validateResource(resource: Readonly<Record<string, unknown>>, path: string): Cause[] {
  const { apiVersion, kind, metadata } = resource
  const causes: Cause[] = []
  const versionPath = child(path, 'apiVersion')
  if (apiVersion === undefined) causes.push(required(versionPath))
  if (kind === undefined) causes.push(required(child(path, 'kind')))
  if (apiVersion !== undefined) {
    if (typeof apiVersion !== 'string') causes.push(invalid(versionPath, apiVersion, 'must be a string'))
    else if (apiVersion === '') causes.push(invalid(versionPath, apiVersion, 'must not be empty'))
    else if (apiVersion.split('/').length > 2)
      causes.push(invalid(versionPath, apiVersion, `unexpected GroupVersion string: ${apiVersion}`))
  }
  const kindPath = child(path, 'kind')
  if (kind !== undefined) {
    if (typeof kind !== 'string') causes.push(invalid(kindPath, kind, 'must be a string'))
    else if (kind === '') causes.push(invalid(kindPath, kind, 'must not be empty'))
    else {
      const problems = checkDns1035Label(kind.toLowerCase())
      if (problems.length > 0)
        causes.push(invalid(kindPath, kind, `may have mixed case, but should otherwise match: ${problems.join(',')}`))
    }
  }
  return metadata === undefined ? causes : [...causes, ...validateMeta(metadata, child(path, 'metadata'))]
}

function validateMeta(value: unknown, path: string): Cause[] {
  const { value: decoded, errors } = decode(ObjectMeta, value ?? {})
  if (errors.length > 0) return [invalid(path, value, errors[0])]
  const meta = decoded as Meta
  const named = { ...meta, name: meta.name || 'fakename' }
  // How the name of a resource that is not stored here has to look is not known, beyond that it fits into a path.
  return [...validateMetadata(named, { scope: meta.namespace ? 'Namespaced' : 'Cluster', rules: { validateName: checkPathSegment } }, path)]
}

function checkPathSegment(name: string): readonly string[] {
  if (name === '.' || name === '..') return [`may not be '${name}'`]
  return ['/', '%'].filter((character) => name.includes(character)).map((character) => `may not contain '${character}'`)
}
