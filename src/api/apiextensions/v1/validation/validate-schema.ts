import type { Cause } from '#lib/errors.ts'
import { followFieldPath } from '#schema/structural/field-path.ts'
import type { JsonSchema, Structural, ValidationRule } from '#schema/structural/structural.ts'
import { structuralProblem } from '#schema/structural/validate-structural.ts'
import { child, forbidden, index, invalid, key, notSupported, required } from '#schema/validate.ts'
import { dumpItems } from './go-dump.ts'
import type { RuleScope } from './rule-scope.ts'
import { validateRules } from './validate-rules.ts'

/** What is asked of a schema; definitions that older servers took are asked less on an update. */
export interface SchemaOptions {
  readonly requireValidType: boolean
  readonly requireAtomicSets: boolean
  readonly requireKeys: boolean
  /** The version's schema did not change: its rules may cost what they did. */
  readonly ignoresRuleCost: boolean
}

/** What holds for a part of the schema because of where it stands. */
interface Place {
  /** Why defaults may not be here. */
  readonly forbidsDefaults?: string
  readonly isInMetadata: boolean
  /** The part above within which old and new items cannot be told apart, hence without `oldSelf`. */
  readonly uncorrelatable?: string
}

interface Found {
  readonly schema: Cause[]
  readonly rules: Cause[]
}

/** All that is wrong with the keywords of a schema, and then with its rules. `scope` is undefined where rules are not looked at. */
export function validateSchema(schema: JsonSchema, path: string, options: SchemaOptions, scope: RuleScope | undefined): Cause[] {
  const found = visit(schema, path, { isInMetadata: false }, true, options, scope)
  return [...found.schema, ...found.rules]
}

