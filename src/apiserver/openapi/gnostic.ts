import { encodeProtobuf } from '#schema/protobuf.ts'
import { type AnyType, bool, field, list, message, recursive, string } from '#schema/schema.ts'

/** How clients written in Go ask for the document of version 2, and what the answer is called (gnostic's OpenAPIv2.proto). */
export const gnosticAccept = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'
/** What the answer is called: Go's client asks by a name that is no valid media type, and is answered with one. */
export const gnosticType = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'

/** A document of version 2 in protobuf: what kubectl and helm read of it, which is everything that our documents hold. */
export const gnosticDocument = (document: Json): Uint8Array => encodeProtobuf(Document, documentOf(document), { syntax: 'proto3' })

type Json = Readonly<Record<string, unknown>>

const named = (value: AnyType) => message('Named', { name: field(1, string()), value: field(2, value) })
const Any = message('Any', { yaml: field(2, string()) })
const NamedAny = named(Any)
const Schema: AnyType = recursive('Schema', () => ({
  _ref: field(1, string()),
  format: field(2, string()),
  description: field(4, string()),
  default: field(5, Any),
  required: field(19, list(string())),
  enum: field(20, list(Any)),
  additional_properties: field(21, message('AdditionalPropertiesItem', { schema: field(1, Schema), boolean: field(2, bool()) })),
  type: field(22, message('TypeItem', { value: field(1, list(string())) })),
  items: field(23, message('ItemsItem', { schema: field(1, list(Schema)) })),
  all_of: field(24, list(Schema)),
  properties: field(25, message('Properties', { additional_properties: field(1, list(named(Schema))) })),
  vendor_extension: field(31, list(NamedAny)),
}))
const inPath = {
  required: field(1, bool()),
  in: field(2, string()),
  description: field(3, string()),
  name: field(4, string()),
}
const NonBody = message('NonBodyParameter', {
  query_parameter_sub_schema: field(
    3,
    message('QueryParameterSubSchema', { ...inPath, type: field(6, string()), unique_items: field(20, bool()) }),
  ),
  path_parameter_sub_schema: field(
    4,
    message('PathParameterSubSchema', { ...inPath, type: field(5, string()), unique_items: field(19, bool()) }),
  ),
})
const Body = message('BodyParameter', {
  name: field(2, string()),
  in: field(3, string()),
  required: field(4, bool()),
  schema: field(5, Schema),
})
const ParametersItem = message('ParametersItem', {
  parameter: field(1, message('Parameter', { body_parameter: field(1, Body), non_body_parameter: field(2, NonBody) })),
})
const Response = message('Response', {
  description: field(1, string()),
  schema: field(2, message('SchemaItem', { schema: field(1, Schema) })),
})
const Operation = message('Operation', {
  tags: field(1, list(string())),
  description: field(3, string()),
  operation_id: field(5, string()),
  produces: field(6, list(string())),
  consumes: field(7, list(string())),
  parameters: field(8, list(ParametersItem)),
  responses: field(
    9,
    message('Responses', { response_code: field(1, list(named(message('ResponseValue', { response: field(1, Response) })))) }),
  ),
  schemes: field(10, list(string())),
  vendor_extension: field(13, list(NamedAny)),
})
const PathItem = message('PathItem', {
  get: field(2, Operation),
  put: field(3, Operation),
  post: field(4, Operation),
  delete: field(5, Operation),
  options: field(6, Operation),
  head: field(7, Operation),
  patch: field(8, Operation),
  parameters: field(9, list(ParametersItem)),
})
const Document = message('Document', {
  swagger: field(1, string()),
  info: field(2, message('Info', { title: field(1, string()), version: field(2, string()) })),
  paths: field(8, message('Paths', { path: field(2, list(named(PathItem))) })),
  definitions: field(9, message('Definitions', { additional_properties: field(1, list(named(Schema))) })),
})

const documentOf = (document: Json): Json => ({
  swagger: document['swagger'],
  info: document['info'],
  paths: { path: entriesOf(document['paths'], pathOf) },
  definitions: { additional_properties: entriesOf(document['definitions'], schemaOf) },
})

const entriesOf = (object: unknown, convert: (value: Json) => unknown): readonly object[] =>
  Object.entries((object ?? {}) as Readonly<Record<string, Json>>).map(([name, value]) => ({ name, value: convert(value) }))

/** YAML holds JSON. */
const anyOf = (value: unknown): Json => ({ yaml: `${JSON.stringify(value)}\n` })

const extensionsOf = (object: Json): readonly object[] =>
  Object.entries(object)
    .filter(([name]) => name.startsWith('x-'))
    .map(([name, value]) => ({ name, value: anyOf(value) }))

function schemaOf(schema: Json): Json {
  const { $ref, format, description, required, type, properties, items, allOf, additionalProperties } = schema
  return {
    ...($ref !== undefined && { _ref: $ref }),
    ...(format !== undefined && { format }),
    ...(description !== undefined && { description }),
    ...(schema['default'] !== undefined && { default: anyOf(schema['default']) }),
    ...(required !== undefined && { required }),
    ...(schema['enum'] !== undefined && { enum: (schema['enum'] as readonly unknown[]).map(anyOf) }),
    ...(additionalProperties !== undefined && {
      additional_properties:
        typeof additionalProperties === 'boolean' ? { boolean: additionalProperties } : { schema: schemaOf(additionalProperties as Json) },
    }),
    ...(type !== undefined && { type: { value: [type].flat() } }),
    ...(items !== undefined && { items: { schema: [schemaOf(items as Json)] } }),
    ...(allOf !== undefined && { all_of: (allOf as readonly Json[]).map(schemaOf) }),
    ...(properties !== undefined && { properties: { additional_properties: entriesOf(properties, schemaOf) } }),
    vendor_extension: extensionsOf(schema),
  }
}

const pathOf = ({ parameters, ...operations }: Json): Json => ({
  ...Object.fromEntries(Object.entries(operations).map(([method, operation]) => [method, operationOf(operation as Json)])),
  parameters: ((parameters ?? []) as readonly Json[]).map(parameterOf),
})

const operationOf = (operation: Json): Json => ({
  tags: operation['tags'],
  operation_id: operation['operationId'],
  ...(operation['produces'] !== undefined && { produces: operation['produces'] }),
  ...(operation['consumes'] !== undefined && { consumes: operation['consumes'] }),
  ...(operation['schemes'] !== undefined && { schemes: operation['schemes'] }),
  parameters: ((operation['parameters'] ?? []) as readonly Json[]).map(parameterOf),
  responses: {
    response_code: entriesOf(operation['responses'], ({ description, schema }) => ({
      response: { description, ...(schema !== undefined && { schema: { schema: schemaOf(schema as Json) } }) },
    })),
  },
  vendor_extension: extensionsOf(operation),
})

function parameterOf(parameter: Json): Json {
  const { name, required = false, type } = parameter
  const place = parameter['in']
  if (place === 'body')
    return { parameter: { body_parameter: { name, in: place, required, schema: schemaOf(parameter['schema'] as Json) } } }
  const simple = { name, in: place, required, type, unique_items: parameter['uniqueItems'] === true }
  return {
    parameter: {
      non_body_parameter: place === 'path' ? { path_parameter_sub_schema: simple } : { query_parameter_sub_schema: simple },
    },
  }
}
