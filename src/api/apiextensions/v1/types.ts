/** The types of apiextensions.k8s.io/v1, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import { objectFields, typeFields } from '#api/meta/v1/object-fields.ts'
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

export const ValidationRule = message(
  `${proto}.ValidationRule`,
  {
    rule: field(1, string(), {
      required: true,
      about: 'CEL expression over self, and over oldSelf to compare an update with what was; true for good values.',
    }),
    message: field(2, string(), { about: 'What a client is told about a bad value; needed if the rule has line breaks.' }),
    messageExpression: field(3, string(), {
      about: 'CEL expression that makes the message; message is used if it fails or gives nothing.',
    }),
    reason: field(4, FieldValueErrorReason, {
      pointer: true,
      about: 'Reason in the answer: FieldValueInvalid (the default), FieldValueForbidden, FieldValueRequired or FieldValueDuplicate.',
    }),
    fieldPath: field(5, string(), {
      about: 'Path, from here on, of the field that is to blame, such as .spec.size; by default the value itself.',
    }),
    optionalOldSelf: field(6, bool(), {
      pointer: true,
      about: 'With true, oldSelf is an optional, and a rule that names it is also tried where there was no value before.',
    }),
  },
  { about: 'Condition in CEL that values under a schema have to meet.' },
)
export type ValidationRule = Of<typeof ValidationRule>

export const ExternalDocumentation = message(
  `${proto}.ExternalDocumentation`,
  {
    description: field(1, string(), { about: 'What is found there.' }),
    url: field(2, string(), { about: 'Address of the text.' }),
  },
  { about: 'Where more is written about a schema.' },
)

const anyJson = json({ name: `${openapi}.JSON`, isOpen: true })

export const JSONSchemaProps: Type<JsonSchema> = recursive<JsonSchema>(
  `${proto}.JSONSchemaProps`,
  () => ({
    id: field(1, string(), { about: 'Identifier of the schema; not allowed for custom resources.' }),
    $schema: field(2, string(), { about: 'Which sort of schema this is; has to be empty for custom resources.' }),
    $ref: field(3, string(), { pointer: true, about: 'Reference to another schema; not allowed for custom resources.' }),
    description: field(4, string(), { about: 'What the value is for; kubectl explain shows it.' }),
    type: field(5, string(), {
      about: 'object, array, string, integer, number or boolean; required nearly everywhere in structural schemas.',
    }),
    format: field(6, string(), { about: 'Format of a text or number, such as date-time, int64 or byte; unknown ones are not checked.' }),
    title: field(7, string(), { about: 'Short name of the value.' }),
    default: field(8, anyJson, { pointer: true, about: 'Value that is filled in where none is given; it has to fit the schema.' }),
    maximum: field(9, double(), { pointer: true, about: 'Largest number that is allowed.' }),
    exclusiveMaximum: field(10, bool(), { about: 'With true, the number has to be less than maximum.' }),
    minimum: field(11, double(), { pointer: true, about: 'Smallest number that is allowed.' }),
    exclusiveMinimum: field(12, bool(), { about: 'With true, the number has to be greater than minimum.' }),
    maxLength: field(13, int64(), { pointer: true, about: 'Most characters of a text.' }),
    minLength: field(14, int64(), { pointer: true, about: 'Fewest characters of a text.' }),
    pattern: field(15, string(), { about: 'Regular expression (RE2) that the text has to match somewhere; ^ and $ tie it to the ends.' }),
    maxItems: field(16, int64(), { pointer: true, about: 'Most items of a list.' }),
    minItems: field(17, int64(), { pointer: true, about: 'Fewest items of a list.' }),
    uniqueItems: field(18, bool(), { about: 'Must not be true, since comparing all items costs too much; see x-kubernetes-list-type.' }),
    multipleOf: field(19, double(), { pointer: true, about: 'Number that the value has to be a multiple of.' }),
    enum: field(20, list(anyJson), { about: 'The only values that are allowed.' }),
    maxProperties: field(21, int64(), { pointer: true, about: 'Most fields of an object.' }),
    minProperties: field(22, int64(), { pointer: true, about: 'Fewest fields of an object.' }),
    required: field(23, list(string()), { about: 'Fields that the object must have.' }),
    items: field(24, JSONSchemaPropsOrArray, { pointer: true, about: 'Schema of all items of a list.' }),
    allOf: field(25, list(JSONSchemaProps), { about: 'Further schemas, all of which have to fit; they may only check.' }),
    oneOf: field(26, list(JSONSchemaProps), { about: 'Further schemas, exactly one of which has to fit; they may only check.' }),
    anyOf: field(27, list(JSONSchemaProps), { about: 'Further schemas, at least one of which has to fit; they may only check.' }),
    not: field(28, JSONSchemaProps, { pointer: true, about: 'Schema that must not fit; it may only check.' }),
    properties: field(29, map(JSONSchemaProps), { about: "Schemas of the object's fields, by name." }),
    additionalProperties: field(30, JSONSchemaPropsOrBool, {
      pointer: true,
      about: 'Schema of the values of an object whose keys are free; it does not go with properties.',
    }),
    patternProperties: field(31, map(JSONSchemaProps), {
      about: 'Schemas of fields by pattern of the name; not allowed for custom resources.',
    }),
    dependencies: field(32, map(JSONSchemaPropsOrStringArray), {
      about: 'Fields that come only with others; not allowed for custom resources.',
    }),
    additionalItems: field(33, JSONSchemaPropsOrBool, {
      pointer: true,
      about: 'Schema of items past those that items lists; not allowed for custom resources.',
    }),
    definitions: field(34, map(JSONSchemaProps), { about: 'Schemas to refer to; not allowed for custom resources.' }),
    externalDocs: field(35, ExternalDocumentation, { pointer: true, about: 'Where more is written about the value.' }),
    example: field(36, anyJson, { pointer: true, about: 'An example of a value, only shown.' }),
    nullable: field(37, bool(), {
      about: 'Allows null beside the type; without it a null field is dropped or gets its default, and other nulls are errors.',
    }),
    'x-kubernetes-preserve-unknown-fields': field(38, bool(), {
      pointer: true,
      about: 'Keeps fields of the object that the schema does not name; else they are dropped. False is not allowed.',
    }),
    'x-kubernetes-embedded-resource': field(39, bool(), {
      about: 'The value is an object of Kubernetes itself: apiVersion, kind and metadata are checked and filled out.',
    }),
    'x-kubernetes-int-or-string': field(40, bool(), { about: 'Allows both a whole number and a text, in place of a type.' }),
    'x-kubernetes-list-map-keys': field(41, list(string()), {
      about: 'Fields that tell the items of a list of type map apart; they have to be required or have a default.',
    }),
    'x-kubernetes-list-type': field(42, string(), {
      pointer: true,
      about: 'How lists merge: atomic (the default) as a whole, set by value, map by keys.',
    }),
    'x-kubernetes-map-type': field(43, string(), {
      pointer: true,
      about: 'How objects merge: granular (the default) field by field, atomic as a whole.',
    }),
    'x-kubernetes-validations': field(
      44,
      list(ValidationRule, { apply: { type: 'map', keys: ['rule'] }, patch: { strategy: 'merge', key: 'rule' } }),
      { about: 'Conditions in CEL that the value has to meet.' },
    ),
  }),
  { about: 'Schema of a value, as OpenAPI v3 has it, without references and with extensions of Kubernetes.' },
)

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

export const CustomResourceValidation = message(
  `${proto}.CustomResourceValidation`,
  {
    openAPIV3Schema: field(1, JSONSchemaProps, {
      pointer: true,
      about: 'The schema, which has to be structural: with a type for every field.',
    }),
  },
  { about: "Schema of a version's objects." },
)
export type CustomResourceValidation = Of<typeof CustomResourceValidation>

export const CustomResourceSubresourceStatus = message(
  `${proto}.CustomResourceSubresourceStatus`,
  {},
  { about: 'Turns the status subresource on; there is nothing to set.' },
)

export const CustomResourceSubresourceScale = message(
  `${proto}.CustomResourceSubresourceScale`,
  {
    specReplicasPath: field(1, string(), {
      required: true,
      about: 'Path of the wanted number, under .spec and without lists, such as .spec.replicas.',
    }),
    statusReplicasPath: field(2, string(), {
      required: true,
      about: 'Path of the present number, under .status and without lists, such as .status.replicas.',
    }),
    labelSelectorPath: field(3, string(), {
      pointer: true,
      about: "Path of a text with the pods' label selector, under .spec or .status; a HorizontalPodAutoscaler needs it.",
    }),
  },
  { about: 'Where the scale subresource finds its values in an object.' },
)
export type CustomResourceSubresourceScale = Of<typeof CustomResourceSubresourceScale>

export const CustomResourceSubresources = message(
  `${proto}.CustomResourceSubresources`,
  {
    status: field(1, CustomResourceSubresourceStatus, {
      pointer: true,
      about: 'With it, .status is written through /status only, and everything else not through it.',
    }),
    scale: field(2, CustomResourceSubresourceScale, {
      pointer: true,
      about: 'With it, /scale gives the size in the form of autoscaling/v1 Scale.',
    }),
  },
  { about: "Subresources that a version's objects have." },
)
export type CustomResourceSubresources = Of<typeof CustomResourceSubresources>

export const CustomResourceColumnDefinition = message(
  `${proto}.CustomResourceColumnDefinition`,
  {
    name: field(1, string(), { required: true, about: 'Heading of the column.' }),
    type: field(2, string(), { required: true, about: 'integer, number, string, boolean or date, which shows a time as an age.' }),
    format: field(3, string(), { about: 'Format of the value, such as int64 or date-time, as in schemas.' }),
    description: field(4, string(), { about: 'What the column shows, in words.' }),
    priority: field(5, int32(), { about: '0 always shows the column, a higher number only with -o wide.' }),
    jsonPath: field(6, string(), { required: true, about: 'JSON path of the value in an object, such as .spec.replicas.' }),
  },
  { about: 'Column of the table that kubectl get shows.' },
)
export type CustomResourceColumnDefinition = Of<typeof CustomResourceColumnDefinition>

export const SelectableField = message(
  `${proto}.SelectableField`,
  {
    jsonPath: field(1, string(), {
      required: true,
      about: 'Simple path of a text, number or boolean in the schema, such as .spec.color; not under .metadata.',
    }),
  },
  { about: 'Field that field selectors can go by.' },
)
export type SelectableField = Of<typeof SelectableField>

export const CustomResourceDefinitionVersion = message(
  `${proto}.CustomResourceDefinitionVersion`,
  {
    name: field(1, string(), { required: true, about: 'Name of the version, such as v1beta1; it is part of the path.' }),
    served: field(2, bool(), { required: true, about: 'Whether requests in this version are answered.' }),
    storage: field(3, bool(), { required: true, about: 'Whether objects are stored in this version; exactly one version says so.' }),
    deprecated: field(7, bool(), { about: 'With true, clients that use the version are warned.' }),
    deprecationWarning: field(8, string(), {
      pointer: true,
      about: 'What they are told then, at most 256 characters; by default that the version is deprecated and which to use.',
    }),
    schema: field(4, CustomResourceValidation, { pointer: true, about: 'Schema of the objects; required for every version.' }),
    subresources: field(5, CustomResourceSubresources, { pointer: true, about: 'Which of status and scale the objects have.' }),
    additionalPrinterColumns: field(6, list(CustomResourceColumnDefinition), {
      about: 'Columns of kubectl get after the name; by default the age.',
    }),
    selectableFields: field(9, list(SelectableField), { about: 'Fields that lists and watches can be narrowed down by, at most 8.' }),
  },
  { about: 'One version in which custom objects are served.' },
)
export type CustomResourceDefinitionVersion = Of<typeof CustomResourceDefinitionVersion>

export const ServiceReference = message(
  `${proto}.ServiceReference`,
  {
    namespace: field(1, string(), { required: true, about: 'Namespace of the service.' }),
    name: field(2, string(), { required: true, about: 'Name of the service.' }),
    path: field(3, string(), { pointer: true, about: 'Path of the request, such as /convert.' }),
    port: field(4, int32(), { pointer: true, about: 'Port of the service, from 1 to 65535; 443 by default.' }),
  },
  { about: 'Service that a conversion webhook is reached at.' },
)

export const WebhookClientConfig = message(
  `${proto}.WebhookClientConfig`,
  {
    url: field(3, string(), {
      pointer: true,
      about: 'Address that begins with https://, without user, query or fragment; give either this or service.',
    }),
    service: field(1, ServiceReference, {
      pointer: true,
      about: 'Service in this cluster; the certificate has to be for <name>.<namespace>.svc. Give either this or url.',
    }),
    caBundle: field(2, bytes(), {
      about: "PEM certificates that the webhook's is checked with, base64 in JSON; by default those of the API server's system.",
    }),
  },
  { about: 'How a conversion webhook is reached: either by URL or through a service, always over TLS.' },
)
export type WebhookClientConfig = Of<typeof WebhookClientConfig>

export const WebhookConversion = message(
  `${proto}.WebhookConversion`,
  {
    clientConfig: field(2, WebhookClientConfig, { pointer: true, about: 'How the webhook is reached; required.' }),
    conversionReviewVersions: field(3, list(string()), {
      required: true,
      about: 'Versions of ConversionReview that it understands, the preferred first; v1 or v1beta1 has to be among them.',
    }),
  },
  { about: 'Webhook that converts objects between versions.' },
)
export type WebhookConversion = Of<typeof WebhookConversion>

export const CustomResourceConversion = message(
  `${proto}.CustomResourceConversion`,
  {
    strategy: field(1, string(), {
      required: true,
      about: 'None changes only apiVersion, which takes the same fields in all versions; Webhook asks a service.',
    }),
    webhook: field(2, WebhookConversion, { pointer: true, about: 'The service, needed for Webhook and not allowed for None.' }),
  },
  { about: 'How objects get from one version to another.' },
)
export type CustomResourceConversion = Of<typeof CustomResourceConversion>

export const CustomResourceDefinitionNames = message(
  `${proto}.CustomResourceDefinitionNames`,
  {
    plural: field(1, string(), {
      required: true,
      about: "Name in paths, in lower case, such as crontabs; the object's name is <plural>.<group>. Cannot be changed.",
    }),
    singular: field(2, string(), { about: 'Name of one of them, in lower case; by default the kind in lower case.' }),
    shortNames: field(3, list(string()), { about: 'Shorter names that kubectl takes too.' }),
    kind: field(4, string(), {
      required: true,
      about: 'Name of the kind in CamelCase, such as CronTab. Cannot be changed once established.',
    }),
    listKind: field(5, string(), { about: 'Kind of a list of them; by default the kind with List behind it.' }),
    categories: field(6, list(string()), { about: 'Groups of resources that it belongs to, such as all, as in kubectl get all.' }),
  },
  { about: 'What a resource and its kind are called.' },
)
export type CustomResourceDefinitionNames = Of<typeof CustomResourceDefinitionNames>

export const CustomResourceDefinitionSpec = message(
  `${proto}.CustomResourceDefinitionSpec`,
  {
    group: field(1, string(), { required: true, about: 'API group, a domain name such as acme.io. Cannot be changed.' }),
    names: field(3, CustomResourceDefinitionNames, { required: true, about: 'Names of the resource and its kind.' }),
    scope: field(4, string(), {
      required: true,
      about: 'Namespaced, or Cluster for objects without a namespace. Cannot be changed once established.',
    }),
    versions: field(7, list(CustomResourceDefinitionVersion), {
      required: true,
      pointer: true,
      about: 'Versions in which the objects are served; one of them is stored.',
    }),
    conversion: field(9, CustomResourceConversion, {
      pointer: true,
      about: 'How objects get from one version to another; None by default.',
    }),
    preserveUnknownFields: field(10, bool(), { about: 'Has to be false; use x-kubernetes-preserve-unknown-fields in the schema.' }),
  },
  { about: 'What a resource is called, where it lives and in which versions it is served.' },
)
export type CustomResourceDefinitionSpec = Of<typeof CustomResourceDefinitionSpec>

export const CustomResourceDefinitionCondition = message(
  `${proto}.CustomResourceDefinitionCondition`,
  {
    type: field(1, string(), {
      required: true,
      about: 'Established, NamesAccepted, NonStructuralSchema, Terminating or KubernetesAPIApprovalPolicyConformant.',
    }),
    status: field(2, string(), { required: true, about: 'True, False or Unknown.' }),
    lastTransitionTime: field(3, nullable(time()), { always: true, about: 'When the status last changed.' }),
    reason: field(4, string(), { about: 'Cause of the last change, as one CamelCase word.' }),
    message: field(5, string(), { about: 'Explanation of the last change for a person to read.' }),
    observedGeneration: field(6, int64(), { about: 'metadata.generation that the condition was set for.' }),
  },
  { about: "One observed aspect of a definition's state." },
)
export type CustomResourceDefinitionCondition = Of<typeof CustomResourceDefinitionCondition>

export const CustomResourceDefinitionStatus = message(
  `${proto}.CustomResourceDefinitionStatus`,
  {
    conditions: field(1, list(CustomResourceDefinitionCondition, { apply: { type: 'map', keys: ['type'] } }), {
      always: true,
      about: 'Observed aspects of the state, one entry for each type; Established means that the resource is served.',
    }),
    acceptedNames: field(2, CustomResourceDefinitionNames, {
      always: true,
      about: 'Names that are in use; they can differ from spec.names where others have those already.',
    }),
    storedVersions: field(3, list(string()), {
      always: true,
      about: 'Versions in which objects may still be stored; to drop a version, rewrite them all and take it out here first.',
    }),
    observedGeneration: field(4, int64(), { about: 'metadata.generation that this status was computed for.' }),
  },
  { about: 'Whether a definition is in force, and under which names.' },
)
export type CustomResourceDefinitionStatus = Of<typeof CustomResourceDefinitionStatus>

export const CustomResourceDefinition = message(
  `${proto}.CustomResourceDefinition`,
  {
    ...objectFields,
    spec: field(2, CustomResourceDefinitionSpec, { required: true, about: 'Names, scope, versions and conversion.' }),
    status: field(3, CustomResourceDefinitionStatus, { always: true, about: 'Whether it is in force; written by the API server.' }),
  },
  { about: 'Adds a kind of objects to the API: its names, versions and schemas.' },
)
export type CustomResourceDefinition = Of<typeof CustomResourceDefinition>

export const ConversionRequest = message(
  `${proto}.ConversionRequest`,
  {
    uid: field(1, string(), { required: true, about: 'Identifies this call; the response has to repeat it.' }),
    desiredAPIVersion: field(2, string(), { required: true, about: 'Group and version to convert to, such as acme.io/v1.' }),
    objects: field(3, list(json()), { required: true, about: 'The objects, perhaps of different versions.' }),
  },
  { about: 'Objects that a webhook has to convert.' },
)
export type ConversionRequest = Of<typeof ConversionRequest>

export const ConversionResponse = message(
  `${proto}.ConversionResponse`,
  {
    uid: field(1, string(), { required: true, about: 'The uid of the request.' }),
    convertedObjects: field(2, list(json()), {
      required: true,
      about: 'The objects in the desired version, in the same order; empty on failure.',
    }),
    result: field(3, meta.Status, { required: true, about: 'Success, or why nothing was converted; a message is shown to the client.' }),
  },
  { about: 'What a webhook made of them.' },
)
export type ConversionResponse = Of<typeof ConversionResponse>

export const ConversionReview = message(
  `${proto}.ConversionReview`,
  {
    ...typeFields,
    request: field(1, ConversionRequest, { pointer: true, about: 'Objects to convert, on the way to the webhook.' }),
    response: field(2, ConversionResponse, { pointer: true, about: 'Converted objects, on the way back.' }),
  },
  { about: 'What is sent to a conversion webhook and what it sends back; it is never stored.' },
)
export type ConversionReview = Of<typeof ConversionReview>
