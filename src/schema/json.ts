import { canonicalQuantity } from '#lib/quantity.ts'
import { findDuplicates } from './duplicates.ts'
import { caseOf } from './either.ts'
import { goJson } from './go-text.ts'
import { fieldsPlan, isEmptyFor } from './plan.ts'
import { rawNumber } from './raw-number.ts'
import type { AnyType, Shape, StructuralShape } from './schema.ts'
import { normalizeMicroTime, normalizeTime } from './times.ts'
import { zeroOf } from './zero.ts'

/** How JSON is read. */
export interface JsonLimits {
  /** Default 10,000, as in Go's decoder. */
  readonly depthMax?: number
  /** Whole numbers that a double would round come as `bigint`. Default off. */
  readonly exact?: boolean
  /** Numbers that Go takes for no integer, though JavaScript does (`1.0`, `1e3`, digits beyond 64 bits), come as they are written: see `rawNumber`. Default off. */
  readonly raw?: boolean
  /** Look for keys given twice; off, `duplicates` stays empty and reading is twice as fast. Default on. */
  readonly findDuplicates?: boolean
}

/** What was read. */
export interface ParsedJson {
  readonly value: unknown
  /** `duplicate field "metadata.name"`, in order of appearance, at most 100. */
  readonly duplicates: readonly string[]
}

/** Reads JSON. Throws a `SyntaxError` for what is none, and for what nests too deep. A key `__proto__` becomes an ordinary own property. */
export function parseJson(input: Uint8Array | string, limits: JsonLimits = {}): ParsedJson {
  const text = typeof input === 'string' ? input : decoder.decode(input)
  const depthMax = limits.depthMax ?? 10_000
  if (isDeeperThan(text, depthMax)) throw new SyntaxError('exceeded max depth')
  const value = limits.raw === true ? parseRaw(text) : limits.exact === true ? parseExact(text) : (JSON.parse(text) as unknown)
  return { value, duplicates: limits.findDuplicates === false ? [] : findDuplicates(text) }
}

/** Reads JSON. Whole numbers of 64 bits that a double would round come as `bigint`. */
export const parseExact = (text: string): unknown => (longNumber.test(text) ? JSON.parse(text, exactly) : JSON.parse(text))

/** The same, and a number that no integer of Go is written like comes as `rawNumber`. */
const parseRaw = (text: string): unknown =>
  longNumber.test(text) || oddNumber.test(text) ? JSON.parse(text, exactlyOrRaw) : JSON.parse(text)

/** Most texts have no digits enough for it, and are read at full speed. */
const longNumber = /(?:^|[:[,\s])-?\d{16}/
const oddNumber = /[:[,\s]-?\d+(?:\.0+|(?:\.\d+)?[eE][+-]?\d+)\s*[,}\]]/

function exactly(_key: string, value: unknown, context?: Source): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value) || !wholeNumber.test(context?.source ?? '')) return value
  const whole = BigInt(context!.source!)
  return BigInt.asIntN(64, whole) === whole ? whole : value
}

function exactlyOrRaw(key: string, value: unknown, context?: Source): unknown {
  const exact = exactly(key, value, context)
  if (typeof exact !== 'number' || !Number.isInteger(exact) || String(exact) === context?.source) return exact
  return Number.isSafeInteger(exact) && wholeNumber.test(context!.source!) ? exact : rawNumber(context!.source!)
}

interface Source {
  readonly source?: string
}

const wholeNumber = /^-?\d+$/

/**
 * The canonical JSON of a typed value: fields in declared order, those that are always written even when empty, other empty ones left out,
 * keys of maps sorted, times and quantities in their one form. What the type does not know is not written.
 */
export function encodeJson(type: AnyType, value: unknown): string {
  return encoderOf(type.shape)(value)
}

/** A byte order mark is no JSON, so it must not be swallowed. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** A cheap upper bound: brackets in strings count too, and only a text with that many brackets is looked at closely. */
function isDeeperThan(text: string, depthMax: number): boolean {
  if (text.length <= depthMax) return false
  let depth = 0
  let isString = false
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i)
    if (isString) {
      if (code === 0x5c) i += 1
      else if (code === 0x22) isString = false
    } else if (code === 0x22) isString = true
    else if (code === 0x7b || code === 0x5b) {
      depth += 1
      if (depth > depthMax) return true
    } else if (code === 0x7d || code === 0x5d) depth -= 1
  }
  return false
}

type Encoder = (value: unknown) => string
const encoders = new WeakMap<Shape, Encoder>()

function encoderOf(shape: Shape): Encoder {
  const known = encoders.get(shape)
  if (known !== undefined) return known
  const encoder = makeEncoder(shape)
  encoders.set(shape, encoder)
  return encoder
}

