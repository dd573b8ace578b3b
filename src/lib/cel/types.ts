/**
 * The types of the Common Expression Language (cel-spec, "Types"). A type is a plain value; `text` is how errors print it and, being exact
 * for the whole type, also its identity.
 */
export interface CelType {
  readonly kind: TypeKind
  /** The name that `type(x)` has at run time: `int`, `google.protobuf.Timestamp`, `kubernetes.URL`. */
  readonly name: string
  /** Item of a list, key and value of a map, what an opaque type is made over. */
  readonly parameters: readonly CelType[]
  readonly text: string
}

/** What sort of type it is; `opaque` and `struct` are told apart by name. */
export type TypeKind =
  | 'any'
  | 'bool'
  | 'bytes'
  | 'double'
  | 'duration'
  | 'dyn'
  | 'error'
  | 'int'
  | 'list'
  | 'map'
  | 'null'
  | 'opaque'
  | 'parameter'
  | 'string'
  | 'struct'
  | 'timestamp'
  | 'type'
  | 'uint'

const simple = (kind: TypeKind, name: string = kind, text: string = name): CelType => ({ kind, name, parameters: [], text })

/** Anything, as protobuf packs it: checked like `dynType`. */
export const anyType = simple('any', 'google.protobuf.Any', 'any')
/** True or false. */
export const boolType = simple('bool')
/** Bytes: a `Uint8Array`. */
export const bytesType = simple('bytes')
/** A floating point number of 64 bits: a JavaScript number. */
export const doubleType = simple('double')
/** A span of time in nanoseconds. */
export const durationType = simple('duration', 'google.protobuf.Duration', 'duration')
/** Anything: only a run can tell what it is. */
export const dynType = simple('dyn')
/** What an expression with a mistake has. It fits everywhere, so that one mistake is told of once. */
export const errorType = simple('error', 'error', '!error!')
/** A whole number of 64 bits: a bigint. */
export const intType = simple('int')
/** Null alone. */
export const nullType = simple('null', 'null_type', 'null')
/** Text, measured in code points. */
export const stringType = simple('string')
/** A moment in nanoseconds since 1970, from year 1 to 9999. */
export const timestampType = simple('timestamp', 'google.protobuf.Timestamp', 'timestamp')
/** A whole number of 64 bits without a sign. */
export const uintType = simple('uint')
/** The type of types, of which nothing more is known. */
export const typeType = simple('type')

const made = (kind: TypeKind, name: string, parameters: readonly CelType[]): CelType => ({
  kind,
  name,
  parameters,
  text: parameters.length === 0 ? name : `${name}(${parameters.map((each) => each.text).join(', ')})`,
})

/** A list of one type of items. */
export const listType = (item: CelType): CelType => made('list', 'list', [item])
/** A map; keys are bool, int, uint, string or dyn. */
export const mapType = (key: CelType, value: CelType): CelType => made('map', 'map', [key, value])
/** A structure with named fields, which a `TypeProvider` knows. */
export const structType = (name: string): CelType => made('struct', name, [])
/** A type without fields that only functions can look into. */
export const opaqueType = (name: string, ...parameters: CelType[]): CelType => made('opaque', name, parameters)
/** A value that may be missing. */
export const optionalType = (value: CelType): CelType => opaqueType('optional_type', value)
/** A variable of a function's signature, or one that the checker is still free to choose. */
export const parameterType = (name: string): CelType => simple('parameter', name)
/** The type of a type that is known. */
export const typeOfType = (of: CelType): CelType => made('type', 'type', [of])

/** Whether it is `optional_type(T)` of some T. */
export const isOptional = (type: CelType): boolean => type.kind === 'opaque' && type.name === 'optional_type'
/** Whether only a run can tell. */
export const isDyn = (type: CelType): boolean => type.kind === 'dyn' || type.kind === 'any'
/** Whether the checker lets it pass as anything. */
export const isDynOrError = (type: CelType): boolean => isDyn(type) || type.kind === 'error'
/** Equal down to the last parameter. */
export const sameType = (a: CelType, b: CelType): boolean => a === b || (a.kind === b.kind && a.text === b.text)
