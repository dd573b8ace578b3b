/** The types of apiextensions.k8s.io/v1, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import * as meta from '#api/meta/v1/types.ts'
import {
  bool,
  bytes,
  double,
  either,
  field,
  int32,
  int64,
  json,
  list,
  map,
  message,
  nullable,
  type Of,
  oneOf,
  recursive,
  string,
  type Type,
  time,
} from '#schema/schema.ts'
import type { JsonSchema } from '#schema/structural/structural.ts'

const proto = 'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1'
const openapi = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1'

export const FieldValueErrorReason = oneOf('FieldValueRequired', 'FieldValueDuplicate', 'FieldValueInvalid', 'FieldValueForbidden')

export const ValidationRule = message(`${proto}.ValidationRule`, {
  rule: field(1, string(), { required: true }),
  message: field(2, string()),
  messageExpression: field(3, string()),
  reason: field(4, FieldValueErrorReason, { pointer: true }),
  fieldPath: field(5, string()),
  optionalOldSelf: field(6, bool(), { pointer: true }),
})
export type ValidationRule = Of<typeof ValidationRule>

export const ExternalDocumentation = message(`${proto}.ExternalDocumentation`, {
  description: field(1, string()),
  url: field(2, string()),
})

const anyJson = json({ name: `${openapi}.JSON`, isOpen: true })

export const JSONSchemaProps: Type<JsonSchema> = recursive<JsonSchema>(`${proto}.JSONSchemaProps`, () => ({
  id: field(1, string()),
  $schema: field(2, string()),
  $ref: field(3, string(), { pointer: true }),
  description: field(4, string()),
  type: field(5, string()),
  format: field(6, string()),
  title: field(7, string()),
  default: field(8, anyJson, { pointer: true }),
  maximum: field(9, double(), { pointer: true }),
  exclusiveMaximum: field(10, bool()),
  minimum: field(11, double(), { pointer: true }),
  exclusiveMinimum: field(12, bool()),
  maxLength: field(13, int64(), { pointer: true }),
  minLength: field(14, int64(), { pointer: true }),
  pattern: field(15, string()),
  maxItems: field(16, int64(), { pointer: true }),
  minItems: field(17, int64(), { pointer: true }),
  uniqueItems: field(18, bool()),
  multipleOf: field(19, double(), { pointer: true }),
  enum: field(20, list(anyJson)),
  maxProperties: field(21, int64(), { pointer: true }),
  minProperties: field(22, int64(), { pointer: true }),
  required: field(23, list(string())),
  items: field(24, JSONSchemaPropsOrArray, { pointer: true }),
  allOf: field(25, list(JSONSchemaProps)),
  oneOf: field(26, list(JSONSchemaProps)),
  anyOf: field(27, list(JSONSchemaProps)),
  not: field(28, JSONSchemaProps, { pointer: true }),
  properties: field(29, map(JSONSchemaProps)),
  additionalProperties: field(30, JSONSchemaPropsOrBool, { pointer: true }),
  patternProperties: field(31, map(JSONSchemaProps)),
  dependencies: field(32, map(JSONSchemaPropsOrStringArray)),
  additionalItems: field(33, JSONSchemaPropsOrBool, { pointer: true }),
  definitions: field(34, map(JSONSchemaProps)),
  externalDocs: field(35, ExternalDocumentation, { pointer: true }),
  example: field(36, anyJson, { pointer: true }),
  nullable: field(37, bool()),
  'x-kubernetes-preserve-unknown-fields': field(38, bool(), { pointer: true }),
  'x-kubernetes-embedded-resource': field(39, bool()),
  'x-kubernetes-int-or-string': field(40, bool()),
  'x-kubernetes-list-map-keys': field(41, list(string())),
  'x-kubernetes-list-type': field(42, string(), { pointer: true }),
  'x-kubernetes-map-type': field(43, string(), { pointer: true }),
  'x-kubernetes-validations': field(
    44,
    list(ValidationRule, { apply: { type: 'map', keys: ['rule'] }, patch: { strategy: 'merge', key: 'rule' } }),
  ),
}))

export const JSONSchemaPropsOrArray = either<JsonSchema | readonly JsonSchema[]>(`${proto}.JSONSchemaPropsOrArray`, () => [
  { json: 'object', number: 1, type: JSONSchemaProps },
  { json: 'array', number: 2, type: list(JSONSchemaProps) },
])
export const JSONSchemaPropsOrBool = either<JsonSchema | boolean>(
  `${proto}.JSONSchemaPropsOrBool`,
  () => [
    { json: 'boolean', number: 1, type: bool() },
    { json: 'object', number: 2, type: JSONSchemaProps },
  ],
  'boolean or JSON schema expected',
)
export const JSONSchemaPropsOrStringArray = either<JsonSchema | readonly string[]>(`${proto}.JSONSchemaPropsOrStringArray`, () => [
  { json: 'object', number: 1, type: JSONSchemaProps },
  { json: 'array', number: 2, type: list(string()) },
])

export const CustomResourceValidation = message(`${proto}.CustomResourceValidation`, {
  openAPIV3Schema: field(1, JSONSchemaProps, { pointer: true }),
})
export type CustomResourceValidation = Of<typeof CustomResourceValidation>

export const CustomResourceSubresourceStatus = message(`${proto}.CustomResourceSubresourceStatus`, {})

export const CustomResourceSubresourceScale = message(`${proto}.CustomResourceSubresourceScale`, {
  specReplicasPath: field(1, string(), { required: true }),
  statusReplicasPath: field(2, string(), { required: true }),
  labelSelectorPath: field(3, string(), { pointer: true }),
})
export type CustomResourceSubresourceScale = Of<typeof CustomResourceSubresourceScale>

export const CustomResourceSubresources = message(`${proto}.CustomResourceSubresources`, {
  status: field(1, CustomResourceSubresourceStatus, { pointer: true }),
  scale: field(2, CustomResourceSubresourceScale, { pointer: true }),
})
export type CustomResourceSubresources = Of<typeof CustomResourceSubresources>

export const CustomResourceColumnDefinition = message(`${proto}.CustomResourceColumnDefinition`, {
  name: field(1, string(), { required: true }),
  type: field(2, string(), { required: true }),
  format: field(3, string()),
  description: field(4, string()),
  priority: field(5, int32()),
  jsonPath: field(6, string(), { required: true }),
})
export type CustomResourceColumnDefinition = Of<typeof CustomResourceColumnDefinition>

export const SelectableField = message(`${proto}.SelectableField`, {
  jsonPath: field(1, string(), { required: true }),
})
export type SelectableField = Of<typeof SelectableField>

export const CustomResourceDefinitionVersion = message(`${proto}.CustomResourceDefinitionVersion`, {
  name: field(1, string(), { required: true }),
  served: field(2, bool(), { required: true }),
  storage: field(3, bool(), { required: true }),
  deprecated: field(7, bool()),
  deprecationWarning: field(8, string(), { pointer: true }),
  schema: field(4, CustomResourceValidation, { pointer: true }),
  subresources: field(5, CustomResourceSubresources, { pointer: true }),
  additionalPrinterColumns: field(6, list(CustomResourceColumnDefinition)),
  selectableFields: field(9, list(SelectableField)),
})
export type CustomResourceDefinitionVersion = Of<typeof CustomResourceDefinitionVersion>

export const ServiceReference = message(`${proto}.ServiceReference`, {
  namespace: field(1, string(), { required: true }),
  name: field(2, string(), { required: true }),
  path: field(3, string(), { pointer: true }),
  port: field(4, int32(), { pointer: true }),
})

export const WebhookClientConfig = message(`${proto}.WebhookClientConfig`, {
  url: field(3, string(), { pointer: true }),
  service: field(1, ServiceReference, { pointer: true }),
  caBundle: field(2, bytes()),
})
export type WebhookClientConfig = Of<typeof WebhookClientConfig>

export const WebhookConversion = message(`${proto}.WebhookConversion`, {
  clientConfig: field(2, WebhookClientConfig, { pointer: true }),
  conversionReviewVersions: field(3, list(string()), { required: true }),
})
export type WebhookConversion = Of<typeof WebhookConversion>

export const CustomResourceConversion = message(`${proto}.CustomResourceConversion`, {
  strategy: field(1, string(), { required: true }),
  webhook: field(2, WebhookConversion, { pointer: true }),
})
export type CustomResourceConversion = Of<typeof CustomResourceConversion>

export const CustomResourceDefinitionNames = message(`${proto}.CustomResourceDefinitionNames`, {
  plural: field(1, string(), { required: true }),
  singular: field(2, string()),
  shortNames: field(3, list(string())),
  kind: field(4, string(), { required: true }),
  listKind: field(5, string()),
  categories: field(6, list(string())),
})
export type CustomResourceDefinitionNames = Of<typeof CustomResourceDefinitionNames>

export const CustomResourceDefinitionSpec = message(`${proto}.CustomResourceDefinitionSpec`, {
  group: field(1, string(), { required: true }),
  names: field(3, CustomResourceDefinitionNames, { required: true }),
  scope: field(4, string(), { required: true }),
  versions: field(7, list(CustomResourceDefinitionVersion), { required: true, pointer: true }),
  conversion: field(9, CustomResourceConversion, { pointer: true }),
  preserveUnknownFields: field(10, bool()),
})
export type CustomResourceDefinitionSpec = Of<typeof CustomResourceDefinitionSpec>

export const CustomResourceDefinitionCondition = message(`${proto}.CustomResourceDefinitionCondition`, {
  type: field(1, string(), { required: true }),
  status: field(2, string(), { required: true }),
  lastTransitionTime: field(3, nullable(time()), { always: true }),
  reason: field(4, string()),
  message: field(5, string()),
  observedGeneration: field(6, int64()),
})
export type CustomResourceDefinitionCondition = Of<typeof CustomResourceDefinitionCondition>

export const CustomResourceDefinitionStatus = message(`${proto}.CustomResourceDefinitionStatus`, {
  conditions: field(1, list(CustomResourceDefinitionCondition, { apply: { type: 'map', keys: ['type'] } }), { always: true }),
  acceptedNames: field(2, CustomResourceDefinitionNames, { always: true }),
  storedVersions: field(3, list(string()), { always: true }),
  observedGeneration: field(4, int64()),
})
export type CustomResourceDefinitionStatus = Of<typeof CustomResourceDefinitionStatus>

export const CustomResourceDefinition = message(`${proto}.CustomResourceDefinition`, {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  spec: field(2, CustomResourceDefinitionSpec, { required: true }),
  status: field(3, CustomResourceDefinitionStatus, { always: true }),
})
export type CustomResourceDefinition = Of<typeof CustomResourceDefinition>

export const ConversionRequest = message(`${proto}.ConversionRequest`, {
  uid: field(1, string(), { required: true }),
  desiredAPIVersion: field(2, string(), { required: true }),
  objects: field(3, list(json()), { required: true }),
})
export type ConversionRequest = Of<typeof ConversionRequest>

export const ConversionResponse = message(`${proto}.ConversionResponse`, {
  uid: field(1, string(), { required: true }),
  convertedObjects: field(2, list(json()), { required: true }),
  result: field(3, meta.Status, { required: true }),
})
export type ConversionResponse = Of<typeof ConversionResponse>

export const ConversionReview = message(`${proto}.ConversionReview`, {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  request: field(1, ConversionRequest, { pointer: true }),
  response: field(2, ConversionResponse, { pointer: true }),
})
export type ConversionReview = Of<typeof ConversionReview>