function makeEncoder(shape: Shape): Encoder {
  switch (shape.kind) {
    case 'quantity':
      return (value) => JSON.stringify(canonicalQuantity(value as string))
    case 'time':
      return (value) => (isAbsent(value) ? 'null' : `"${normalizeTime(value as string)}"`)
    case 'microTime':
      return (value) => (isAbsent(value) ? 'null' : `"${normalizeMicroTime(value as string)}"`)
    case 'list':
      return listEncoder(shape.item.shape)
    case 'map':
      return mapEncoder(shape.value.shape)
    case 'message':
      return messageEncoder(shape)
    case 'either':
      return (value) => (isAbsent(value) ? 'null' : encoderOf(caseOf(shape, value)!.type.shape)(value))
    case 'structural':
      return structuralEncoder(shape)
    // Kept as text by clients of Go, who compare it with what their own encoder writes (`kubectl rollout undo` of a revision's data).
    case 'json':
      return goJson
    default:
      return (value) => JSON.stringify(value) ?? 'null'
  }
}

function listEncoder(item: Shape): Encoder {
  let encode: Encoder | undefined
  return (value) => {
    if (isAbsent(value)) return 'null'
    encode ??= encoderOf(item)
    const list = value as readonly unknown[]
    let out = '['
    for (let i = 0; i < list.length; i += 1) out += i === 0 ? encode(list[i]) : `,${encode(list[i])}`
    return `${out}]`
  }
}

function mapEncoder(item: Shape): Encoder {
  let encode: Encoder | undefined
  return (value) => {
    if (isAbsent(value)) return 'null'
    encode ??= encoderOf(item)
    const map = value as Readonly<Record<string, unknown>>
    let out = ''
    for (const key of sortedKeys(map)) out += `${out === '' ? '' : ','}${JSON.stringify(key)}:${encode(map[key])}`
    return `{${out}}`
  }
}

/** Identity and metadata first, as in every stored object; the rest in the order of its keys, at every depth. */
function structuralEncoder(shape: StructuralShape): Encoder {
  let metadata: Encoder | undefined
  return (value) => {
    if (isAbsent(value)) return 'null'
    metadata ??= encoderOf(shape.metadata.shape)
    const object = value as Readonly<Record<string, unknown>>
    let out = ''
    for (const key of ['apiVersion', 'kind']) if (object[key] !== undefined) out += `,${JSON.stringify(key)}:${JSON.stringify(object[key])}`
    if (object['metadata'] !== undefined) out += `,"metadata":${metadata(object['metadata'])}`
    for (const key of sortedKeys(object)) {
      if (key === 'apiVersion' || key === 'kind' || key === 'metadata' || object[key] === undefined) continue
      out += `,${JSON.stringify(key)}:${sortedJson(object[key])}`
    }
    return `{${out.slice(1)}}`
  }
}

/** JSON of an untyped value, with the keys of every object in order: equal values give equal texts. */
export const encodeSorted = (value: unknown): string => sortedJson(value)

function sortedJson(value: unknown): string {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) {
    let out = ''
    for (let i = 0; i < value.length; i += 1) out += i === 0 ? sortedJson(value[i]) : `,${sortedJson(value[i])}`
    return `[${out}]`
  }
  const object = value as Readonly<Record<string, unknown>>
  let out = ''
  for (const key of sortedKeys(object)) {
    if (object[key] === undefined) continue
    out += `${out === '' ? '' : ','}${JSON.stringify(key)}:${sortedJson(object[key])}`
  }
  return `{${out}}`
}

interface FieldEncoder {
  readonly name: string
  readonly prefix: string
  readonly encode: Encoder
  readonly isEmpty: (value: unknown) => boolean
  /** Text of the field while it is empty; undefined: it is left out. */
  readonly emptyText: string | undefined
}

function messageEncoder(shape: Shape & { kind: 'message' }): Encoder {
  let fields: readonly FieldEncoder[] | undefined
  return (value) => {
    if (isAbsent(value)) return 'null'
    fields ??= fieldsPlan(shape).map((field) => ({
      name: field.name,
      prefix: `${JSON.stringify(field.name)}:`,
      encode: encoderOf(field.shape),
      isEmpty: field.pointer ? isAbsent : isEmptyFor(field.shape),
      emptyText: field.kept ? emptyText(field.shape, field.pointer) : undefined,
    }))
    const message = value as Readonly<Record<string, unknown>>
    let out = '{'
    for (const field of fields) {
      const item = message[field.name]
      const text = item === undefined || item === null || field.isEmpty(item) ? field.emptyText : field.encode(item)
      if (text === undefined) continue
      out += out.length === 1 ? field.prefix : `,${field.prefix}`
      out += text
    }
    return `${out}}`
  }
}

/** What Go writes for a field that nobody set. */
function emptyText(shape: Shape, isPointer: boolean): string {
  if (isPointer || shape.kind === 'list' || shape.kind === 'map') return 'null'
  return encoderOf(shape)(zeroOf(shape))
}

const isAbsent = (value: unknown): boolean => value === null || value === undefined

function sortedKeys(map: Readonly<Record<string, unknown>>): string[] {
  const keys = Object.keys(map)
  return keys.length < 2 ? keys : keys.sort(compareBytes)
}

/** The order of UTF-8 bytes, which differs from that of UTF-16 units only past the basic plane. */
export function compareBytes(a: string, b: string): number {
  if (a === b) return 0
  return surrogates.test(a) || surrogates.test(b) ? Buffer.compare(Buffer.from(a), Buffer.from(b)) : a < b ? -1 : 1
}

const surrogates = /[\ud800-\udfff]/
