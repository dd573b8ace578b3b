import type { JsonSchema } from './structural.ts'

type Schema = Record<string, unknown>

/**
 * The schema of a definition as OpenAPI shows it. v3 has all of it; v2 knows no alternatives, and what kubectl could not read there is
 * shown as a value of any type (as the reference has it). `identity`: the schemas of apiVersion, kind and metadata.
 */
export function publishSchema(schema: JsonSchema, format: 'v2' | 'v3', identity: Identity): Schema {
  if (format === 'v2' && schema['x-kubernetes-preserve-unknown-fields'] === true) return { type: 'object' }
  const shown = publish(schema, format, identity)
  return { ...shown, properties: { ...(shown['properties'] as Schema | undefined), ...identity } }
}

/** The schemas of apiVersion, kind and metadata. */
type Identity = Readonly<Record<string, Schema>>

/** Keywords that stand for themselves. */
const plain = [
  'description',
  'type',
  'format',
  'title',
  'default',
  'maximum',
  'exclusiveMaximum',
  'minimum',
  'exclusiveMinimum',
  'maxLength',
  'minLength',
  'pattern',
  'maxItems',
  'minItems',
  'uniqueItems',
  'multipleOf',
  'enum',
  'maxProperties',
  'minProperties',
  'required',
  'externalDocs',
  'example',
  'nullable',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-embedded-resource',
  'x-kubernetes-int-or-string',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-list-type',
  'x-kubernetes-map-type',
  'x-kubernetes-validations',
] as const

function publish(schema: JsonSchema, format: 'v2' | 'v3', identity: Identity): Schema {
  const out: Schema = {}
  for (const keyword of plain) if (isSaid(schema[keyword])) out[keyword] = schema[keyword]
  const { items, properties, additionalProperties } = schema
  const inner = (part: JsonSchema): Schema => publish(part, format, identity)
  if (items !== undefined && !Array.isArray(items)) out['items'] = inner(items as JsonSchema)
  if (properties !== undefined && Object.keys(properties).length > 0)
    out['properties'] = Object.fromEntries(Object.entries(properties).map(([name, part]) => [name, inner(part)]))
  if (additionalProperties !== undefined)
    out['additionalProperties'] = typeof additionalProperties === 'object' ? inner(additionalProperties) : additionalProperties
  if (format === 'v3') publishAlternatives(schema, out, inner)
  else simplify(schema, out)
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'] === true
  if (schema['x-kubernetes-embedded-resource'] === true && !(format === 'v2' && isOpen)) {
    out['properties'] = { ...(out['properties'] as Schema | undefined), ...identity }
    const required = schema.required ?? []
    out['required'] = [...required, ...['kind', 'apiVersion'].filter((name) => !required.includes(name))]
  }
  return out
}

const isSaid = (value: unknown): boolean =>
  value !== undefined && value !== null && value !== false && value !== '' && !(Array.isArray(value) && value.length === 0)

const intOrString: readonly Schema[] = [{ type: 'integer' }, { type: 'string' }]

function publishAlternatives(schema: JsonSchema, out: Schema, inner: (part: JsonSchema) => Schema): void {
  for (const name of ['allOf', 'anyOf', 'oneOf'] as const) if (isSaid(schema[name])) out[name] = schema[name]!.map(inner)
  if (schema.not !== undefined) out['not'] = inner(schema.not)
  if (schema['x-kubernetes-int-or-string'] !== true || saysBoth(schema.anyOf) || saysBoth(schema.allOf?.[0]?.anyOf)) return
  if (out['anyOf'] === undefined) out['anyOf'] = intOrString
  else out['allOf'] = [{ anyOf: intOrString }, ...((out['allOf'] as Schema[] | undefined) ?? [])]
}

const saysBoth = (anyOf: readonly JsonSchema[] | undefined): boolean =>
  anyOf?.length === 2 && anyOf.every((part, i) => Object.keys(part).length === 1 && part.type === intOrString[i]!['type'])

function simplify(schema: JsonSchema, out: Schema): void {
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'] === true
  if (schema.nullable === true) {
    delete out['type']
    delete out['nullable']
  }
  if (schema.nullable === true || isOpen) {
    delete out['items']
    delete out['properties']
  }
  if (out['items'] === undefined && out['type'] === 'array') delete out['type']
  if (isOpen && out['type'] === 'object') delete out['type']
  // A null that may be cannot be required: v2 has no word for it.
  const nullables = Object.entries(schema.properties ?? {}).filter(([, part]) => part.nullable === true)
  const required = (schema.required ?? []).filter((name) => !nullables.some(([nullable]) => nullable === name))
  const additional = schema.additionalProperties
  const isNullableMap = typeof additional === 'object' && additional.nullable === true
  if (out['properties'] !== undefined && nullables.length > 0 && required.length < (schema.required?.length ?? 0)) {
    if (required.length === 0) delete out['required']
    else out['required'] = required
  }
  if (isNullableMap) delete out['required']
}
