import { formatDuration, parseDuration } from '#lib/duration.ts'
import { ProtoWriter } from '#lib/protobuf-writer.ts'
import { canonicalQuantity } from '#lib/quantity.ts'
import { caseOf } from './either.ts'
import { setOwn } from './fields.ts'
import { goJson } from './go-text.ts'
import { parseExact } from './json.ts'
import { fieldsPlan, type PlannedField } from './plan.ts'
import { ProtoReader } from './protobuf-reader.ts'
import { type AnyType, field, type Shape } from './schema.ts'
import { formatMicroTime, formatTime, parseTime } from './times.ts'
import { zeroOf } from './zero.ts'

/**
 * `kubernetes` (the default) is proto2 as the Kubernetes API writes it: a field that Go holds by value is always there, a pointer only when
 * present; `bytes` are base64 text in memory. `proto3` is what gRPC services speak: zero values are left out, numbers in lists are packed,
 * absent lists and maps come back empty, scalars as their zero value, and `bytes` are `Uint8Array` in memory (declare the field with
 * `rawBytes()`). Both skip unknown fields and accept packed and unpacked numbers.
 */
export interface ProtobufOptions {
  readonly syntax?: 'kubernetes' | 'proto3'
}

/** The value as one protobuf message. Fields in the order of their numbers, map entries in the order of their keys: the same value gives the same bytes. */
export function encodeProtobuf(type: AnyType, value: unknown, options: ProtobufOptions = {}): Uint8Array {
  const writer = new ProtoWriter()
  codecOf(type.shape, options.syntax ?? 'kubernetes').write(value, writer)
  return writer.finish()
}

/** Reads one message. Throws a `RangeError` when the bytes are none. */
export function decodeProtobuf(type: AnyType, bytes: Uint8Array, options: ProtobufOptions = {}): unknown {
  const reader = new ProtoReader(bytes)
  return codecOf(type.shape, options.syntax ?? 'kubernetes').read(reader, bytes.length, 0)
}

type Syntax = 'kubernetes' | 'proto3'
const VARINT = 0
const FIXED64 = 1
const LENGTH = 2
/** Messages nested deeper are refused. The reference's decoder has the same bound for JSON. */
const DEPTH_MAX = 500

/** How one value is written and read. A message's content is without its length; whoever holds it writes that. */
interface Codec {
  readonly wire: number
  /** Writes backwards: the last byte first. */
  write(value: unknown, writer: ProtoWriter): void
  /** `end` is where a length-delimited value stops. */
  read(reader: ProtoReader, end: number, depth: number): unknown
  /** The value of no bytes, which a by-value field has when absent. */
  zero(): unknown
}

const caches = { kubernetes: new WeakMap<Shape, Codec>(), proto3: new WeakMap<Shape, Codec>() }

function codecOf(shape: Shape, syntax: Syntax): Codec {
  const known = caches[syntax].get(shape)
  if (known !== undefined) return known
  const codec = makeCodec(shape, syntax)
  caches[syntax].set(shape, codec)
  return codec
}

