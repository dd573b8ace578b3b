import type { JsonSchema, ValidationRule } from '#schema/structural/structural.ts'
import type { InternalVersion } from '../internal-spec.ts'

/** Values as refusals of the reference show them: its own structures, with every field under its Go name. */

export const dumpRule = (rule: ValidationRule): object => ({
  Rule: rule.rule,
  Message: rule.message ?? '',
  MessageExpression: rule.messageExpression ?? '',
  Reason: rule.reason ?? null,
  FieldPath: rule.fieldPath ?? '',
  OptionalOldSelf: rule.optionalOldSelf ?? null,
})

/** Versions as the reference shows its own structures in messages: all fields, under Go's names. */
export const dumpVersions = (versions: readonly InternalVersion[]): object[] => versions.map(dumpVersion)

const dumpVersion = (version: InternalVersion): object => ({
  Name: version.name,
  Served: version.served,
  Storage: version.storage,
  Deprecated: version.deprecated ?? false,
  DeprecationWarning: version.deprecationWarning ?? null,
  Schema:
    version.schema === undefined
      ? null
      : { OpenAPIV3Schema: version.schema.openAPIV3Schema === undefined ? null : dumpSchema(version.schema.openAPIV3Schema) },
  Subresources:
    version.subresources === undefined
      ? null
      : {
          Status: version.subresources.status === undefined ? null : {},
          Scale:
            version.subresources.scale === undefined
              ? null
              : {
                  SpecReplicasPath: version.subresources.scale.specReplicasPath,
                  StatusReplicasPath: version.subresources.scale.statusReplicasPath,
                  LabelSelectorPath: version.subresources.scale.labelSelectorPath ?? null,
                },
        },
  AdditionalPrinterColumns:
    version.additionalPrinterColumns?.map((column) => ({
      Name: column.name,
      Type: column.type,
      Format: column.format ?? '',
      Description: column.description ?? '',
      Priority: column.priority ?? 0,
      JSONPath: column.jsonPath,
    })) ?? null,
  SelectableFields: version.selectableFields?.map(({ jsonPath }) => ({ JSONPath: jsonPath })) ?? null,
})

/** The internal form of a schema. */
export function dumpSchema(schema: JsonSchema): object {
  const list = (schemas: readonly JsonSchema[] | undefined): object[] | null => schemas?.map(dumpSchema) ?? null
  const map = (schemas: Readonly<Record<string, JsonSchema>> | undefined): object | null =>
    schemas === undefined ? null : Object.fromEntries(sorted(schemas).map(([name, part]) => [name, dumpSchema(part)]))
  const orBool = (part: JsonSchema | boolean | undefined): object | null =>
    part === undefined ? null : typeof part === 'boolean' ? { Allows: part, Schema: null } : { Allows: true, Schema: dumpSchema(part) }
  return {
    ID: schema.id ?? '',
    Schema: schema.$schema ?? '',
    Ref: schema.$ref ?? null,
    Description: schema.description ?? '',
    Type: schema.type ?? '',
    Nullable: schema.nullable ?? false,
    Format: schema.format ?? '',
    Title: schema.title ?? '',
    Default: schema.default ?? null,
    Maximum: schema.maximum ?? null,
    ExclusiveMaximum: schema.exclusiveMaximum ?? false,
    Minimum: schema.minimum ?? null,
    ExclusiveMinimum: schema.exclusiveMinimum ?? false,
    MaxLength: schema.maxLength ?? null,
    MinLength: schema.minLength ?? null,
    Pattern: schema.pattern ?? '',
    MaxItems: schema.maxItems ?? null,
    MinItems: schema.minItems ?? null,
    UniqueItems: schema.uniqueItems ?? false,
    MultipleOf: schema.multipleOf ?? null,
    Enum: schema.enum ?? null,
    MaxProperties: schema.maxProperties ?? null,
    MinProperties: schema.minProperties ?? null,
    Required: schema.required ?? null,
    Items: dumpItems(schema),
    AllOf: list(schema.allOf),
    OneOf: list(schema.oneOf),
    AnyOf: list(schema.anyOf),
    Not: schema.not === undefined ? null : dumpSchema(schema.not),
    Properties: map(schema.properties),
    AdditionalProperties: orBool(schema.additionalProperties),
    PatternProperties: map(schema.patternProperties),
    Dependencies:
      schema.dependencies === undefined
        ? null
        : Object.fromEntries(
            sorted(schema.dependencies).map(([name, part]) => [
              name,
              Array.isArray(part)
                ? { Schema: null, Property: part }
                : { Schema: part === null ? null : dumpSchema(part as JsonSchema), Property: null },
            ]),
          ),
    AdditionalItems: orBool(schema.additionalItems),
    Definitions: map(schema.definitions),
    ExternalDocs:
      schema.externalDocs === undefined ? null : { Description: schema.externalDocs.description ?? '', URL: schema.externalDocs.url ?? '' },
    Example: schema.example ?? null,
    XPreserveUnknownFields: schema['x-kubernetes-preserve-unknown-fields'] ?? null,
    XEmbeddedResource: schema['x-kubernetes-embedded-resource'] ?? false,
    XIntOrString: schema['x-kubernetes-int-or-string'] ?? false,
    XListMapKeys: schema['x-kubernetes-list-map-keys'] ?? null,
    XListType: schema['x-kubernetes-list-type'] ?? null,
    XMapType: schema['x-kubernetes-map-type'] ?? null,
    XValidations: schema['x-kubernetes-validations']?.map(dumpRule) ?? null,
  }
}

/** One schema or several. */
export function dumpItems({ items }: JsonSchema): object | null {
  if (items === undefined) return null
  if (Array.isArray(items)) return { Schema: null, JSONSchemas: (items as readonly JsonSchema[]).map(dumpSchema) }
  return { Schema: dumpSchema(items as JsonSchema), JSONSchemas: null }
}

const sorted = <T>(parts: Readonly<Record<string, T>>): [string, T][] => Object.entries(parts).sort(([a], [b]) => (a < b ? -1 : 1))
