import { caseOf } from './either.ts'
import { isObject } from './fields.ts'
import { quote } from './go-text.ts'
import { goTypes } from './go-types.ts'
import { Mismatch } from './mismatch.ts'
import { fieldsPlan } from './plan.ts'
import { isRawNumber } from './raw-number.ts'
import type { Message, Shape } from './schema.ts'
import { diagnoseStructural } from './structural/decode.ts'

/** What is wrong with a value that did not decode as it should. */
export interface Diagnosis {
  /** `unknown field "spec.foo"` in order of appearance, at most 100. */
  readonly unknown: readonly string[]
  /** The one error that the reference would tell of. */
  readonly error: string | undefined
}

/**
 * What is wrong with a JSON value, in the words of Go's decoder and in the order of the document. `check` throws a `Mismatch` when a value
 * that is neither list, map nor message does not fit its shape.
 */
export function diagnose(shape: Shape, value: unknown, check: (shape: Shape, value: unknown) => void): Diagnosis {
  if (shape.kind === 'structural') return diagnoseStructural(shape, value, check)
  const walk: Walk = { unknown: [], errors: [], check }
  try {
    visit(walk, shape, value, { structure: '', fields: '', path: '', declared: undefined })
  } catch (error) {
    // A type with a decoder of its own ends Go's walk at once, and its error stands before those found earlier.
    if (!(error instanceof Mismatch)) throw error
    return { unknown: walk.unknown, error: error.message }
  }
  return { unknown: walk.unknown, error: walk.errors[0] }
}

interface Walk {
  readonly unknown: string[]
  readonly errors: string[]
  readonly check: (shape: Shape, value: unknown) => void
}

interface Place {
  /** Name of the innermost Go structure. */
  readonly structure: string
  /** Names of the fields that lead here, without indices and keys. */
  readonly fields: string
  /** The same with indices and keys, as strict errors show it. */
  readonly path: string
  /** The Go type as declared, where the shape does not tell it. */
  readonly declared: string | undefined
}

/** The reference stops counting here. */
const UNKNOWN_MAX = 100

function visit(walk: Walk, shape: Shape, value: unknown, place: Place): void {
  if (value === null) return
  if (shape.kind === 'list' && Array.isArray(value)) {
    const declared = elementOf(place.declared)
    for (const [i, item] of value.entries()) visit(walk, shape.item.shape, item, { ...place, declared, path: `${place.path}[${i}]` })
  } else if (shape.kind === 'map' && isObject(value)) {
    const declared = elementOf(place.declared)
    for (const key of Object.keys(value)) visit(walk, shape.value.shape, value[key], { ...place, declared, path: pathTo(place.path, key) })
  } else if (shape.kind === 'message' && isObject(value)) visitMessage(walk, shape, value, place)
  else if (shape.kind === 'either' && caseOf(shape, value) !== undefined) visitCase(walk, caseOf(shape, value)!.type.shape, value, place)
  else if (shape.kind === 'bytes' && Array.isArray(value)) visitBytes(walk, value, place)
  else visitLeaf(walk, shape, value, place)
}

/** A number that a list may hold where bytes are wanted; a null there is a zero. */
export const isByte = (item: unknown): boolean =>
  item === null || (typeof item === 'number' && Number.isInteger(item) && item >= 0 && item <= 255)

function visitBytes(walk: Walk, items: readonly unknown[], place: Place): void {
  for (const item of items) if (!isByte(item)) walk.errors.push(wrongType({ kind: 'uint32' }, item, { ...place, declared: 'uint8' }))
}

/** What stands in an `either` is read by a decoder of its own, which passes over what it does not know. */
function visitCase(walk: Walk, shape: Shape, value: unknown, place: Place): void {
  const inner: Walk = { unknown: [], errors: [], check: walk.check }
  visit(inner, shape, value, place)
  if (inner.errors.length > 0) throw new Mismatch(inner.errors[0]!)
}