function makeCodec(shape: Shape, syntax: Syntax): Codec {
  switch (shape.kind) {
    case 'string':
      return scalar(
        LENGTH,
        '',
        (value, writer) => writer.string(value as string),
        (reader, end) => reader.string(end),
      )
    case 'bytes':
      return shape.raw === true ? rawBytes : base64Bytes
    case 'bool':
      return scalar(
        VARINT,
        false,
        (value, writer) => writer.varint(value === true ? 1 : 0),
        (reader) => reader.varint() !== 0,
      )
    case 'int32':
      return scalar(
        VARINT,
        0,
        (value, writer) => writer.varint(value as number),
        (reader) => reader.int32(),
      )
    case 'int64':
      return scalar(
        VARINT,
        0,
        (value, writer) => writer.varint(value as number),
        (reader) => reader.int64(),
      )
    case 'uint32':
      return scalar(
        VARINT,
        0,
        (value, writer) => writer.varint(value as number),
        (reader) => reader.int32() >>> 0,
      )
    case 'uint64':
      return scalar(
        VARINT,
        0,
        (value, writer) => writer.varint(value as number),
        (reader) => reader.uint64(),
      )
    case 'double':
      return scalar(
        FIXED64,
        0,
        (value, writer) => writer.double(value as number),
        (reader) => reader.double(),
      )
    case 'quantity':
      return wrapped(
        '0',
        (value, writer) => writeText(1, canonicalQuantity(value as string), writer),
        (fields) => fields[1] ?? '0',
        { 1: 'string' },
      )
    case 'time':
    case 'microTime':
      return timeCodec(shape.kind)
    case 'duration':
      return wrapped('0s', writeDuration, (fields) => formatDuration(BigInt((fields[1] as number) ?? 0)), { 1: 'varint' })
    case 'intOrString':
      return wrapped(0, writeIntOrString, (fields) => (fields[1] === 1 ? (fields[3] ?? '') : ((fields[2] as number) ?? 0) | 0), {
        1: 'varint',
        2: 'varint',
        3: 'string',
      })
    case 'json':
      return wrapped(null, writeJson, (fields) => parseRaw(fields[1] as string | undefined), { 1: 'string' })
    case 'list':
      return itemsCodec(shape, syntax)
    case 'message':
      return messageCodec(shape, syntax)
    case 'either':
      return eitherCodec(shape, syntax)
    case 'map':
      throw new TypeError('a map is no protobuf value of its own')
    case 'structural':
      throw new TypeError('a custom resource has no protobuf')
  }
}

function scalar(wire: number, zero: unknown, write: Codec['write'], read: Codec['read']): Codec {
  return { wire, write, read, zero: () => zero }
}

const rawBytes = scalar(
  LENGTH,
  new Uint8Array(0),
  (value, writer) => writer.bytes(value as Uint8Array),
  (reader, end) => new Uint8Array(reader.bytes(end)),
)
const base64Bytes = scalar(
  LENGTH,
  '',
  (value, writer) => writer.bytes(Buffer.from(value as string, 'base64')),
  (reader, end) => Buffer.from(reader.bytes(end)).toString('base64'),
)

// --- Kubernetes' own small messages --------------------------------------------------------------------------------------------------

/** A value whose JSON is a scalar and whose protobuf is a message of a few numbered parts. */
function wrapped(
  zero: unknown,
  write: Codec['write'],
  make: (fields: Readonly<Record<number, string | number>>) => unknown,
  parts: Readonly<Record<number, 'string' | 'varint'>>,
): Codec {
  const read = (reader: ProtoReader, end: number): unknown => {
    const fields: Record<number, string | number> = {}
    while (reader.position < end) {
      const tag = reader.tag()
      const part = parts[tag >>> 3]
      if (part === 'string' && (tag & 7) === LENGTH) fields[tag >>> 3] = reader.string(reader.length(end))
      else if (part === 'varint' && (tag & 7) === VARINT) fields[tag >>> 3] = reader.varint()
      else reader.skip(tag, end)
    }
    return make(fields)
  }
  return { wire: LENGTH, write, read, zero: () => zero }
}

function writeText(number: number, text: string, writer: ProtoWriter): void {
  const end = writer.mark()
  writer.string(text)
  writer.lengthSince(end)
  writer.tag(number, LENGTH)
}

function writeNumber(number: number, value: number | bigint, writer: ProtoWriter): void {
  writer.varint(value)
  writer.tag(number, VARINT)
}

