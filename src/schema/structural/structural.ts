/**
 * OpenAPI v3 schemas as custom resource definitions write them, in their JSON form. A definition's schema is kept as it was given and
 * every fold (prune, default, validate, CEL types, apply) reads this one form.
 */
import type { Json } from '../schema.ts'

/** `JSONSchemaProps` of apiextensions.k8s.io/v1, as JSON. Which of it may be used is for the definition's validation to say. */
export interface JsonSchema {
  readonly id?: string | undefined
  readonly $schema?: string | undefined
  readonly $ref?: string | undefined
  readonly description?: string | undefined
  readonly type?: string | undefined
  readonly format?: string | undefined
  readonly title?: string | undefined
  readonly default?: Json | undefined
  readonly maximum?: number | undefined
  readonly exclusiveMaximum?: boolean | undefined
  readonly minimum?: number | undefined
  readonly exclusiveMinimum?: boolean | undefined
  readonly maxLength?: number | undefined
  readonly minLength?: number | undefined
  readonly pattern?: string | undefined
  readonly maxItems?: number | undefined
  readonly minItems?: number | undefined
  readonly uniqueItems?: boolean | undefined
  readonly multipleOf?: number | undefined
  readonly enum?: readonly Json[] | undefined
  readonly maxProperties?: number | undefined
  readonly minProperties?: number | undefined
  readonly required?: readonly string[] | undefined
  readonly items?: JsonSchema | readonly JsonSchema[] | undefined
  readonly allOf?: readonly JsonSchema[] | undefined
  readonly oneOf?: readonly JsonSchema[] | undefined
  readonly anyOf?: readonly JsonSchema[] | undefined
  readonly not?: JsonSchema | undefined
  readonly properties?: Readonly<Record<string, JsonSchema>> | undefined
  readonly additionalProperties?: JsonSchema | boolean | undefined
  readonly patternProperties?: Readonly<Record<string, JsonSchema>> | undefined
  readonly dependencies?: Readonly<Record<string, JsonSchema | readonly string[]>> | undefined
  readonly additionalItems?: JsonSchema | boolean | undefined
  readonly definitions?: Readonly<Record<string, JsonSchema>> | undefined
  readonly externalDocs?: { readonly description?: string | undefined; readonly url?: string | undefined } | undefined
  readonly example?: Json | undefined
  readonly nullable?: boolean | undefined
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean | undefined
  readonly 'x-kubernetes-embedded-resource'?: boolean | undefined
  readonly 'x-kubernetes-int-or-string'?: boolean | undefined
  readonly 'x-kubernetes-list-map-keys'?: readonly string[] | undefined
  readonly 'x-kubernetes-list-type'?: string | undefined
  readonly 'x-kubernetes-map-type'?: string | undefined
  readonly 'x-kubernetes-validations'?: readonly ValidationRule[] | undefined
}

/** One CEL rule of a schema (`x-kubernetes-validations`). */
export interface ValidationRule {
  readonly rule: string
  readonly message?: string | undefined
  readonly messageExpression?: string | undefined
  /** `FieldValueInvalid` unless given. */
  readonly reason?: string | undefined
  /** JSON path from the rule's place to the field at fault: `.spec.a`, `['x']`. */
  readonly fieldPath?: string | undefined
  /** A transition rule also runs where there is no old value, which is then `optional.none()`. */
  readonly optionalOldSelf?: boolean | undefined
}

/**
 * A schema whose shape is certain (KEP-1979): every object, list and value has a type outside of allOf/anyOf/oneOf/not, `items` is one
 * schema, `properties` and `additionalProperties` exclude each other. `type` is absent only with `x-kubernetes-int-or-string` or
 * `x-kubernetes-preserve-unknown-fields`. The members of allOf, anyOf, oneOf and not are plain `JsonSchema`: they only restrict values.
 */
export interface Structural extends JsonSchema {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean' | undefined
  readonly items?: Structural | undefined
  readonly properties?: Readonly<Record<string, Structural>> | undefined
  readonly additionalProperties?: Structural | boolean | undefined
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map' | undefined
  readonly 'x-kubernetes-map-type'?: 'granular' | 'atomic' | undefined
}

/** The schema of every value of an object without `properties`; undefined where it says nothing of them. */
export const additionalOf = (schema: Structural): Structural | undefined =>
  typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined

/** The own property's schema, never what a prototype offers. */
export const propertyOf = (schema: Structural, name: string): Structural | undefined =>
  schema.properties !== undefined && Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined
