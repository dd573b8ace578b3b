import type { Cause } from '#lib/errors.ts'
import { followFieldPath } from '#schema/structural/field-path.ts'
import type { JsonSchema, Structural } from '#schema/structural/structural.ts'
import { structuralProblem, validateStructural } from '#schema/structural/validate-structural.ts'
import { child, duplicate, forbidden, index, invalid, required, tooMany } from '#schema/validate.ts'
import type { CustomResourceColumnDefinition, CustomResourceSubresources, CustomResourceValidation, SelectableField } from '../types.ts'
import { dumpSchema } from './go-dump.ts'
import { costProblem, definitionCostLimit, rootScope } from './rule-scope.ts'
import { validateDefaults } from './validate-defaults.ts'
import { validateSchema } from './validate-schema.ts'

/** What the parts of a version have to fulfil. */
export interface VersionOptions {
  readonly requireStructural: boolean
  readonly requireValidType: boolean
  readonly requireAtomicSets: boolean
  readonly requireKeys: boolean
  readonly requirePruned: boolean
  /** Versions that may keep more selectable fields than are allowed. */
  readonly manySelectable: ReadonlySet<string>
}

/** All that is wrong with a schema. With a status subresource the status is checked on its own, so the root may say little. */
export function validateVersionSchema(
  { openAPIV3Schema: schema }: CustomResourceValidation,
  parent: string,
  hasStatus: boolean,
  isUnchanged: boolean,
  options: VersionOptions,
): Cause[] {
  if (schema === undefined) return []
  const path = child(parent, 'openAPIV3Schema')
  const causes: Cause[] = hasStatus ? rootWithStatus(schema, path) : []
  if (schema.nullable) causes.push(forbidden(child(path, 'nullable'), 'nullable cannot be true at the root'))
  let problem: string | undefined
  let scope: ReturnType<typeof rootScope> | undefined
  if (options.requireStructural) {
    problem = structuralProblem(schema)
    if (problem === undefined) {
      const structural = schema as Structural
      const found = validateStructural(structural, path)
      const wrong = found.length > 0 ? found : validateDefaults(structural, path, options.requirePruned)
      causes.push(...wrong)
      // Rules are looked at once the schema has a form.
      if (wrong.length === 0) scope = rootScope(structural)
    }
  }
  causes.push(...validateSchema(schema, path, { ...options, ignoresRuleCost: isUnchanged }, scope))
  // What makes a schema no structural one at all mostly has been told already.
  if (causes.length === 0 && problem !== undefined) causes.push(invalid(path, '', problem))
  if (scope !== undefined && scope.total.sum > definitionCostLimit) {
    for (const { path: place } of scope.total.dearest)
      causes.push(forbidden(place, 'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema'))
    const what = 'x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema'
    causes.push(forbidden(path, costProblem(what, scope.total.sum, definitionCostLimit)))
  }
  return causes
}

/** Keywords that the root may have beside a status subresource, by the names that refusals show. */
const rootKeywords: Readonly<Record<string, string>> = {
  description: 'Description',
  type: 'Type',
  format: 'Format',
  title: 'Title',
  maximum: 'Maximum',
  exclusiveMaximum: 'ExclusiveMaximum',
  minimum: 'Minimum',
  exclusiveMinimum: 'ExclusiveMinimum',
  maxLength: 'MaxLength',
  minLength: 'MinLength',
  pattern: 'Pattern',
  maxItems: 'MaxItems',
  minItems: 'MinItems',
  uniqueItems: 'UniqueItems',
  multipleOf: 'MultipleOf',
  required: 'Required',
  items: 'Items',
  properties: 'Properties',
  externalDocs: 'ExternalDocs',
  example: 'Example',
  'x-kubernetes-preserve-unknown-fields': 'XPreserveUnknownFields',
  'x-kubernetes-validations': 'XValidations',
}

function rootWithStatus(schema: JsonSchema, path: string): Cause[] {
  const used = Object.entries(schema).filter(([, value]) => value !== undefined && value !== false && value !== '')
  if (schema.type && schema.type !== 'object')
    return [
      invalid(
        child(path, 'type'),
        schema.type,
        'only "object" is allowed as the type at the root of the schema if the status subresource is enabled',
      ),
    ]
  if (used.every(([name]) => Object.hasOwn(rootKeywords, name))) return []
  const allowed = Object.values(rootKeywords).join(' ')
  return [
    invalid(
      path,
      dumpSchema(schema),
      `only [${allowed}] fields are allowed at the root of the schema if the status subresource is enabled`,
    ),
  ]
}

