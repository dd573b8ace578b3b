import { parseDuration } from '#lib/duration.ts'
import { canonicalQuantity, isQuantity } from '#lib/quantity.ts'
import { isObject, setOwn } from './fields.ts'
import { quote } from './go-text.ts'
import { fieldsPlan } from './plan.ts'
import type { AnyType, Shape } from './schema.ts'
import { normalizeMicroTime, normalizeTime } from './times.ts'
import { zeroOf } from './zero.ts'

export interface DecodeOptions {
  /** Collect unknown fields. Default on; off, they are dropped in silence. */
  readonly strict?: boolean
}

export interface Decoded {
  /** Undefined when `errors` is not empty. */
  readonly value: unknown
  /** `unknown field "spec.foo"`, in order of appearance, at most 100. */
  readonly unknown: readonly string[]
  /** The reference's words; it stops at the first, and so do we. */
  readonly errors: readonly string[]
}

/**
 * Turns parsed JSON into a value of the type: unknown fields dropped and named, nulls and empty optional values dropped, required ones
 * filled with their zero value, quantities, times and numbers in their one form. Names are case-sensitive.
 */
export function decode(type: AnyType, value: unknown, options: DecodeOptions = {}): Decoded {
  const context: Context = { unknown: options.strict === false ? undefined : [], structure: '', path: [] }
  try {
    const decoded = decoderOf(type.shape)(value, context)
    return { value: decoded ?? zeroOf(type.shape), unknown: context.unknown ?? [], errors: [] }
  } catch (error) {
    if (!(error instanceof WrongType)) throw error
    return { value: undefined, unknown: context.unknown ?? [], errors: [error.message] }
  }
}

/** Thrown inside the walk only. */
class WrongType extends Error {}

interface Context {
  readonly unknown: string[] | undefined
  /** The innermost Go structure, and the names of the fields that lead here. */
  structure: string
  readonly path: (string | number)[]
}

type Decoder = (value: unknown, context: Context) => unknown
const decoders = new WeakMap<Shape, Decoder>()

function decoderOf(shape: Shape): Decoder {
  const known = decoders.get(shape)
  if (known !== undefined) return known
  const decoder = makeDecoder(shape)
  decoders.set(shape, decoder)
  return decoder
}

function makeDecoder(shape: Shape): Decoder {
  switch (shape.kind) {
    case 'string':
      return (value, context) => (typeof value === 'string' ? value : wrong(value, shape, context))
    case 'bool':
      return (value, context) => (typeof value === 'boolean' ? value : wrong(value, shape, context))
    case 'bytes':
      return (value, context) => decodeBytes(value, shape, context)
    case 'int32':
      return integerDecoder(shape, -(2 ** 31), 2 ** 31 - 1)
    case 'uint32':
      return integerDecoder(shape, 0, 2 ** 32 - 1)
    case 'int64':
      return integerDecoder(shape, -(2 ** 63), 2 ** 63 - 1)
    case 'uint64':
      return integerDecoder(shape, 0, 2 ** 64 - 1)
    case 'double':
      return (value, context) => (typeof value === 'number' ? value : wrong(value, shape, context))
    case 'quantity':
      return decodeQuantity
    case 'time':
    case 'microTime':
      return timeDecoder(shape)
    case 'duration':
      return decodeDuration
    case 'intOrString':
      return (value, context) => (typeof value === 'string' || isInt32(value) ? value : wrong(value, shape, context))
    case 'json':
      return (value) => value
    case 'list':
      return listDecoder(shape)
    case 'map':
      return mapDecoder(shape)
    case 'message':
      return messageDecoder(shape)
  }
}

const isInt32 = (value: unknown): boolean => typeof value === 'number' && (value | 0) === value

function integerDecoder(shape: Shape, low: number, high: number): Decoder {
  return (value, context) =>
    typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high ? value : wrong(value, shape, context)
}

function decodeBytes(value: unknown, shape: Shape, context: Context): string {
  if (typeof value !== 'string') return wrong(value, shape, context)
  const text = value.replace(/[\r\n]/g, '')
  const at = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text) ? -1 : badBase64At(text)
  if (at >= 0) throw new WrongType(`illegal base64 data at input byte ${at}`)
  return text
}

/** Where Go's decoder stops. */
function badBase64At(text: string): number {
  const bad = text.search(/[^A-Za-z0-9+/]/)
  if (bad < 0) return text.length - (text.length % 4)
  return bad
}

const decodeQuantity: Decoder = (value) => {
  const text = typeof value === 'number' || typeof value === 'string' ? String(value).trim() : JSON.stringify(value)
  if (!isQuantity(text)) {
    try {
      canonicalQuantity(text)
    } catch (error) {
      throw new WrongType((error as Error).message)
    }
  }
  return canonicalQuantity(text)
}

