import type { Cause } from '#lib/errors.ts'
import { child, forbidden, index, invalid, key, required } from '../validate.ts'
import { reOf } from './pattern.ts'
import { additionalOf, type JsonSchema, type Structural } from './structural.ts'

/** Why a schema cannot be taken for a structural one at all; undefined when it can. */
export function structuralProblem(schema: JsonSchema | undefined): string | undefined {
  if (schema === undefined) return undefined
  const own = unsupported(schema)
  if (own !== undefined) return own
  const { items } = schema
  const nested = [
    ...(schema.not === undefined ? [] : [schema.not]),
    ...(schema.allOf ?? []),
    ...(schema.anyOf ?? []),
    ...(schema.oneOf ?? []),
  ]
  for (const part of nested) {
    const problem = structuralProblem(part)
    if (problem !== undefined) return problem
  }
  if (schema['x-kubernetes-preserve-unknown-fields'] === false)
    return "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined"
  if (Array.isArray(items)) {
    if (items.length > 0) return "OpenAPIV3Schema 'items' must be a schema, but is an array"
  } else if (items !== undefined) {
    const problem = structuralProblem(items as JsonSchema)
    if (problem !== undefined) return problem
  }
  const { additionalProperties } = schema
  const parts = [...Object.values(schema.properties ?? {}), ...(typeof additionalProperties === 'object' ? [additionalProperties] : [])]
  for (const part of parts) {
    const problem = structuralProblem(part)
    if (problem !== undefined) return problem
  }
  return undefined
}

function unsupported(schema: JsonSchema): string | undefined {
  const refuse = (name: string): string => `OpenAPIV3Schema '${name}' is not supported`
  if (schema.id) return refuse('id')
  if (schema.$schema) return refuse('schema')
  if (schema.$ref) return refuse('$ref')
  if (Object.keys(schema.patternProperties ?? {}).length > 0) return refuse('patternProperties')
  if (Object.keys(schema.dependencies ?? {}).length > 0) return refuse('dependencies')
  if (schema.additionalItems !== undefined) return refuse('additionalItems')
  if (Object.keys(schema.definitions ?? {}).length > 0) return refuse('definitions')
  return undefined
}

/**
 * All in which a schema is not structural (KEP-1979, API docs "Specifying a structural schema"), in the order of the texts, as the reference
 * has it. `structuralProblem` has to have found nothing.
 */
export function validateStructural(schema: Structural, path: string): Cause[] {
  const causes = [...invariants(schema, 'root', path), ...valueCompleteness(schema, schema, path, path)]
  const textOf = ({ field, message }: Cause): string => `${field}: ${message}`
  return causes.sort((a, b) => (textOf(a) < textOf(b) ? -1 : 1))
}

type Level = 'root' | 'item' | 'field'

function invariants(schema: Structural, level: Level, path: string): Cause[] {
  const causes: Cause[] = []
  const { items, type } = schema
  if (type === 'array' && items === undefined) causes.push(required(child(path, 'items'), 'must be specified'))
  if (items !== undefined) causes.push(...invariants(items, 'item', child(path, 'items')))
  for (const [name, part] of Object.entries(schema.properties ?? {}))
    causes.push(...invariants(part, 'field', key(child(path, 'properties'), name)))
  if (schema.additionalProperties !== undefined) {
    if (level === 'root') causes.push(forbidden(child(path, 'additionalProperties'), 'must not be used at the root'))
    const additional = additionalOf(schema)
    if (additional !== undefined) causes.push(...invariants(additional, 'field', child(path, 'additionalProperties')))
  }
  causes.push(...extensions(schema, path))
  causes.push(...valueRules(schema, isIntOrString(schema.anyOf), isIntOrString(schema.allOf?.[0]?.anyOf), path))
  const isEmbedded = schema['x-kubernetes-embedded-resource'] === true
  const typePath = child(path, 'type')
  if (isEmbedded && type !== 'object') {
    const detail = 'must be object if x-kubernetes-embedded-resource is true'
    causes.push(type ? invalid(typePath, type, detail) : required(typePath, detail))
  } else if (!type && !schema['x-kubernetes-int-or-string'] && !schema['x-kubernetes-preserve-unknown-fields'])
    causes.push(required(typePath, emptyType[level]))
  if (isEmbedded && schema.additionalProperties !== undefined)
    causes.push(forbidden(child(path, 'additionalProperties'), 'must not be used if x-kubernetes-embedded-resource is set'))
  if (level === 'root' && type && type !== 'object') causes.push(invalid(typePath, type, 'must be object at the root'))
  causes.push(...identityRules(schema, level, path))
  if (isEmbedded && !schema['x-kubernetes-preserve-unknown-fields'] && Object.keys(schema.properties ?? {}).length === 0)
    causes.push(
      required(
        child(path, 'properties'),
        'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
      ),
    )
  return causes
}

