import { encodeProtobuf } from '#schema/protobuf.ts'
import { type AnyType, bool, double, field, int64, list, message, recursive, string } from '#schema/schema.ts'

/** How clients written in Go ask for a document of version 3, and what the answer is called (gnostic's OpenAPIv3.proto). */
export const gnosticThirdAccept = 'application/com.github.proto-openapi.spec.v3@v1.0+protobuf'
/** What the answer is called: Go's client asks by a name that is no valid media type, and is answered with one. */
export const gnosticThirdType = 'application/com.github.proto-openapi.spec.v3.v1.0+protobuf'

/** A document of version 3 in protobuf: everything that our documents hold. */
export const gnosticThird = (document: Json): Uint8Array => encodeProtobuf(Document, documentOf(document), { syntax: 'proto3' })

type Json = Readonly<Record<string, unknown>>

const named = (value: AnyType) => message('Named', { name: field(1, string()), value: field(2, value) })
const namedList = (value: AnyType) => message('NamedList', { additional_properties: field(1, list(named(value))) })
const orReference = (value: AnyType) =>
  message('OrReference', { value: field(1, value), reference: field(2, message('Reference', { _ref: field(1, string()) })) })
/** One of several: a zero value is there too. */
const chosen = { pointer: true }
const Any = message('Any', { yaml: field(2, string()) })
const extensions = (number: number) => field(number, list(named(Any)))
/** Values that the text of a schema and the message call alike. */
const plain = {
  nullable: field(1, bool()),
  title: field(9, string()),
  multipleOf: field(10, double()),
  maximum: field(11, double()),
  exclusiveMaximum: field(12, bool()),
  minimum: field(13, double()),
  exclusiveMinimum: field(14, bool()),
  maxLength: field(15, int64()),
  minLength: field(16, int64()),
  pattern: field(17, string()),
  maxItems: field(18, int64()),
  minItems: field(19, int64()),
  uniqueItems: field(20, bool()),
  maxProperties: field(21, int64()),
  minProperties: field(22, int64()),
  required: field(23, list(string())),
  type: field(25, string()),
  description: field(34, string()),
  format: field(35, string()),
}
const Schema: AnyType = recursive('Schema', () => ({
  ...plain,
  enum: field(24, list(Any)),
  allOf: field(26, list(SchemaOrReference)),
  oneOf: field(27, list(SchemaOrReference)),
  anyOf: field(28, list(SchemaOrReference)),
  not: field(29, Schema),
  items: field(30, message('ItemsItem', { schema_or_reference: field(1, list(SchemaOrReference)) })),
  properties: field(31, namedList(SchemaOrReference)),
  additionalProperties: field(
    32,
    message('AdditionalPropertiesItem', { schema_or_reference: field(1, SchemaOrReference), boolean: field(2, bool(), chosen) }),
  ),
  default: field(
    33,
    message('DefaultType', {
      number: field(1, double(), chosen),
      boolean: field(2, bool(), chosen),
      string: field(3, string(), chosen),
    }),
  ),
  specification_extension: extensions(36),
}))
const SchemaOrReference: AnyType = recursive('SchemaOrReference', () => ({
  value: field(1, Schema),
  reference: field(2, message('Reference', { _ref: field(1, string()) })),
}))
const MediaTypes = namedList(message('MediaType', { schema: field(1, SchemaOrReference) }))
const Parameter = message('Parameter', {
  name: field(1, string()),
  in: field(2, string()),
  description: field(3, string()),
  required: field(4, bool()),
  schema: field(10, SchemaOrReference),
})
const Response = message('Response', { description: field(1, string()), content: field(3, MediaTypes) })
const RequestBody = message('RequestBody', {
  description: field(1, string()),
  content: field(2, MediaTypes),
  required: field(3, bool()),
})
const Operation = message('Operation', {
  tags: field(1, list(string())),
  description: field(3, string()),
  operation_id: field(5, string()),
  parameters: field(6, list(orReference(Parameter))),
  request_body: field(7, orReference(RequestBody)),
  responses: field(8, message('Responses', { response_or_reference: field(2, list(named(orReference(Response)))) })),
  specification_extension: extensions(13),
})
const PathItem = message('PathItem', {
  get: field(4, Operation),
  put: field(5, Operation),
  post: field(6, Operation),
  delete: field(7, Operation),
  options: field(8, Operation),
  head: field(9, Operation),
  patch: field(10, Operation),
  parameters: field(13, list(orReference(Parameter))),
})
const SecurityScheme = message('SecurityScheme', {
  type: field(1, string()),
  description: field(2, string()),
  name: field(3, string()),
  in: field(4, string()),
})
const Document = message('Document', {
  openapi: field(1, string()),
  info: field(2, message('Info', { title: field(1, string()), version: field(6, string()) })),
  paths: field(4, message('Paths', { path: field(1, list(named(PathItem))) })),
  components: field(
    5,
    message('Components', {
      schemas: field(1, namedList(SchemaOrReference)),
      security_schemes: field(7, namedList(orReference(SecurityScheme))),
    }),
  ),
})