function timeCodec(kind: 'time' | 'microTime'): Codec {
  const write: Codec['write'] = (value, writer) => {
    if (value === null || value === undefined) return
    const { seconds, nanos } = parseTime(value as string, kind)
    writeNumber(2, kind === 'time' ? 0 : Math.floor(nanos / 1000) * 1000, writer)
    writeNumber(1, seconds, writer)
  }
  const make = (fields: Readonly<Record<number, string | number>>): unknown => {
    if (fields[1] === undefined && fields[2] === undefined) return null
    const seconds = (fields[1] as number | undefined) ?? 0
    return kind === 'time' ? formatTime(seconds) : formatMicroTime(seconds, (fields[2] as number | undefined) ?? 0)
  }
  return wrapped(null, write, make, { 1: 'varint', 2: 'varint' })
}

function writeDuration(value: unknown, writer: ProtoWriter): void {
  writeNumber(1, parseDuration(value as string), writer)
}

function writeIntOrString(value: unknown, writer: ProtoWriter): void {
  const isText = typeof value === 'string'
  writeText(3, isText ? value : '', writer)
  writeNumber(2, isText ? 0 : (value as number), writer)
  writeNumber(1, isText ? 1 : 0, writer)
}

function writeJson(value: unknown, writer: ProtoWriter): void {
  if (value !== null && value !== undefined) writeText(1, goJson(value), writer)
}

const parseRaw = (text: string | undefined): unknown => (text === undefined || text === '' ? null : parseExact(text))

/** A list where protobuf needs a message: values of a map (`ExtraValue`), `Verbs`. Its only field is `items`, number 1. */
function itemsCodec(shape: Shape & { kind: 'list' }, syntax: Syntax): Codec {
  const item = codecOf(shape.item.shape, syntax)
  return {
    wire: LENGTH,
    zero: () => [],
    write: (value, writer) => {
      const items = value as readonly unknown[]
      for (let i = items.length - 1; i >= 0; i -= 1) writeField(1, item, items[i], writer)
    },
    read: (reader, end, depth) => {
      const items: unknown[] = []
      while (reader.position < end) {
        const tag = reader.tag()
        if (tag >>> 3 === 1) readInto(items, item, tag, reader, end, depth)
        else reader.skip(tag, end)
      }
      return items
    },
  }
}

/** A message with one field for each sort of JSON; `allows` (the boolean) is also true beside a schema. */
function eitherCodec(shape: Shape & { kind: 'either' }, syntax: Syntax): Codec {
  const fields = shape.cases.map(({ json, number, type }) => [json, field(number, type, { pointer: true })] as const)
  const codec = messageCodec({ kind: 'message', name: shape.name, protoName: shape.name, fields: Object.fromEntries(fields) }, syntax)
  const hasBoolean = shape.cases.some(({ json }) => json === 'boolean')
  return {
    wire: LENGTH,
    zero: () => null,
    write(value, writer) {
      const found = value === null || value === undefined ? undefined : caseOf(shape, value)
      if (found === undefined) return
      codec.write({ ...(hasBoolean && found.json === 'object' && { boolean: true }), [found.json]: value }, writer)
    },
    read(reader, end, depth) {
      const parts = codec.read(reader, end, depth) as Readonly<Record<string, unknown>>
      const list = parts['array'] as readonly unknown[] | undefined
      return parts['object'] ?? (list !== undefined && list.length > 0 ? list : (parts['boolean'] ?? null))
    },
  }
}

// --- messages ------------------------------------------------------------------------------------------------------------------------

/** One numbered entry of a message: a field, or a part that is embedded in JSON. */
interface Entry {
  readonly number: number
  write(message: Readonly<Record<string, unknown>>, writer: ProtoWriter): void
  read(message: Record<string, unknown>, tag: number, reader: ProtoReader, end: number, depth: number): void
}

