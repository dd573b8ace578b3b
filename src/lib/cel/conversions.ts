import type { Functions } from './environment.ts'
import { checkedInt, checkedTimestamp } from './operators.ts'
import { formatDouble } from './show.ts'
import { formatDuration, formatTimestamp, parseDuration, parseTimestamp } from './time-text.ts'
import { type DurationValue, duration, fault, runtimeType, type TimestampValue, type UintValue, uint, type Value } from './values.ts'

const maxInt = 2n ** 63n - 1n
const same = (value: Value): Value => value
const failed = (value: Value, to: string): Value => fault(`type conversion error from '${runtimeType(value).name}' to '${to}'`)

const unsigned = (value: bigint): Value => (value < 0n || value >= 2n ** 64n ? fault('unsigned integer overflow') : uint(value))
const whole = (text: string): bigint | undefined => (/^[+-]?\d+$/.test(text) ? BigInt(text.replace(/^\+/, '')) : undefined)

function doubleToInt(value: Value): Value {
  const number = value as number
  if (Number.isNaN(number) || number >= 2 ** 63 || number <= -(2 ** 63)) return fault('integer overflow')
  return BigInt(Math.trunc(number))
}

function doubleToUint(value: Value): Value {
  const number = value as number
  if (Number.isNaN(number) || number < 0 || number >= 2 ** 64) return fault('unsigned integer overflow')
  return uint(BigInt(Math.trunc(number)))
}

const goFloat = /^[+-]?(?:inf(?:inity)?|nan|(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?)$/i
function textToDouble(value: Value): Value {
  const text = value as string
  if (!goFloat.test(text)) return failed(value, 'double')
  if (/nan$/i.test(text)) return Number.NaN
  if (/inf/i.test(text)) return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  const number = Number(text)
  return Number.isFinite(number) ? number : failed(value, 'double')
}

const boolTexts: Readonly<Record<string, boolean>> = {
  '1': true,
  t: true,
  T: true,
  TRUE: true,
  true: true,
  True: true,
  '0': false,
  f: false,
  F: false,
  FALSE: false,
  false: false,
  False: false,
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
function bytesToText(value: Value): Value {
  try {
    return utf8.decode(value as Uint8Array)
  } catch {
    // The decoder has no other failure than text that is not UTF-8.
    return fault('invalid UTF-8 in bytes, cannot convert to string')
  }
}

/** Functions named after the type that they convert to (cel-spec, "Conversions"). */
export const conversions: Functions = {
  bool: {
    bool_to_bool: ['(bool) -> bool', same],
    string_to_bool: ['(string) -> bool', (value) => boolTexts[value as string] ?? failed(value, 'bool')],
  },
  bytes: {
    bytes_to_bytes: ['(bytes) -> bytes', same],
    string_to_bytes: ['(string) -> bytes', (value) => new TextEncoder().encode(value as string)],
  },
  double: {
    double_to_double: ['(double) -> double', same],
    int64_to_double: ['(int) -> double', (value) => Number(value)],
    string_to_double: ['(string) -> double', textToDouble],
    uint64_to_double: ['(uint) -> double', (value) => Number((value as UintValue).value)],
  },
  duration: {
    duration_to_duration: ['(duration) -> duration', same],
    // Declared, but refused at run time: so the reference does.
    int64_to_duration: ['(int) -> duration', (value) => failed(value, 'google.protobuf.Duration')],
    string_to_duration: [
      '(string) -> duration',
      (value) => {
        const nanos = parseDuration(value as string)
        return nanos === undefined ? failed(value, 'google.protobuf.Duration') : duration(nanos)
      },
    ],
  },
  int: {
    int64_to_int64: ['(int) -> int', same],
    double_to_int64: ['(double) -> int', doubleToInt],
    duration_to_int64: ['(duration) -> int', (value) => (value as DurationValue).nanos],
    string_to_int64: [
      '(string) -> int',
      (value) => {
        const number = whole(value as string)
        return number === undefined || number > maxInt || number < -maxInt - 1n ? failed(value, 'int') : number
      },
    ],
    timestamp_to_int64: ['(timestamp) -> int', (value) => secondsOf(value as TimestampValue)],
    uint64_to_int64: ['(uint) -> int', (value) => checkedInt((value as UintValue).value)],
  },
  string: {
    string_to_string: ['(string) -> string', same],
    bool_to_string: ['(bool) -> string', String],
    bytes_to_string: ['(bytes) -> string', bytesToText],
    double_to_string: ['(double) -> string', (value) => formatDouble(value as number)],
    duration_to_string: ['(duration) -> string', (value) => formatDuration((value as DurationValue).nanos)],
    int64_to_string: ['(int) -> string', String],
    timestamp_to_string: ['(timestamp) -> string', (value) => formatTimestamp((value as TimestampValue).nanos)],
    uint64_to_string: ['(uint) -> string', (value) => String((value as UintValue).value)],
  },
  timestamp: {
    timestamp_to_timestamp: ['(timestamp) -> timestamp', same],
    int64_to_timestamp: ['(int) -> timestamp', (value) => checkedTimestamp((value as bigint) * 1_000_000_000n)],
    string_to_timestamp: [
      '(string) -> timestamp',
      (value) => {
        const nanos = parseTimestamp(value as string)
        return nanos === undefined ? failed(value, 'google.protobuf.Timestamp') : checkedTimestamp(nanos)
      },
    ],
  },
  uint: {
    uint64_to_uint64: ['(uint) -> uint', same],
    double_to_uint64: ['(double) -> uint', doubleToUint],
    int64_to_uint64: ['(int) -> uint', (value) => unsigned(value as bigint)],
    string_to_uint64: [
      '(string) -> uint',
      (value) => {
        const number = /^\d+$/.test(value as string) ? BigInt(value as string) : undefined
        return number === undefined || number >= 2n ** 64n ? failed(value, 'uint') : uint(number)
      },
    ],
  },
}

/** Whole seconds, down. */
export const secondsOf = ({ nanos }: TimestampValue): bigint => (nanos - (((nanos % second) + second) % second)) / second
const second = 1_000_000_000n
