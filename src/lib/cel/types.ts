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

export const anyType = simple('any', 'google.protobuf.Any', 'any')
export const boolType = simple('bool')
export const bytesType = simple('bytes')
export const doubleType = simple('double')
export const durationType = simple('duration', 'google.protobuf.Duration', 'duration')
export const dynType = simple('dyn')
export const errorType = simple('error', 'error', '!error!')
export const intType = simple('int')
export const nullType = simple('null', 'null_type', 'null')
export const stringType = simple('string')
export const timestampType = simple('timestamp', 'google.protobuf.Timestamp', 'timestamp')
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

export const isOptional = (type: CelType): boolean => type.kind === 'opaque' && type.name === 'optional_type'
export const isDyn = (type: CelType): boolean => type.kind === 'dyn' || type.kind === 'any'
export const isDynOrError = (type: CelType): boolean => isDyn(type) || type.kind === 'error'
/** Equal down to the last parameter. */
export const sameType = (a: CelType, b: CelType): boolean => a === b || (a.kind === b.kind && a.text === b.text)
