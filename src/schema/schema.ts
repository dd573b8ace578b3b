/**
 * The schema language: a type of the API is a plain value, and everything else about it (its TypeScript type, decoding, defaults,
 * validation, JSON, YAML, protobuf, patches, OpenAPI, table columns) is a fold over that value. This file holds the language only;
 * each fold is a file beside it.
 */

import type { Structural } from './structural/structural.ts'

/** A type whose values are `T`. `of` is never set: it carries `T` for the compiler. */
export interface Type<T, I = T> {
  readonly shape: Shape
  /** Phantom: what the server hands out, defaults filled in. */
  readonly of?: T
  /** Phantom: what a client may write, defaults left out. */
  readonly input?: I
}

/** What a type is made of: everything that a fold has to tell apart. */
export type Shape =
  | { readonly kind: 'string'; readonly format?: string; readonly values?: readonly string[] }
  /** Base64 text in JSON and in memory, raw bytes in protobuf. `raw`: a `Uint8Array` in memory, for messages that are never JSON (gRPC). */
  | { readonly kind: 'bytes'; readonly raw?: true }
  | { readonly kind: 'bool' }
  | { readonly kind: 'int32' | 'int64' | 'uint32' | 'uint64' | 'double' }
  /** Text such as `100m` or `1Gi`; a JSON number is accepted and becomes text. See lib/quantity.ts. */
  | { readonly kind: 'quantity' }
  /** RFC 3339 in UTC: `time` has whole seconds, `microTime` six digits. */
  | { readonly kind: 'time' | 'microTime' }
  /** Go duration text such as `1m30s`. */
  | { readonly kind: 'duration' }
  | { readonly kind: 'intOrString' }
  /** Any JSON value, kept as it is. `name` is its OpenAPI component where that is not RawExtension (JSON, FieldsV1); `isOpen`: one of any type. */
  | { readonly kind: 'json'; readonly name?: string; readonly isOpen?: true }
  /** One of several, told apart by what sort of JSON it is; in protobuf a message with a field for each. `about` says what it wants. */
  | { readonly kind: 'either'; readonly name: string; readonly cases: readonly EitherCase[]; readonly mismatch?: string }
  /** Keys are strings in memory; `keyShape` is set where protobuf has another kind of key. */
  | { readonly kind: 'map'; readonly value: AnyType; readonly merge: 'granular' | 'atomic'; readonly keyShape?: Shape }
  | { readonly kind: 'list'; readonly item: AnyType; readonly merge: ListMerge }
  | Message
  | StructuralShape

/** A whole object of a custom resource, whose definition brings an OpenAPI schema (see structural/). There is no protobuf for it. */
export interface StructuralShape {
  readonly kind: 'structural'
  readonly schema: Structural
  /** ObjectMeta: what the metadata of the object, and of resources embedded in it, is. */
  readonly metadata: AnyType
  /** apiVersion, kind and metadata as every object has them, for what is said of them. */
  readonly head?: Fields
  /** As the store keeps it, in whichever version: nothing is pruned, and metadata that does not fit is dropped in silence. */
  readonly stored?: true
}

/** One member of an `either`: the values of one sort of JSON. */
export interface EitherCase {
  readonly json: 'object' | 'array' | 'boolean'
  /** Wire number of the member. */
  readonly number: number
  readonly type: AnyType
}

/** A structure with numbered fields. `atomic`: server-side apply and strategic merge treat it as one value. */
export interface Message {
  readonly kind: 'message'
  readonly name: string
  /** Full protobuf name, such as `k8s.io.api.core.v1.Pod`; also the OpenAPI component's source. */
  readonly protoName: string
  /** Read through `fieldsOf`: a recursive type gives a function. */
  readonly fields: Fields | (() => Fields)
  readonly atomic?: boolean
  /** Of these fields one is given, the one that the discriminator names: shown in OpenAPI. */
  readonly union?: { readonly discriminator?: string; readonly fields: readonly string[] }
  /** What the structure is, in one sentence: `kubectl explain` shows it where a field does not say it for itself. */
  readonly about?: string
  /** Parts whose fields stand in this message's JSON, but in a message of their own, at `number`, in protobuf. `fields` has them too. */
  readonly embeds?: readonly { readonly number: number; readonly type: AnyType }[]
}

/**
 * How two versions of a list become one. `apply` is the list type of server-side apply, `patch` what a strategic merge patch does;
 * the two disagree in places (ServicePort), so each stands for itself.
 */
export interface ListMerge {
  readonly apply: { readonly type: 'atomic' } | { readonly type: 'set' } | { readonly type: 'map'; readonly keys: readonly string[] }
  readonly patch: { readonly strategy: 'replace' } | { readonly strategy: 'merge'; readonly key?: string; readonly retainKeys?: boolean }
}