const emptyType: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
}

/** Of `apiVersion`, `kind` and `metadata` a schema may say little, since they are what they are. */
function identityRules(schema: Structural, level: Level, path: string): Cause[] {
  const isResource = level === 'root' || schema['x-kubernetes-embedded-resource'] === true
  const causes: Cause[] = []
  const at = (name: string): string => key(child(path, 'properties'), name)
  for (const name of ['kind', 'apiVersion']) {
    const part = ownProperty(schema, name)
    if (isResource && part !== undefined && part.type !== 'string')
      causes.push(invalid(child(at(name), 'type'), part.type ?? '', 'must be string'))
  }
  const metadata = ownProperty(schema, 'metadata')
  if (metadata === undefined) return causes
  if (isResource && metadata.type !== 'object') causes.push(invalid(child(at('metadata'), 'type'), metadata.type ?? '', 'must be object'))
  if (level === 'root' && saysMoreThanNames(metadata))
    causes.push(
      forbidden(at('metadata'), 'must not specify anything other than name and generateName, but metadata is implicitly specified'),
    )
  return causes
}

function saysMoreThanNames(metadata: Structural): boolean {
  const { type: _type, default: _default, properties, ...rest } = metadata
  const names = Object.keys(properties ?? {})
  if (names.some((name) => name !== 'name' && name !== 'generateName')) return true
  return Object.values(rest).some(
    (value) => value !== undefined && value !== false && value !== '' && !(Array.isArray(value) && value.length === 0),
  )
}

const ownProperty = (schema: Structural, name: string): Structural | undefined =>
  schema.properties !== undefined && Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined

/** The two forms that say again what `x-kubernetes-int-or-string` says, and are let through. */
function isIntOrString(anyOf: readonly JsonSchema[] | undefined): boolean {
  if (anyOf?.length !== 2) return false
  return anyOf.every((part, i) => Object.keys(part).length === 1 && part.type === (i === 0 ? 'integer' : 'string'))
}

function extensions(schema: Structural, path: string): Cause[] {
  if (!schema['x-kubernetes-int-or-string']) return []
  return (['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource'] as const)
    .filter((name) => schema[name] === true)
    .map((name) => invalid(child(path, name), true, 'must be false if x-kubernetes-int-or-string is true'))
}

function valueRules(schema: JsonSchema, skipsAnyOf: boolean, skipsFirstAllOf: boolean, path: string): Cause[] {
  const causes: Cause[] = []
  if (!skipsAnyOf)
    for (const [i, part] of (schema.anyOf ?? []).entries()) causes.push(...nestedRules(part, false, index(child(path, 'anyOf'), i)))
  for (const [i, part] of (schema.allOf ?? []).entries())
    causes.push(...nestedRules(part, skipsFirstAllOf && i === 0, index(child(path, 'allOf'), i)))
  for (const [i, part] of (schema.oneOf ?? []).entries()) causes.push(...nestedRules(part, false, index(child(path, 'oneOf'), i)))
  if (schema.not !== undefined) causes.push(...nestedRules(schema.not, false, child(path, 'not')))
  if (schema.pattern) {
    const problem = reOf(schema.pattern).problem
    if (problem !== undefined)
      causes.push(invalid(child(path, 'pattern'), schema.pattern, `must be a valid regular expression, but isn't: ${problem}`))
  }
  return causes
}