function messageCodec(shape: Shape & { kind: 'message' }, syntax: Syntax): Codec {
  let entries: readonly Entry[] | undefined
  let byNumber: ReadonlyMap<number, Entry> = new Map()
  // Compiled at first use, since a recursive type holds itself.
  const compile = (): readonly Entry[] => {
    const embedded = new Set((shape.embeds ?? []).flatMap((embed) => fieldsPlan(embed.type.shape).map((field) => field.name)))
    const own = fieldsPlan(shape).filter((field) => field.number > 0 && !embedded.has(field.name))
    const made = [
      ...own.map((field) => entryOf(field, syntax)),
      ...(shape.embeds ?? []).map((embed) => embedEntry(embed.number, embed.type, syntax)),
    ]
    made.sort((a, b) => a.number - b.number)
    byNumber = new Map(made.map((entry) => [entry.number, entry]))
    return (entries = made)
  }
  const codec: Codec = {
    wire: LENGTH,
    zero: () => zeroOf(shape, syntax),
    write: (value, writer) => {
      const list = entries ?? compile()
      const message = (value ?? empty) as Readonly<Record<string, unknown>>
      for (let i = list.length - 1; i >= 0; i -= 1) list[i]!.write(message, writer)
    },
    read: (reader, end, depth) => {
      if (entries === undefined) compile()
      if (depth > DEPTH_MAX) throw new RangeError('protobuf: exceeded max depth')
      const message = zeroOf(shape, syntax) as Record<string, unknown>
      while (reader.position < end) {
        const tag = reader.tag()
        const entry = byNumber.get(tag >>> 3)
        if (entry === undefined) reader.skip(tag, end)
        else entry.read(message, tag, reader, end, depth + 1)
      }
      return message
    },
  }
  return codec
}

const empty: Readonly<Record<string, unknown>> = Object.freeze({})

function entryOf(field: PlannedField, syntax: Syntax): Entry {
  const shape = field.shape
  if (shape.kind === 'map') return mapEntry(field, shape, syntax)
  if (shape.kind === 'list' && !field.wrapped) return listEntry(field, shape, syntax)
  return singleEntry(field, syntax)
}

function singleEntry(field: PlannedField, syntax: Syntax): Entry {
  const { name, number, pointer } = field
  const codec = codecOf(field.shape, syntax)
  const zero = codec.zero()
  const isProto3 = syntax === 'proto3'
  const isByValue = !isProto3 && !pointer && field.shape.kind !== 'bytes'
  const isLeftOut = isProto3 && !pointer && isScalarShape(field.shape) ? isZeroScalar : never
  const isDropped = isProto3 || pointer || field.kept ? never : isEmptyValue
  return {
    number,
    write: (message, writer) => {
      const value = message[name]
      if (value !== undefined && value !== null) {
        if (!isLeftOut(value)) writeField(number, codec, value, writer)
      } else if (isByValue) writeField(number, codec, zero, writer)
    },
    read: (message, tag, reader, end, depth) => {
      if ((tag & 7) !== codec.wire) return reader.skip(tag, end)
      const value = readValue(codec, reader, end, depth)
      if (!isDropped(value)) message[name] = value
      // Of a field given twice the last counts. Deleting costs, so it is done only where there is something.
      else if (message[name] !== undefined) delete message[name]
    },
  }
}

const never = (): boolean => false

function listEntry(field: PlannedField, shape: Shape & { kind: 'list' }, syntax: Syntax): Entry {
  const { name, number } = field
  const item = codecOf(shape.item.shape, syntax)
  const isPacked = syntax === 'proto3' && item.wire !== LENGTH
  return {
    number,
    write: (message, writer) => {
      const items = message[name] as readonly unknown[] | null | undefined
      if (items === undefined || items === null || items.length === 0) return
      if (!isPacked) {
        for (let i = items.length - 1; i >= 0; i -= 1) writeField(number, item, items[i], writer)
        return
      }
      const end = writer.mark()
      for (let i = items.length - 1; i >= 0; i -= 1) item.write(items[i], writer)
      writer.lengthSince(end)
      writer.tag(number, LENGTH)
    },
    read: (message, tag, reader, end, depth) => {
      let items = message[name] as unknown[] | undefined
      if (items === undefined) message[name] = items = []
      readInto(items, item, tag, reader, end, depth)
    },
  }
}