function visit(
  schema: JsonSchema | undefined,
  path: string,
  place: Place,
  isRoot: boolean,
  options: SchemaOptions,
  scope: RuleScope | undefined,
): Found {
  if (schema === undefined) return { schema: [], rules: [] }
  const found: Found = { schema: keywords(schema, path, place, options), rules: [] }
  const descend = (part: JsonSchema | undefined, partPath: string, partPlace: Place, partScope?: RuleScope): void => {
    const inner = visit(part, partPath, partPlace, false, options, partScope)
    found.schema.push(...inner.schema)
    found.rules.push(...inner.rules)
  }
  if (schema.uniqueItems)
    found.schema.push(
      forbidden(child(path, 'uniqueItems'), 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic'),
    )
  const { additionalProperties, properties, items } = schema
  if (additionalProperties !== undefined) {
    if (Object.keys(properties ?? {}).length > 0 && additionalProperties !== true)
      found.schema.push(forbidden(child(path, 'additionalProperties'), 'additionalProperties and properties are mutual exclusive'))
    if (typeof additionalProperties === 'object')
      descend(
        additionalProperties,
        child(path, 'additionalProperties'),
        place.isInMetadata ? { ...place, forbidsDefaults: 'inside additionalProperties applying to object metadata' } : place,
        scope?.additional(additionalProperties),
      )
  }
  for (const [name, part] of Object.entries(properties ?? {})) {
    const isCorrelatable = ['granular', 'atomic', undefined].includes(schema['x-kubernetes-map-type'])
    const isMeta = (isRoot || schema['x-kubernetes-embedded-resource'] === true) && ['metadata', 'kind', 'apiVersion'].includes(name)
    descend(
      part,
      key(child(path, 'properties'), name),
      {
        ...(isCorrelatable ? place : uncorrelatable(place, path)),
        ...(isMeta && { isInMetadata: true }),
        ...(isMeta && isRoot && { forbidsDefaults: `in top-level ${name}` }),
      },
      scope?.property(name, part),
    )
  }
  descend(schema.not, child(path, 'not'), place)
  for (const name of ['allOf', 'oneOf', 'anyOf'] as const)
    for (const [i, part] of (schema[name] ?? []).entries()) descend(part, index(child(path, name), i), place)
  for (const [name, part] of Object.entries(schema.definitions ?? {})) descend(part, key(child(path, 'definitions'), name), place)
  if (items !== undefined) {
    const itemPlace = schema['x-kubernetes-list-type'] === 'map' ? place : uncorrelatable(place, path)
    if (Array.isArray(items))
      for (const [i, part] of (items as readonly JsonSchema[]).entries())
        descend(part, index(child(path, 'items'), i), itemPlace, scope?.items(part))
    else descend(items as JsonSchema, child(path, 'items'), itemPlace, scope?.items(items as JsonSchema))
  }
  for (const [name, part] of Object.entries(schema.dependencies ?? {}))
    if (part !== null && !Array.isArray(part)) descend(part as JsonSchema, key(child(path, 'dependencies'), name), place)
  found.schema.push(...extensions(schema, path, options), ...ruleTexts(schema, path))
  // Rules on a schema that is itself wrong would only say so again, in words that help nobody.
  if ((schema['x-kubernetes-validations']?.length ?? 0) > 0 && found.schema.length === 0 && scope !== undefined)
    found.rules.push(...validateRules(schema as Structural, path, scope, { ...options, uncorrelatable: place.uncorrelatable }))
  return found
}

/** The highest such part is told of. */
const uncorrelatable = (place: Place, path: string): Place =>
  place.uncorrelatable === undefined ? { ...place, uncorrelatable: path } : place

const types = ['array', 'boolean', 'integer', 'number', 'object', 'string']

function keywords(schema: JsonSchema, path: string, place: Place, options: SchemaOptions): Cause[] {
  const causes: Cause[] = []
  const forbid = (name: string, detail = `${name} is not supported`): void => void causes.push(forbidden(child(path, name), detail))
  if (options.requireValidType && schema.type && !types.includes(schema.type))
    causes.push(notSupported(child(path, 'type'), schema.type, types))
  if (schema.default !== undefined && place.forbidsDefaults !== undefined) forbid('default', `must not be set ${place.forbidsDefaults}`)
  if (schema.id) forbid('id')
  if (schema.additionalItems !== undefined) forbid('additionalItems')
  if (Object.keys(schema.patternProperties ?? {}).length > 0) forbid('patternProperties')
  if (Object.keys(schema.definitions ?? {}).length > 0) forbid('definitions')
  if (schema.dependencies !== undefined) forbid('dependencies')
  if (schema.$ref !== undefined) forbid('$ref')
  if (schema.type === 'null') forbid('type', 'type cannot be set to null, use nullable as an alternative')
  if (Array.isArray(schema.items) && schema.items.length > 0) forbid('items', 'items must be a schema object and not an array')
  if (place.isInMetadata && schema['x-kubernetes-embedded-resource'])
    forbid('x-kubernetes-embedded-resource', 'must not be used inside of resource meta')
  return causes
}

function extensions(schema: JsonSchema, path: string, options: SchemaOptions): Cause[] {
  const causes: Cause[] = []
  if (schema['x-kubernetes-preserve-unknown-fields'] === false)
    causes.push(invalid(child(path, 'x-kubernetes-preserve-unknown-fields'), false, 'must be true or undefined'))
  const mapType = schema['x-kubernetes-map-type']
  if (mapType !== undefined) {
    causes.push(...typeMustBe('object', schema, path, 'x-kubernetes-map-type'))
    if (mapType !== 'atomic' && mapType !== 'granular')
      causes.push(notSupported(child(path, 'x-kubernetes-map-type'), mapType, ['atomic', 'granular']))
  }
  return [...causes, ...listExtensions(schema, path, options)]
}

function typeMustBe(type: string, schema: JsonSchema, path: string, extension: string): Cause[] {
  if (schema.type === type) return []
  const detail = `must be ${type} if ${extension} is specified`
  return [schema.type ? invalid(child(path, 'type'), schema.type, detail) : required(child(path, 'type'), detail)]
}

function listExtensions(schema: JsonSchema, path: string, options: SchemaOptions): Cause[] {
  const causes: Cause[] = []
  const listType = schema['x-kubernetes-list-type']
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  const item = singleItem(schema)
  const typePath = child(path, 'x-kubernetes-list-type')
  const keysPath = child(path, 'x-kubernetes-list-map-keys')
  const itemsPath = child(path, 'items')
  if (listType !== undefined) {
    const wrongType = typeMustBe('array', schema, path, 'x-kubernetes-list-type')
    causes.push(...wrongType)
    if (wrongType.length === 0 && options.requireAtomicSets && listType === 'set' && item !== undefined)
      causes.push(...setItem(item, itemsPath))
    if (!['atomic', 'set', 'map'].includes(listType)) causes.push(notSupported(typePath, listType, ['atomic', 'set', 'map']))
  }
  if (keys.length > 0) {
    const detail = 'must be map if x-kubernetes-list-map-keys is non-empty'
    if (listType === undefined) causes.push(required(typePath, detail))
    else if (listType !== 'map') causes.push(invalid(typePath, listType, detail))
  }
  if (listType === 'map') {
    if (keys.length === 0) causes.push(required(keysPath, 'must not be empty if x-kubernetes-list-type is map'))
    if (schema.items === undefined) causes.push(required(itemsPath, 'must have a schema if x-kubernetes-list-type is map'))
    else if (item === undefined)
      causes.push(invalid(itemsPath, dumpItems(schema), 'must only have a single schema if x-kubernetes-list-type is map'))
    else if (item.type !== 'object')
      causes.push(invalid(child(itemsPath, 'type'), item.type ?? '', "must be object if parent array's x-kubernetes-list-type is map"))
    else causes.push(...mapKeys(item, keys, keysPath, itemsPath))
  }
  return options.requireKeys ? [...causes, ...itemsOfSetsAndMaps(schema, path)] : causes
}

/** The one schema of the items; undefined where there is none, or a list of them. */
export const singleItem = (schema: JsonSchema): JsonSchema | undefined =>
  Array.isArray(schema.items) ? undefined : (schema.items as JsonSchema | undefined)

/** Items of a set are compared as a whole. */
function setItem(item: JsonSchema, path: string): Cause[] {
  const detail = 'must be atomic as item of a list with x-kubernetes-list-type=set'
  const listType = item['x-kubernetes-list-type']
  if (item.type === 'array' && listType !== undefined && listType !== 'atomic')
    return [invalid(child(path, 'x-kubernetes-list-type'), listType, detail)]
  if (item.type === 'object' && item['x-kubernetes-map-type'] !== 'atomic')
    return [invalid(child(path, 'x-kubernetes-map-type'), listType ?? null, detail)]
  return []
}

function mapKeys(item: JsonSchema, keys: readonly string[], keysPath: string, itemsPath: string): Cause[] {
  const causes: Cause[] = []
  const seen = new Set<string>()
  for (const name of keys) {
    const part = propertyOf(item, name)
    if (part === undefined) causes.push(invalid(keysPath, keys, 'entries must all be names of item properties'))
    else if (part.type === 'array' || part.type === 'object')
      causes.push(
        invalid(
          child(key(child(itemsPath, 'properties'), name), 'type'),
          item.type ?? '',
          "must be a scalar type if parent array's x-kubernetes-list-type is map",
        ),
      )
    if (seen.has(name)) causes.push(invalid(keysPath, keys, 'must not contain duplicate entries'))
    seen.add(name)
  }
  return causes
}

/** Items of sets and maps are there, and so are the keys of the latter. */
export function itemsOfSetsAndMaps(schema: JsonSchema, path: string): Cause[] {
  const item = singleItem(schema)
  const listType = schema['x-kubernetes-list-type']
  if (item === undefined || (listType !== 'set' && listType !== 'map')) return []
  const itemsPath = child(path, 'items')
  const causes: Cause[] = []
  if (item.nullable) causes.push(forbidden(child(itemsPath, 'nullable'), `cannot be nullable when x-kubernetes-list-type is ${listType}`))
  if (listType === 'set') return causes
  for (const name of schema['x-kubernetes-list-map-keys'] ?? []) {
    const part = propertyOf(item, name)
    if (part === undefined) continue
    const place = key(child(itemsPath, 'properties'), name)
    if (!item.required?.includes(name) && part.default === undefined)
      causes.push(
        required(
          child(place, 'default'),
          'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property',
        ),
      )
    if (part.nullable)
      causes.push(forbidden(child(place, 'nullable'), 'this property is in x-kubernetes-list-map-keys, so it cannot be nullable'))
  }
  return causes
}

const propertyOf = (schema: JsonSchema, name: string): JsonSchema | undefined =>
  schema.properties !== undefined && Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined

function ruleTexts(schema: JsonSchema, path: string): Cause[] {
  return (schema['x-kubernetes-validations'] ?? []).flatMap((rule, i) =>
    ruleText(rule, schema, index(child(path, 'x-kubernetes-validations'), i)),
  )
}

const reasons = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired']

function ruleText(rule: ValidationRule, schema: JsonSchema, path: string): Cause[] {
  const causes: Cause[] = []
  const message = (rule.message ?? '').trim()
  const text = rule.rule.trim()
  const breaks = /[\n\r]/
  if (text === '') causes.push(required(child(path, 'rule'), 'rule is not specified'))
  else if (rule.message && message === '') causes.push(invalid(child(path, 'message'), rule.message, 'must be non-empty if specified'))
  else if (breaks.test(message)) causes.push(invalid(child(path, 'message'), rule.message, 'must not contain line breaks'))
  else if (breaks.test(text) && message === '')
    causes.push(required(child(path, 'message'), 'message must be specified if rule contains line breaks'))
  if (rule.messageExpression && rule.messageExpression.trim() === '')
    causes.push(required(child(path, 'messageExpression'), 'messageExpression must be non-empty if specified'))
  if (rule.reason !== undefined && !reasons.includes(rule.reason)) causes.push(notSupported(child(path, 'reason'), rule.reason, reasons))
  if (rule.fieldPath) {
    const fieldPath = child(path, 'fieldPath')
    if (rule.fieldPath.trim() === '') causes.push(invalid(fieldPath, rule.fieldPath, 'must be non-empty if specified'))
    if (breaks.test(rule.fieldPath)) causes.push(invalid(fieldPath, rule.fieldPath, 'must not contain line breaks'))
    if (structuralProblem(schema) === undefined && followFieldPath(rule.fieldPath, schema as Structural).problem !== undefined)
      causes.push(invalid(fieldPath, rule.fieldPath, 'must be a valid path'))
  }
  return causes
}
