/**
 * Resource quantities (`100m`, `1Gi`, `1e3`): exact, since quota and scheduling add thousands of them. The rules are those of the API
 * conventions, "Quantities": at most nano precision (finer values round away from zero), and a canonical text that keeps the writer's
 * family of suffixes.
 */
export interface Quantity {
  /** Billionths. */
  readonly nano: bigint
  readonly format: QuantityFormat
  /** The text read, where it already is canonical. */
  readonly text?: string
}

/** The family of suffixes in which a quantity is written: `m`, `k`, `M`; `Ki`, `Mi`; `e3`. */
export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent'

/** Reads a quantity, or throws a `RangeError` with the reference's words. A number is read as its JSON text. */
export function parseQuantity(text: string | number): Quantity {
  const result = scan(String(text))
  if (typeof result === 'string') throw new RangeError(result)
  return result
}

/** Whether `parseQuantity` takes it. */
export function isQuantity(text: string | number): boolean {
  return typeof scan(String(text)) !== 'string'
}

/** The text of a value, in its own family of suffixes. */
export function formatQuantity(quantity: Quantity): string {
  const { nano } = quantity
  if (quantity.text !== undefined) return quantity.text
  if (nano === 0n) return '0'
  const isBinary = quantity.format === 'BinarySI' && nano % NANO === 0n && abs(nano) >= 1024n * NANO
  return isBinary ? formatBinary(nano / NANO) : formatDecimal(nano, quantity.format === 'DecimalExponent')
}

/** The one text that the API shows for a value: `1000m` becomes `1`, `0.5` becomes `500m`. Throws like `parseQuantity`. */
export function canonicalQuantity(text: string | number): string {
  if (typeof text === 'string' && isPlainlyCanonical(text)) return text
  return formatQuantity(parseQuantity(text))
}

/** Negative, zero or positive, as `sort` wants it. */
export function compareQuantity(a: QuantityLike, b: QuantityLike): number {
  const left = nanoOf(a)
  const right = nanoOf(b)
  return left < right ? -1 : left > right ? 1 : 0
}

/** The sum, in the family of suffixes of `a` unless that is zero. */
export function addQuantity(a: QuantityLike, b: QuantityLike): Quantity {
  return combine(toQuantity(a), toQuantity(b), 1n)
}

/** The difference, in the family of suffixes of `a` unless that is zero. */
export function subQuantity(a: QuantityLike, b: QuantityLike): Quantity {
  return combine(toQuantity(a), toQuantity(b), -1n)
}

/** A quantity, read or not; a text that is none is a RangeError. */
export type QuantityLike = Quantity | string | number

/** The nearest double. */
export function quantityToNumber(quantity: QuantityLike): number {
  const nano = nanoOf(quantity)
  return nano % NANO === 0n ? Number(nano / NANO) : Number(nano) / 1e9
}

/** Whole thousandths, rounded up: processors are counted so. */
export function quantityToMilli(quantity: QuantityLike): number {
  return Number(divideUp(nanoOf(quantity), 1_000_000n))
}

/** Whole units, rounded up: bytes, pods. */
export function quantityToInteger(quantity: QuantityLike): number {
  return Number(divideUp(nanoOf(quantity), NANO))
}

/** A value made by arithmetic. */
export function quantityOf(units: number | bigint, format: QuantityFormat = 'DecimalSI'): Quantity {
  return { nano: BigInt(units) * NANO, format }
}

/** Thousandths, such as processor time. */
export function quantityOfMilli(milli: number | bigint): Quantity {
  return { nano: BigInt(milli) * 1_000_000n, format: 'DecimalSI' }
}

const NANO = 1_000_000_000n
/** Largest value of a binary quantity: 2^63 - 1. Larger ones are capped, as the reference does. */
const BINARY_MAX = ((1n << 63n) - 1n) * NANO
/** Exponents past this would only serve to make us compute with huge numbers. */
const EXPONENT_MAX = 1000
/** Digits past this are nobody's quantity either. */
const LENGTH_MAX = 1000

const decimalExponents: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 }
const binaryExponents: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 }
const decimalSuffixes = new Map(Object.entries(decimalExponents).map(([suffix, exponent]) => [exponent, suffix]))
const binarySuffixes = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']

const notAQuantity = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
const badNumber = 'unable to parse numeric part of quantity'
const badSuffix = "unable to parse quantity's suffix"