function visitMessage(walk: Walk, shape: Message, value: Readonly<Record<string, unknown>>, place: Place): void {
  const fields = new Map(fieldsPlan(shape as Shape).map((field) => [field.name, field]))
  const declared = goTypes[shape.protoName]
  for (const name of Object.keys(value)) {
    const field = fields.get(name)
    const path = pathTo(place.path, name)
    if (field !== undefined) {
      const steps = join(place.fields, embeddedName(shape, name))
      visit(walk, field.shape, value[name], { structure: shape.name, fields: join(steps, name), path, declared: declared?.[name] })
    } else if (walk.unknown.length < UNKNOWN_MAX) walk.unknown.push(`unknown field ${quote(path)}`)
  }
}

/** Go names the embedded structures among the fields, from the outermost to that which has the field. */
function embeddedName(shape: Message, field: string): string {
  const embed = shape.embeds?.find(({ type }) => fieldsPlan(type.shape).some(({ name }) => name === field))?.type.shape
  return embed?.kind === 'message' ? join(embed.name, embeddedName(embed, field)) : ''
}

function visitLeaf(walk: Walk, shape: Shape, value: unknown, place: Place): void {
  try {
    if (shape.kind === 'list' || shape.kind === 'map' || shape.kind === 'message') throw new Mismatch('')
    walk.check(shape, value)
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error
    const isOwn = ownDecoders.has(shape.kind)
    const text = error.message === '' ? wrongType(shape, value, place) : error.message
    if (isOwn) throw new Mismatch(text)
    walk.errors.push(text)
  }
}

/** Types that read their JSON themselves, and know nothing of where they stand. */
const ownDecoders: ReadonlySet<Shape['kind']> = new Set(['quantity', 'time', 'microTime', 'duration', 'intOrString', 'either'])

function wrongType(shape: Shape, value: unknown, place: Place | undefined): string {
  const isInField = place !== undefined && place.structure !== ''
  const where = isInField ? `Go struct field ${place.structure}.${place.fields}` : 'Go value'
  return `json: cannot unmarshal ${jsonKind(value, shape)} into ${where} of type ${place?.declared ?? goType(shape)}`
}

/** A number that is one, but not of the right sort, is shown. */
function jsonKind(value: unknown, shape: Shape): string {
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'boolean') return 'bool'
  const text = isRawNumber(value) ? value.rawJSON : typeof value === 'number' || typeof value === 'bigint' ? goNumber(value) : undefined
  if (text === undefined) return typeof value
  return shape.kind.includes('int') || shape.kind === 'double' ? `number ${text}` : 'number'
}

/** Where the digits of the document are gone, whole numbers are shown in full. */
const goNumber = (value: number | bigint): string =>
  typeof value === 'bigint' ? String(value) : Number.isInteger(value) && Math.abs(value) < 1e24 ? BigInt(value).toString() : String(value)

function goType(shape: Shape): string {
  if (shape.kind === 'message') return `${shape.protoName.split('.').at(-2)}.${shape.name}`
  if (shape.kind === 'list') return `[]${goType(shape.item.shape)}`
  if (shape.kind === 'map') return `map[string]${goType(shape.value.shape)}`
  return goNames[shape.kind] ?? shape.kind
}

const goNames: Readonly<Partial<Record<Shape['kind'], string>>> = {
  bytes: '[]uint8',
  double: 'float64',
  quantity: 'resource.Quantity',
  time: 'string',
  microTime: 'string',
  duration: 'string',
  intOrString: 'int32',
  json: 'runtime.RawExtension',
}

/** `[]v1.A` and `map[string]v1.A` hold `v1.A`; a named list or map does not tell. */
function elementOf(declared: string | undefined): string | undefined {
  return declared === undefined ? undefined : /^(?:\[\]|map\[[^\]]*\])(.+)$/.exec(declared)?.[1]
}

/** A key may be empty, and is then nothing behind a dot. */
const pathTo = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`)

const join = (path: string, step: string): string => (path === '' ? step : step === '' ? path : `${path}.${step}`)
