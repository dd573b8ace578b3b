import { formatDuration, parseDuration } from '#lib/duration.ts'
import { canonicalQuantity } from '#lib/quantity.ts'
import { type Diagnosis, diagnose, isByte } from './diagnose.ts'
import { caseOf } from './either.ts'
import { isEmpty, isObject, setOwn } from './fields.ts'
import { noteEmpty } from './given-empty.ts'
import { Mismatch } from './mismatch.ts'
import { fieldsPlan, isEmptyFor, type PlannedField } from './plan.ts'
import { isRawNumber, withoutRawNumbers } from './raw-number.ts'
import type { AnyType, Shape, StructuralShape } from './schema.ts'
import { decodeStructural } from './structural/decode.ts'
import { normalizeMicroTime, normalizeTime } from './times.ts'
import { zeroOf } from './zero.ts'

/** How strictly is read. */
export interface DecodeOptions {
  /** Name unknown fields. Default on; off, they are dropped in silence. */
  readonly strict?: boolean
}

/** What reading came to: mistakes are values, since they are the client's. */
export interface Decoded {
  /** Undefined when `errors` is not empty. */
  readonly value: unknown
  /** `unknown field "spec.foo"`, in order of appearance, at most 100. */
  readonly unknown: readonly string[]
  /** What does not fit the type, in the reference's words: it tells of one thing only, and so do we. */
  readonly errors: readonly string[]
}

/**
 * Turns parsed JSON into a value of the type, as a new object: unknown fields dropped and named, nulls and empty optional values dropped,
 * what the type promises (`required`, `always`, pointers apart) filled with its zero value, quantities and times in their one form, fields
 * in declared order. Names are case-sensitive.
 */
export function decode(type: AnyType, value: unknown, options: DecodeOptions = {}): Decoded {
  const context: Context = { hasUnknown: false }
  try {
    const decoded = value === null ? zeroOf(type.shape) : decoderOf(type.shape)(value, context)
    const unknown = context.hasUnknown && options.strict !== false ? diagnosed(type, value).unknown : none
    return { value: decoded, unknown, errors: none }
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error
    const { error: text } = diagnosed(type, value)
    return { value: undefined, unknown: none, errors: [text ?? error.message] }
  }
}

/** The decoder itself only says that something is amiss; the second walk, which is slow and rare, finds what and where. */
const diagnosed = (type: AnyType, value: unknown): Diagnosis =>
  diagnose(type.shape, value, (shape, leaf) => {
    decoderOf(shape)(leaf, { hasUnknown: false })
  })

const none: readonly string[] = Object.freeze([])

interface Context {
  hasUnknown: boolean
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
      return decodeString
    case 'bool':
      return decodeBool
    case 'bytes':
      return decodeBytes
    case 'int32':
      return decodeInt32
    case 'uint32':
      return integerDecoder(0, 2 ** 32 - 1)
    case 'int64':
      return integerDecoder(-(2 ** 63), 2 ** 63 - 1)
    case 'uint64':
      return integerDecoder(0, 2 ** 64 - 1)
    case 'double':
      return decodeDouble
    case 'quantity':
      return decodeQuantity
    case 'time':
      return (value) => decodeText(value, normalizeTime)
    case 'microTime':
      return (value) => decodeText(value, normalizeMicroTime)
    case 'duration':
      return (value) => decodeText(value, (text) => formatDuration(parseDuration(text)))
    case 'intOrString':
      return (value, context) => (typeof value === 'string' ? value : decodeInt32(value, context))
    case 'json':
      // What has no types keeps owners of fields: there are many of them, and no numbers.
      return shape.name?.endsWith('.FieldsV1') === true ? (value) => value : withoutRawNumbers
    case 'list':
      return listDecoder(shape)
    case 'map':
      return mapDecoder(shape)
    case 'message':
      return messageDecoder(shape)
    case 'either':
      return eitherDecoder(shape)
    case 'structural':
      return structuralDecoder(shape)
  }
}

const decodeString: Decoder = (value) => (typeof value === 'string' ? value : mismatch())
const decodeBool: Decoder = (value) => (typeof value === 'boolean' ? value : mismatch())
const decodeDouble: Decoder = (value) =>
  typeof value === 'number' ? value : typeof value === 'bigint' ? Number(value) : isRawNumber(value) ? Number(value.rawJSON) : mismatch()
const decodeInt32: Decoder = (value) => (typeof value === 'number' && (value | 0) === value ? value : mismatch())

/** A whole number beyond what a double is exact for comes as `bigint`, and stays one. */
function integerDecoder(low: number, high: number): Decoder {
  return (value) => {
    const isWhole = typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value))
    return isWhole && value >= low && value <= high ? value : mismatch()
  }
}

const decodeBytes: Decoder = (value) => {
  if (typeof value !== 'string') return bytesOfNumbers(value)
  const text = value.includes('\n') || value.includes('\r') ? value.replace(/[\r\n]/g, '') : value
  if (text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text)) return withoutSpareBits(text)
  throw new Mismatch(`illegal base64 data at input byte ${badBase64At(value)}`)
}

/** Bits of the last character that belong to no byte are lost on their way through bytes. */
const withoutSpareBits = (text: string): string =>
  text.endsWith('=') ? text.slice(0, -4) + Buffer.from(text.slice(-4), 'base64').toString('base64') : text