function timeDecoder(shape: Shape): Decoder {
  const normalize = shape.kind === 'time' ? normalizeTime : normalizeMicroTime
  return (value, context) => {
    if (typeof value !== 'string') return wrong(value, shape, context)
    try {
      return normalize(value)
    } catch {
      // The reference names the layout and the part that did not fit.
      throw new WrongType(`parsing time ${quote(value)} as "2006-01-02T15:04:05Z07:00": cannot parse ${quote(value)} as "2006"`)
    }
  }
}

const decodeDuration: Decoder = (value, context) => {
  if (typeof value !== 'string') return wrong(value, { kind: 'string' }, context)
  try {
    parseDuration(value)
    return value
  } catch (error) {
    throw new WrongType((error as Error).message)
  }
}

function listDecoder(shape: Shape & { kind: 'list' }): Decoder {
  const item = shape.item.shape
  let decodeItem: Decoder | undefined
  return (value, context) => {
    if (!Array.isArray(value)) return wrong(value, shape, context)
    decodeItem ??= decoderOf(item)
    const list: unknown[] = []
    for (let i = 0; i < value.length; i += 1) {
      context.path.push(i)
      const each = value[i]
      list.push(each === null && item.kind !== 'json' ? zeroOf(item) : decodeItem(each, context))
      context.path.pop()
    }
    return list
  }
}

function mapDecoder(shape: Shape & { kind: 'map' }): Decoder {
  const item = shape.value.shape
  let decodeItem: Decoder | undefined
  return (value, context) => {
    if (!isObject(value)) return wrong(value, shape, context)
    decodeItem ??= decoderOf(item)
    const map: Record<string, unknown> = {}
    for (const key of Object.keys(value)) {
      context.path.push(key)
      const each = value[key]
      setOwn(map, key, each === null && item.kind !== 'json' ? zeroOf(item) : decodeItem(each, context))
      context.path.pop()
    }
    return map
  }
}

interface FieldDecoder {
  readonly name: string
  readonly shape: Shape
  readonly decode: Decoder
  readonly pointer: boolean
  readonly kept: boolean
}

function messageDecoder(shape: Shape & { kind: 'message' }): Decoder {
  let fields: readonly FieldDecoder[] | undefined
  let names: ReadonlySet<string> = new Set()
  return (value, context) => {
    if (!isObject(value)) return wrong(value, shape, context)
    if (fields === undefined) {
      fields = fieldsPlan(shape).map((field) => ({ ...field, decode: decoderOf(field.shape) }))
      names = new Set(fields.map((field) => field.name))
    }
    const outer = context.structure
    const message: Record<string, unknown> = {}
    let used = 0
    for (const field of fields) {
      const given = Object.hasOwn(value, field.name) ? value[field.name] : undefined
      if (given !== undefined) used += 1
      if (given !== undefined && given !== null) {
        context.structure = shape.name
        context.path.push(field.name)
        const item = field.decode(given, context)
        context.path.pop()
        if (field.pointer || field.kept || !isEmpty(item)) message[field.name] = item
      } else if (field.kept && !field.pointer) message[field.name] = zeroOf(field.shape)
    }
    context.structure = outer
    if (context.unknown !== undefined && used < Object.keys(value).length) reportUnknown(value, names, context)
    return message
  }
}

function reportUnknown(value: Readonly<Record<string, unknown>>, names: ReadonlySet<string>, context: Context): void {
  for (const name of Object.keys(value)) {
    if (!names.has(name) && context.unknown!.length < UNKNOWN_MAX)
      context.unknown!.push(`unknown field ${quote(pathText([...context.path, name]))}`)
  }
}

/** The reference stops counting here. */
const UNKNOWN_MAX = 100

function pathText(path: readonly (string | number)[]): string {
  let text = ''
  for (const step of path) text += typeof step === 'number' ? `[${step}]` : text === '' ? step : `.${step}`
  return text
}

function isEmpty(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return value === '' || value === 0 || value === false || value === null
  if (Array.isArray(value)) return value.length === 0
  for (const _ in value) return false
  return true
}

/** Go's words for a JSON value that does not fit its type. */
function wrong(value: unknown, shape: Shape, context: Context): never {
  const fields = context.path.filter((step) => typeof step === 'string')
  const where = context.structure === '' ? 'Go value' : `Go struct field ${context.structure}.${fields.join('.')}`
  throw new WrongType(`json: cannot unmarshal ${jsonKind(value)} into ${where} of type ${goType(shape)}`)
}

function jsonKind(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'number') return Number.isInteger(value) && Math.abs(value) < 2 ** 31 ? 'number' : `number ${value}`
  return typeof value
}

function goType(shape: Shape): string {
  switch (shape.kind) {
    case 'bytes':
      return '[]uint8'
    case 'double':
      return 'float64'
    case 'intOrString':
      return 'int32'
    case 'list':
      return `[]${goType(shape.item.shape)}`
    case 'map':
      return `map[string]${goType(shape.value.shape)}`
    case 'message': {
      const parts = shape.protoName.split('.')
      return `${parts.at(-2)}.${shape.name}`
    }
    case 'time':
    case 'microTime':
    case 'duration':
      return 'string'
    default:
      return shape.kind
  }
}