/** Under allOf, anyOf, oneOf and not, values may only be restricted. */
function nestedRules(schema: JsonSchema, skipsAnyOf: boolean, path: string): Cause[] {
  const causes = valueRules(schema, skipsAnyOf, false, path)
  if (schema.items !== undefined) causes.push(...nestedRules(schema.items as JsonSchema, false, child(path, 'items')))
  for (const [name, part] of Object.entries(schema.properties ?? {}))
    causes.push(...nestedRules(part, false, key(child(path, 'properties'), name)))
  const forbid = (name: string, is: string): void => void causes.push(forbidden(child(path, name), `must be ${is} to be structural`))
  if (schema.type) forbid('type', 'empty')
  if (schema.additionalProperties !== undefined && schema.additionalProperties !== false) forbid('additionalProperties', 'undefined')
  if (schema.default !== undefined && schema.default !== null) forbid('default', 'undefined')
  if (schema.title) forbid('title', 'empty')
  if (schema.description) forbid('description', 'empty')
  if (schema.nullable) forbid('nullable', 'false')
  if (schema['x-kubernetes-preserve-unknown-fields']) forbid('x-kubernetes-preserve-unknown-fields', 'false')
  if (schema['x-kubernetes-embedded-resource']) forbid('x-kubernetes-embedded-resource', 'false')
  if (schema['x-kubernetes-int-or-string']) forbid('x-kubernetes-int-or-string', 'false')
  if ((schema['x-kubernetes-list-map-keys']?.length ?? 0) > 0) forbid('x-kubernetes-list-map-keys', 'empty')
  if (schema['x-kubernetes-list-type'] !== undefined) forbid('x-kubernetes-list-type', 'undefined')
  if (schema['x-kubernetes-map-type'] !== undefined) forbid('x-kubernetes-map-type', 'undefined')
  if ((schema['x-kubernetes-validations']?.length ?? 0) > 0) forbid('x-kubernetes-validations', 'empty')
  if (schema.properties !== undefined && Object.hasOwn(schema.properties, 'metadata'))
    causes.push(forbidden(key(child(path, 'properties'), 'metadata'), 'must not be specified in a nested context'))
  return causes
}

/** Whatever is restricted has to be specified outside of the restrictions as well. */
function valueCompleteness(value: JsonSchema, schema: Structural | undefined, path: string, valuePath: string): Cause[] {
  const nested: [JsonSchema, string][] = [
    ...(value.not === undefined ? [] : [[value.not, child(valuePath, 'not')] as [JsonSchema, string]]),
    ...(['allOf', 'anyOf', 'oneOf'] as const).flatMap((name) =>
      (value[name] ?? []).map((part, i): [JsonSchema, string] => [part, index(child(valuePath, name), i)]),
    ),
  ]
  return nested.flatMap(([part, place]) => nestedCompleteness(part, schema, path, place))
}

function nestedCompleteness(value: JsonSchema, schema: Structural | undefined, path: string, valuePath: string): Cause[] {
  if (schema === undefined) return [required(path, `because it is defined in ${valuePath}`)]
  const causes = valueCompleteness(value, schema, path, valuePath)
  if (value.items !== undefined)
    causes.push(...nestedCompleteness(value.items as JsonSchema, schema.items, child(path, 'items'), child(valuePath, 'items')))
  for (const [name, part] of Object.entries(value.properties ?? {})) {
    const place = key(child(path, 'properties'), name)
    const valuePlace = key(child(valuePath, 'properties'), name)
    const known = ownProperty(schema, name)
    causes.push(
      ...(known === undefined
        ? [required(place, `because it is defined in ${valuePlace}`)]
        : nestedCompleteness(part, known, place, valuePlace)),
    )
  }
  return causes
}