/** What is wrong with the paths that `scale` reads and writes; `path` is that of `subresources`. */
export function validateSubresources(subresources: CustomResourceSubresources | undefined, path: string): Cause[] {
  const scale = subresources?.scale
  if (scale === undefined) return []
  const causes: Cause[] = []
  const check = (name: string, value: string, roots: readonly string[], where: string): void => {
    const place = `${path}.scale.${name}`
    const wrong = simplePath(value, place)
    if (wrong.length > 0) causes.push(...wrong)
    else if (!roots.some((root) => value.startsWith(root))) causes.push(invalid(place, value, `should be a json path under ${where}`))
  }
  if (scale.specReplicasPath === '') causes.push(required(`${path}.scale.specReplicasPath`))
  else check('specReplicasPath', scale.specReplicasPath, ['.spec.'], '.spec')
  if (scale.statusReplicasPath === '') causes.push(required(`${path}.scale.statusReplicasPath`))
  else check('statusReplicasPath', scale.statusReplicasPath, ['.status.'], '.status')
  if (scale.labelSelectorPath) check('labelSelectorPath', scale.labelSelectorPath, ['.spec.', '.status.'], 'either .spec or .status')
  return causes
}

function simplePath(text: string, path: string): Cause[] {
  if (text === '') return [invalid(path, text, 'must not be empty')]
  return text.startsWith('.') ? [] : [invalid(path, text, 'must be a simple json path starting with .')]
}

const columnTypes = ['boolean', 'date', 'integer', 'number', 'string']
const columnFormats = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password']

/** What is wrong with printer columns; `path` is that of their list. */
export function validateColumns(columns: readonly CustomResourceColumnDefinition[] | undefined, path: string): Cause[] {
  return (columns ?? []).flatMap((column, i) => validateColumn(column, index(path, i)))
}

function validateColumn({ name, type, format, jsonPath }: CustomResourceColumnDefinition, path: string): Cause[] {
  const causes: Cause[] = name === '' ? [required(child(path, 'name'))] : []
  const typeDetail = `must be one of ${columnTypes.join(',')}`
  if (type === '') causes.push(required(child(path, 'type'), typeDetail))
  else if (!columnTypes.includes(type)) causes.push(invalid(child(path, 'type'), type, typeDetail))
  if (format && !columnFormats.includes(format))
    causes.push(invalid(child(path, 'format'), format, `must be one of ${columnFormats.join(',')}`))
  const place = child(path, 'JSONPath')
  return [...causes, ...(jsonPath === '' ? [required(place)] : simplePath(jsonPath, place))]
}

const selectableMax = 8

/**
 * What is wrong with the fields that selectors may name: at most eight simple ones that the schema has (KEP-4358), unless `allowsMany`, where the
 * stored definition had more. Nothing is said of a schema that is not structural.
 */
export function validateSelectableFields(
  fields: readonly SelectableField[],
  schema: JsonSchema,
  path: string,
  allowsMany: boolean,
): Cause[] {
  const problem = structuralProblem(schema)
  if (problem !== undefined) return []
  const causes: Cause[] = []
  const seen = new Set<string>()
  for (const [i, { jsonPath }] of fields.entries()) {
    const place = child(index(path, i), 'jsonPath')
    if (jsonPath === '') {
      causes.push(required(place))
      continue
    }
    const found = followFieldPath(jsonPath, schema as Structural, false)
    if (found.problem !== undefined) {
      causes.push(invalid(place, jsonPath, `is an invalid path: ${found.problem}`))
      continue
    }
    if (found.root === 'metadata') causes.push(invalid(place, jsonPath, 'must not point to fields in metadata'))
    if (!['string', 'boolean', 'integer'].includes(found.schema?.type ?? ''))
      causes.push(
        invalid(
          place,
          jsonPath,
          'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
        ),
      )
    if (seen.has(found.path)) causes.push(duplicate(place, jsonPath))
    seen.add(found.path)
  }
  return seen.size > selectableMax && !allowsMany ? [...causes, tooMany(path, seen.size, selectableMax)] : causes
}