function mapEntry(field: PlannedField, shape: Shape & { kind: 'map' }, syntax: Syntax): Entry {
  const { name, number } = field
  const codec = codecOf(shape.value.shape, syntax)
  const key = codecOf(shape.keyShape ?? { kind: 'string' }, syntax)
  const fromText = shape.keyShape === undefined ? (text: string): unknown => text : Number
  return {
    number,
    write: (message, writer) => {
      const map = message[name] as Readonly<Record<string, unknown>> | null | undefined
      if (map === undefined || map === null) return
      const keys = Object.keys(map).sort()
      for (let i = keys.length - 1; i >= 0; i -= 1) {
        const end = writer.mark()
        writeField(2, codec, map[keys[i]!], writer)
        writeField(1, key, fromText(keys[i]!), writer)
        writer.lengthSince(end)
        writer.tag(number, LENGTH)
      }
    },
    read: (message, tag, reader, end, depth) => {
      if ((tag & 7) !== LENGTH) return reader.skip(tag, end)
      let map = message[name] as Record<string, unknown> | undefined
      if (map === undefined) message[name] = map = {}
      const stop = reader.length(end)
      let entryKey: unknown = key.zero()
      let value = codec.zero()
      while (reader.position < stop) {
        const part = reader.tag()
        if (part >>> 3 === 1 && (part & 7) === key.wire) entryKey = readValue(key, reader, stop, depth)
        else if (part >>> 3 === 2 && (part & 7) === codec.wire) value = readValue(codec, reader, stop, depth)
        else reader.skip(part, stop)
      }
      setOwn(map, String(entryKey), value)
    },
  }
}

/** Its fields stand in the outer message's JSON, and in a message of their own here. */
function embedEntry(number: number, type: AnyType, syntax: Syntax): Entry {
  const codec = codecOf(type.shape, syntax)
  return {
    number,
    write: (message, writer) => writeField(number, codec, message, writer),
    read: (message, tag, reader, end, depth) => {
      if ((tag & 7) !== LENGTH) return reader.skip(tag, end)
      Object.assign(message, readValue(codec, reader, end, depth))
    },
  }
}

function writeField(number: number, codec: Codec, value: unknown, writer: ProtoWriter): void {
  if (codec.wire === LENGTH) {
    const end = writer.mark()
    codec.write(value, writer)
    writer.lengthSince(end)
  } else codec.write(value, writer)
  writer.tag(number, codec.wire)
}

function readValue(codec: Codec, reader: ProtoReader, end: number, depth: number): unknown {
  if (codec.wire !== LENGTH) return codec.read(reader, end, depth)
  return codec.read(reader, reader.length(end), depth)
}

/** One item, or a packed run of them. */
function readInto(items: unknown[], item: Codec, tag: number, reader: ProtoReader, end: number, depth: number): void {
  if ((tag & 7) === item.wire) {
    items.push(readValue(item, reader, end, depth))
    return
  }
  if ((tag & 7) !== LENGTH || item.wire === LENGTH) {
    reader.skip(tag, end)
    return
  }
  const stop = reader.length(end)
  while (reader.position < stop) items.push(item.read(reader, stop, depth))
}

const isScalarShape = (shape: Shape): boolean =>
  shape.kind === 'string' ||
  shape.kind === 'bytes' ||
  shape.kind === 'bool' ||
  shape.kind === 'int32' ||
  shape.kind === 'int64' ||
  shape.kind === 'uint32' ||
  shape.kind === 'uint64' ||
  shape.kind === 'double'

const isZeroScalar = (value: unknown): boolean =>
  value === '' || value === 0 || value === false || (value instanceof Uint8Array && value.length === 0)
const isEmptyValue = (value: unknown): boolean => value === '' || value === 0 || value === false || value === null || value === undefined