/** What a field says beside its number and type, as the markers and struct tags of the reference's Go types say it. */
export interface FieldOptions {
  /** A client has to give it (no `optional` marker and no default). Presence is checked by the kind's rules, with the reference's words. */
  readonly required?: boolean
  /** Filled in when absent (and, unless `pointer`, when it is the zero value). */
  readonly default?: unknown
  /**
   * `true`: OpenAPI shows the default, which is declared; others are made by code, and OpenAPI knows nothing of them. `false`: nor does it show
   * the zero value of what is always written.
   */
  readonly published?: boolean
  /** OpenAPI lists the field as required, though it is like one that is not in all other respects. */
  readonly listed?: true
  /** Zero and absent are two different things: a Go pointer. Protobuf writes it only when present. */
  readonly pointer?: boolean
  /** Written even when empty: a Go field without `omitempty`, or a structure held by value. Absent lists and maps are written as null. */
  readonly always?: boolean
  /** `retainKeys` strategy of a structure in a strategic merge patch (`volumes[*]`, `deployment.spec.strategy`). */
  readonly retainKeys?: boolean
  /** `replace` strategy of a structure in a strategic merge patch: it is never merged. */
  readonly replaced?: boolean
  /** Server-side apply treats this structure or map as one value here; `false`: field by field, whatever its type says. */
  readonly atomic?: boolean
  readonly format?: string
  /** A list that protobuf holds as a message of its own, with the items at number 1 (`Verbs`). */
  readonly wrapped?: boolean
  /** Why the field exists, in one sentence: `kubectl explain` shows it. */
  readonly about?: string
}

/** `Present`: readers may rely on it. `Given`: writers must give it. */
export interface Field<T, I, Present extends boolean, Given extends boolean> {
  /** Wire number; 0 for what only JSON has (apiVersion, kind). */
  readonly number: number
  readonly type: Type<T, I>
  readonly options: FieldOptions
  readonly present?: Present
  readonly given?: Given
}

// A fold walks types that it does not know: the one place where `any` is meant.
/** A type of which nothing is known but that it is one. */
// biome-ignore lint/suspicious/noExplicitAny: folds are generic over every type
export type AnyType = Type<any, any>
/** A field of whatever type. */
// biome-ignore lint/suspicious/noExplicitAny: folds are generic over every field
export type AnyField = Field<any, any, boolean, boolean>
/** The fields of a message by their JSON names. */
export type Fields = Readonly<Record<string, AnyField>>

/** What a reader gets: fields with defaults are there. */
export type Of<S> = S extends { readonly of?: infer T } ? Exclude<T, undefined> : never
/** What a writer gives: fields with defaults may be left out. */
export type Input<S> = S extends { readonly input?: infer I } ? Exclude<I, undefined> : never

type OfField<F> = F extends Field<infer T, infer _I, boolean, boolean> ? T : never
type InputField<F> = F extends Field<infer _T, infer I, boolean, boolean> ? I : never
type PresentKeys<F extends Fields> = { [K in keyof F]: F[K] extends { readonly present?: true } ? K : never }[keyof F]
type GivenKeys<F extends Fields> = { [K in keyof F]: F[K] extends { readonly given?: true } ? K : never }[keyof F]
type Flat<T> = { [K in keyof T]: T[K] }
/** The object that a reader of these fields gets. */
export type OfFields<F extends Fields> = Flat<
  { [K in PresentKeys<F>]: OfField<F[K]> } & { [K in Exclude<keyof F, PresentKeys<F>>]?: OfField<F[K]> | undefined }
>
/** The object that a writer of these fields gives. */
export type InputFields<F extends Fields> = Flat<
  { [K in GivenKeys<F>]: InputField<F[K]> } & { [K in Exclude<keyof F, GivenKeys<F>>]?: InputField<F[K]> | undefined }
>

// --- types -------------------------------------------------------------------------------------------------------------------------