function documentOf({ openapi, info, paths, components }: Json): Json {
  const { schemas, securitySchemes } = (components ?? {}) as Json
  return {
    openapi,
    info,
    paths: { path: entriesOf(paths, pathOf) },
    components: {
      schemas: { additional_properties: entriesOf(schemas, schemaOrReference) },
      security_schemes: { additional_properties: entriesOf(securitySchemes, (value) => ({ value })) },
    },
  }
}

const entriesOf = (object: unknown, convert: (value: Json) => unknown): readonly object[] =>
  Object.entries((object ?? {}) as Readonly<Record<string, Json>>).map(([name, value]) => ({ name, value: convert(value) }))

/** YAML holds JSON. */
const anyOf = (value: unknown): Json => ({ yaml: `${JSON.stringify(value)}\n` })

const extensionsOf = (object: Json): readonly object[] =>
  entriesOf(Object.fromEntries(Object.entries(object).filter(([name]) => name.startsWith('x-'))), anyOf)

const schemaOrReference = (schema: Json): Json =>
  schema['$ref'] === undefined ? { value: schemaOf(schema) } : { reference: { _ref: schema['$ref'] } }

const schemasOf = (schemas: unknown): readonly Json[] => (schemas as readonly Json[]).map(schemaOrReference)

/** What a schema's words become; the rest is either plain or an extension. */
const converted: Readonly<Record<string, (value: unknown) => unknown>> = {
  enum: (values) => (values as readonly unknown[]).map(anyOf),
  allOf: schemasOf,
  oneOf: schemasOf,
  anyOf: schemasOf,
  not: (schema) => schemaOf(schema as Json),
  items: (schema) => ({ schema_or_reference: [schemaOrReference(schema as Json)] }),
  properties: (properties) => ({ additional_properties: entriesOf(properties, schemaOrReference) }),
  additionalProperties: (value) =>
    typeof value === 'boolean' ? { boolean: value } : { schema_or_reference: schemaOrReference(value as Json) },
  // The message has no word for lists and objects: that there is a default is all it says of them.
  default: (value) => (['number', 'boolean', 'string'].includes(typeof value) ? { [typeof value]: value } : {}),
}

function schemaOf(schema: Json): Json {
  const known: Record<string, unknown> = { specification_extension: extensionsOf(schema) }
  for (const [name, value] of Object.entries(schema)) {
    if (name in plain) known[name] = value
    else if (Object.hasOwn(converted, name)) known[name] = converted[name]!(value)
  }
  return known
}

const pathOf = ({ parameters, ...operations }: Json): Json => ({
  ...Object.fromEntries(Object.entries(operations).map(([method, operation]) => [method, operationOf(operation as Json)])),
  parameters: parametersOf(parameters),
})

const operationOf = (operation: Json): Json => ({
  tags: operation['tags'] ?? [],
  description: operation['description'] ?? '',
  operation_id: operation['operationId'],
  parameters: parametersOf(operation['parameters']),
  ...(operation['requestBody'] !== undefined && { request_body: { value: withContent(operation['requestBody'] as Json) } }),
  responses: { response_or_reference: entriesOf(operation['responses'], (response) => ({ value: withContent(response) })) },
  specification_extension: extensionsOf(operation),
})

const parametersOf = (parameters: unknown): readonly Json[] =>
  ((parameters ?? []) as readonly Json[]).map(({ schema, ...parameter }) => ({
    value: { ...parameter, ...(schema !== undefined && { schema: schemaOrReference(schema as Json) }) },
  }))

const withContent = ({ content, ...rest }: Json): Json => ({
  ...rest,
  ...(content !== undefined && {
    content: {
      additional_properties: entriesOf(content, ({ schema }) => ({
        ...(schema !== undefined && { schema: schemaOrReference(schema as Json) }),
      })),
    },
  }),
})