/** Sign, digits, fraction, suffix; whether the suffix is one is asked afterwards. */
const scanner = /^([+-]?)0*([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)$/

/** The quantity, or what is wrong with the text. */
function scan(text: string): Quantity | string {
  const match = text === '' || text.length > LENGTH_MAX ? null : scanner.exec(text)
  if (match === null) return notAQuantity
  const [, sign, digits = '', fraction = '', suffix = ''] = match
  const scale = scaleOf(suffix)
  if (scale === undefined) return badSuffix
  // A sign alone is nothing, which the reference takes for zero.
  if (text !== sign && !/[0-9]/.test(text.slice(0, text.length - suffix.length))) return badNumber
  const unscaled = BigInt(digits + fraction)
  let nano: bigint
  if (scale.base === 2) nano = scaleDecimal(unscaled << BigInt(scale.exponent), 9 - fraction.length)
  else nano = scaleDecimal(unscaled, scale.exponent + 9 - fraction.length)
  const format = scale.base === 10 ? scale.format : nano > 0n && nano < NANO && fraction !== '' ? 'DecimalSI' : 'BinarySI'
  if (format === 'BinarySI' && nano > BINARY_MAX) nano = BINARY_MAX
  const quantity = { nano: sign === '-' ? -nano : nano, format } as const
  return isKept(digits, fraction, scale) ? { ...quantity, text } : quantity
}

type Scale = { readonly base: 2 | 10; readonly exponent: number; readonly format: QuantityFormat }

function scaleOf(suffix: string): Scale | undefined {
  const decimal = decimalExponents[suffix]
  if (decimal !== undefined) return { base: 10, exponent: decimal, format: 'DecimalSI' }
  const binary = binaryExponents[suffix]
  if (binary !== undefined) return { base: 2, exponent: binary, format: 'BinarySI' }
  if (!/^[eE][-+]?[0-9]+$/.test(suffix)) return undefined
  const exponent = Number(suffix.slice(1))
  return Math.abs(exponent) > EXPONENT_MAX ? undefined : { base: 10, exponent, format: 'DecimalExponent' }
}

/** The reference keeps the writer's text where a quick look says that it is canonical, though it may not be (`1.500`, `+1Ki`). */
function isKept(digits: string, fraction: string, scale: Scale): boolean {
  const length = (digits === '' ? 1 : digits.length) + fraction.length
  if (scale.base === 2) {
    if (fraction !== '' || 14 - length - Math.trunc((scale.exponent * 3) / 10) < 0) return false
    return (Number(digits) & 7) !== 0
  }
  const exponent = scale.exponent - fraction.length
  return length <= 18 && exponent >= -9 && exponent % 3 === 0 && digits !== '' && !(digits + fraction).endsWith('000')
}

/** The everyday texts, without any arithmetic: `100m`, `2`, `64Mi`, but not `1000m` (1) nor `2048Mi` (2Gi). */
function isPlainlyCanonical(text: string): boolean {
  const match = /^[1-9][0-9]{0,8}(m|[KMG]i|)$/.exec(text)
  if (match === null) return false
  return match[1]!.endsWith('i') ? Number.parseInt(text, 10) % 1024 !== 0 : !text.endsWith(`000${match[1]}`)
}

/** `value * 10^exponent`, rounded up. */
function scaleDecimal(value: bigint, exponent: number): bigint {
  return exponent >= 0 ? value * 10n ** BigInt(exponent) : divideUp(value, 10n ** BigInt(-exponent))
}

/** Rounds away from zero, as every rounding of a quantity does. */
function divideUp(value: bigint, by: bigint): bigint {
  const quotient = value / by
  if (value % by === 0n) return quotient
  return value > 0n ? quotient + 1n : quotient - 1n
}

function formatDecimal(nano: bigint, withExponent: boolean): string {
  let mantissa = nano
  let exponent = -9
  while (mantissa % 1000n === 0n) {
    mantissa /= 1000n
    exponent += 3
  }
  if (withExponent) return exponent === 0 ? `${mantissa}` : `${mantissa}e${exponent}`
  return `${mantissa}${decimalSuffixes.get(exponent) ?? ''}`
}

function formatBinary(units: bigint): string {
  let mantissa = units
  let steps = 0
  while (mantissa % 1024n === 0n && steps < binarySuffixes.length - 1) {
    mantissa /= 1024n
    steps += 1
  }
  return `${mantissa}${binarySuffixes[steps]}`
}

function combine(a: Quantity, b: Quantity, sign: bigint): Quantity {
  return { nano: a.nano + sign * b.nano, format: a.nano === 0n ? b.format : a.format }
}

const abs = (value: bigint): bigint => (value < 0n ? -value : value)
const toQuantity = (value: QuantityLike): Quantity => (typeof value === 'object' ? value : parseQuantity(value))
const nanoOf = (value: QuantityLike): bigint => toQuantity(value).nano