/** Text. `format` is a name of JSON Schema or OpenAPI, and only shown. */
export const string = (limits: { readonly format?: string } = {}): Type<string> => ({ shape: { kind: 'string', ...limits } })
/** A string with a closed set of values. An unknown value is a validation error of the kind, never of the decoder. */
export const oneOf = <const V extends readonly string[]>(...values: V): Type<V[number]> => ({ shape: { kind: 'string', values } })
/** Base64 text in JSON and in memory, raw bytes in protobuf. */
export const bytes = (): Type<string> => ({ shape: { kind: 'bytes' } })
/** Bytes as a `Uint8Array` in memory: for gRPC messages. */
export const rawBytes = (): Type<Uint8Array> => ({ shape: { kind: 'bytes', raw: true } })
/** True or false; false is the zero value. */
export const bool = (): Type<boolean> => ({ shape: { kind: 'bool' } })
/** An integer of 32 bits; one outside of them is refused when it is decoded. */
export const int32 = (): Type<number> => ({ shape: { kind: 'int32' } })
/** An integer of 64 bits. Memory holds those as a `bigint` that no JavaScript number is exact for: compare them, and reckon with `Number(value)`. */
export const int64 = (): Type<number> => ({ shape: { kind: 'int64' } })
/** An integer of 32 bits that is not negative. */
export const uint32 = (): Type<number> => ({ shape: { kind: 'uint32' } })
/** An integer of 64 bits that is not negative, exact up to 2^53. */
export const uint64 = (): Type<number> => ({ shape: { kind: 'uint64' } })
/** A floating point number (IEEE 754, 64 bits). */
export const double = (): Type<number> => ({ shape: { kind: 'double' } })
/** Text such as `100m` or `1Gi`; a writer may give a number. */
export const quantity = (): Type<string, string | number> => ({ shape: { kind: 'quantity' } })
/** RFC 3339 in UTC, whole seconds. */
export const time = (): Type<string> => ({ shape: { kind: 'time' } })
/** RFC 3339 in UTC, six digits of a second. */
export const microTime = (): Type<string> => ({ shape: { kind: 'microTime' } })
/** Go duration text such as `1m30s`. */
export const duration = (): Type<string> => ({ shape: { kind: 'duration' } })
/** A port or a percentage: a number, or text. */
export const intOrString = (): Type<number | string> => ({ shape: { kind: 'intOrString' } })
/** Any value that JSON has. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
/** Any JSON value, kept as it is. `name` is its OpenAPI component where that is not RawExtension. */
export const json = (limits: { readonly name?: string; readonly isOpen?: true } = {}): Type<Json> => ({
  shape: { kind: 'json', ...limits },
})

/** One of several, told apart by what sort of JSON it is. `name` is its protobuf message; `mismatch` what is said of a value that is none. */
export const either = <T>(name: string, cases: () => readonly EitherCase[], mismatch?: string): Type<T> => {
  // The cases hold the type that holds this one, so they are made when first looked at.
  let made: readonly EitherCase[] | undefined
  return {
    shape: {
      kind: 'either',
      name,
      ...(mismatch !== undefined && { mismatch }),
      get cases() {
        return (made ??= cases())
      },
    },
  }
}

/** A value that is written as null while it is empty: a time that Go holds by value. */
export const nullable = <T, I>(type: Type<T, I>): Type<T | null, I | null> => type as Type<T | null, I | null>

/** Values by text keys; `granular`: two writers may own different keys of it (server-side apply). */
export const map = <T, I>(value: Type<T, I>, merge: 'granular' | 'atomic' = 'granular'): Type<Record<string, T>, Record<string, I>> => ({
  shape: { kind: 'map', value, merge },
})

/** A list; unless told otherwise it is replaced whole. */
export const list = <T, I>(item: Type<T, I>, merge: Partial<ListMerge> = {}): Type<T[], readonly I[]> => ({
  shape: { kind: 'list', item, merge: { apply: { type: 'atomic' }, patch: { strategy: 'replace' }, ...merge } },
})

/** A structure; its name is the last part of the protobuf name. */
export const message = <F extends Fields>(
  protoName: string,
  fields: F,
  options: Pick<Message, 'atomic' | 'embeds' | 'about' | 'union'> = {},
): Type<OfFields<F>, InputFields<F>> => ({
  shape: { kind: 'message', name: protoName.slice(protoName.lastIndexOf('.') + 1), protoName, fields, ...options },
})

/** A message that contains itself. Its TypeScript type has to be given, since inference cannot follow the circle. */
export const recursive = <T>(protoName: string, fields: () => Fields, options: Pick<Message, 'about'> = {}): Type<T> => ({
  shape: { kind: 'message', name: protoName.slice(protoName.lastIndexOf('.') + 1), protoName, fields, ...options },
})

/** The fields of a message, and nothing for other shapes: for embedding by spread. */
export function fieldsOf(type: AnyType): Fields {
  const shape = type.shape
  if (shape.kind !== 'message') throw new TypeError(`a ${shape.kind} has no fields`)
  return typeof shape.fields === 'function' ? shape.fields() : shape.fields
}

// --- fields ------------------------------------------------------------------------------------------------------------------------

/** Absent when empty. */
export function field<T, I>(
  number: number,
  type: Type<T, I>,
  options?: Omit<FieldOptions, 'required' | 'default' | 'always'>,
): Field<T, I, false, false>
/** Given by every writer. */
export function field<T, I>(number: number, type: Type<T, I>, options: FieldOptions & { required: true }): Field<T, I, true, true>
/** Filled in when a writer leaves it out. */
export function field<T, I>(number: number, type: Type<T, I>, options: FieldOptions & { default: NoInfer<I> }): Field<T, I, true, false>
/** Always written, even when empty. */
export function field<T, I>(number: number, type: Type<T, I>, options: FieldOptions & { always: true }): Field<T, I, true, false>
export function field<T, I>(number: number, type: Type<T, I>, options: FieldOptions = {}): Field<T, I, boolean, boolean> {
  return { number, type, options }
}