/** Go reads a list of small numbers as bytes, too. */
function bytesOfNumbers(value: unknown): string {
  if (!Array.isArray(value) || !value.every(isByte)) return mismatch()
  return Buffer.from(value as readonly number[]).toString('base64')
}

/** Where Go's decoder stops: the first character that cannot stand there, or the end of the last whole group. */
function badBase64At(text: string): number {
  // Half a padding: what is missing would stand at the end.
  if (/^(?:[A-Za-z0-9+/]{4})*[A-Za-z0-9+/]{2}=$/.test(text.replace(/[\r\n]/g, ''))) return text.length
  const ended = /^[A-Za-z0-9+/\r\n]*={1,2}[\r\n]*/.exec(text)?.[0]
  // What stands behind a whole padding is what is wrong.
  if (ended !== undefined && ended.length < text.length && ended.replace(/[\r\n]/g, '').length % 4 === 0) return ended.length
  const bad = text.search(/[^A-Za-z0-9+/\r\n]/)
  return bad < 0 ? text.length - (text.replace(/[\r\n]/g, '').length % 4) : bad
}

const decodeQuantity: Decoder = (value) => {
  const text = isRawNumber(value) ? value.rawJSON : typeof value === 'string' || typeof value === 'number' ? value : JSON.stringify(value)
  try {
    return canonicalQuantity(typeof text === 'string' ? text.trim() : text)
  } catch (error) {
    throw new Mismatch((error as Error).message)
  }
}

function decodeText(value: unknown, normalize: (text: string) => string): string {
  if (typeof value !== 'string') return mismatch()
  try {
    return normalize(value)
  } catch (error) {
    throw new Mismatch((error as Error).message)
  }
}

function listDecoder(shape: Shape & { kind: 'list' }): Decoder {
  const item = shape.item.shape
  let decodeItem: Decoder | undefined
  return (value, context) => {
    if (!Array.isArray(value)) return mismatch()
    decodeItem ??= nullSafe(item)
    const list: unknown[] = []
    for (let i = 0; i < value.length; i += 1) list.push(decodeItem(value[i], context))
    return list
  }
}

function mapDecoder(shape: Shape & { kind: 'map' }): Decoder {
  const item = shape.value.shape
  let decodeItem: Decoder | undefined
  return (value, context) => {
    if (!isObject(value)) return mismatch()
    decodeItem ??= nullSafe(item)
    const map: Record<string, unknown> = {}
    for (const key of Object.keys(value)) setOwn(map, key, decodeItem(value[key], context))
    return map
  }
}

/** A null item is the zero value of its type. */
function nullSafe(shape: Shape): Decoder {
  const decodeItem = decoderOf(shape)
  return shape.kind === 'json' ? decodeItem : (value, context) => (value === null ? zeroOf(shape) : decodeItem(value, context))
}

interface FieldDecoder extends PlannedField {
  readonly decode: Decoder
  /** Whether to leave a value out. */
  readonly isDropped: (value: unknown) => boolean
  readonly isFilled: boolean
  /** A list or map, whose emptiness is worth a note. */
  readonly holdsMany: boolean
}

/** What is of none of an `either`'s forms, which is written as null and so read as absent later. */
const isNothing = (value: unknown): boolean => value === null

function messageDecoder(shape: Shape & { kind: 'message' }): Decoder {
  let fields: readonly FieldDecoder[] | undefined
  return (value, context) => {
    if (!isObject(value)) return mismatch()
    fields ??= fieldsPlan(shape).map((field) => ({
      ...field,
      decode: decoderOf(field.shape),
      isDropped: field.shape.kind === 'either' ? isNothing : field.pointer || field.kept ? never : isEmptyFor(field.shape),
      isFilled: !field.pointer && field.kept,
      holdsMany: field.shape.kind === 'list' || field.shape.kind === 'map',
    }))
    const message: Record<string, unknown> = {}
    let left = countKeys(value)
    for (const field of fields) {
      const given = value[field.name]
      // A message has no field named like a property that every object inherits, so reading it without asking is safe.
      if (given !== undefined) left -= 1
      if (given !== undefined && given !== null) {
        const item = field.decode(given, context)
        if (!field.isDropped(item)) message[field.name] = item
        if (field.holdsMany && isEmpty(item)) noteEmpty(message, field.name, item)
      } else if (field.isFilled) message[field.name] = zeroOf(field.shape)
    }
    if (left > 0) context.hasUnknown = true
    return message
  }
}

function eitherDecoder(shape: Shape & { kind: 'either' }): Decoder {
  return (value, context) => {
    const found = caseOf(shape, value)
    // An empty list is nothing: the reference cannot tell them apart.
    if (found?.json === 'array' && (value as readonly unknown[]).length === 0) return null
    if (found !== undefined) return decoderOf(found.type.shape)(value, context)
    if (shape.mismatch !== undefined) throw new Mismatch(shape.mismatch)
    // The reference reads what is neither as nothing.
    return null
  }
}

function structuralDecoder(shape: StructuralShape): Decoder {
  let metadata: Decoder | undefined
  return (value, context) => {
    metadata ??= nullSafe(shape.metadata.shape)
    return decodeStructural(shape, value, {
      metadata: (part) => metadata!(part, context),
      onUnknown: () => void (context.hasUnknown = true),
    })
  }
}

const never = (): boolean => false

function countKeys(value: Readonly<Record<string, unknown>>): number {
  let count = 0
  for (const _ in value) count += 1
  return count
}

function mismatch(): never {
  throw new Mismatch('')
}
