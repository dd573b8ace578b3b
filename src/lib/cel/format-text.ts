import { formatDouble } from './show.ts'
import { formatDuration, formatTimestamp } from './time-text.ts'
import {
  type DurationValue,
  entryOf,
  fault,
  isFault,
  itemsOf,
  keysOf,
  kindOf,
  type ListValue,
  type MapValue,
  runtimeType,
  type TimestampValue,
  type TypeValue,
  type UintValue,
  type Value,
} from './values.ts'

/** A clause of a format text, or the text between two. */
export type Piece = { readonly text: string } | { readonly verb: string; readonly precision: number | undefined }

/** The pieces of a format text; a fault for a clause that is not one. Precision may be given to `f` and `e` only, up to 1000. */
export function formatPieces(format: string): readonly Piece[] | string {
  const pieces: Piece[] = []
  let rest = format
  while (rest !== '') {
    const at = rest.indexOf('%')
    if (at < 0) {
      pieces.push({ text: rest })
      break
    }
    if (at > 0) pieces.push({ text: rest.slice(0, at) })
    rest = rest.slice(at + 1)
    if (rest === '') return 'unexpected end of string'
    if (rest.startsWith('%')) {
      pieces.push({ text: '%' })
      rest = rest.slice(1)
      continue
    }
    const clause = /^(?:\.(\d*))?/.exec(rest) as RegExpExecArray
    rest = rest.slice(clause[0].length)
    if (clause[0] !== '' && clause[1] === '')
      return 'could not parse formatting clause: error while parsing precision: could not convert precision to integer: strconv.Atoi: parsing "": invalid syntax'
    const verb = String.fromCodePoint(rest.codePointAt(0) ?? 0)
    if (rest === '') return 'could not parse formatting clause: unexpected end of string'
    rest = rest.slice(verb.length)
    if (!'sdfeboxX'.includes(verb)) return `could not parse formatting clause: unrecognized formatting clause "${verb}"`
    pieces.push({ verb, precision: clause[1] === undefined ? undefined : Number(clause[1]) })
  }
  return pieces
}

/** `string.format`: each clause shows the next argument. */
export function formatText(format: string, args: readonly Value[]): Value {
  const pieces = formatPieces(format)
  if (typeof pieces === 'string') return fault(pieces)
  let next = 0
  let text = ''
  for (const piece of pieces) {
    if ('text' in piece) {
      text += piece.text
      continue
    }
    const argument = args[next]
    if (argument === undefined) return fault(`index ${next} out of range`)
    next++
    const shown = showClause(piece.verb, piece.precision, argument)
    if (isFault(shown)) return fault(`error during formatting: ${shown.message}`)
    text += shown as string
  }
  return text
}

const nameOf = (value: Value): string => runtimeType(value).name
/** What each clause takes, as errors say it; the reference adds the type found. */
export const clauseErrors: Readonly<Record<string, string>> = {
  s: 'string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps',
  d: 'decimal clause can only be used on integers',
  f: 'fixed-point clause can only be used on doubles',
  e: 'scientific clause can only be used on doubles',
  b: 'only integers and bools can be formatted as binary',
  o: 'octal clause can only be used on integers',
  x: 'only integers, byte buffers, and strings can be formatted as hex',
  X: 'only integers, byte buffers, and strings can be formatted as hex',
}

function showClause(verb: string, precision: number | undefined, value: Value): Value {
  const wrong = (): Value => fault(`${clauseErrors[verb]}, was given ${nameOf(value)}`)
  const integer = typeof value === 'bigint' ? value : kindOf(value) === 'uint' ? (value as UintValue).value : undefined
  switch (verb) {
    case 's':
      return showString(value) ?? wrong()
    case 'd':
      return integer === undefined ? wrong() : String(integer)
    case 'f':
    case 'e': {
      const special = typeof value === 'string' && ['NaN', 'Infinity', '-Infinity'].includes(value) ? Number(value) : undefined
      const number = typeof value === 'number' ? value : special
      if (number === undefined) return wrong()
      return verb === 'f' ? fixed(number, precision ?? 6) : scientific(number, precision ?? 6)
    }
    case 'b':
      if (typeof value === 'boolean') return value ? '1' : '0'
      return integer === undefined ? wrong() : integer.toString(2)
    case 'o':
      return integer === undefined ? wrong() : integer.toString(8)
    default: {
      const hex =
        typeof value === 'string'
          ? Buffer.from(value).toString('hex')
          : value instanceof Uint8Array
            ? Buffer.from(value).toString('hex')
            : integer?.toString(16)
      return hex === undefined ? wrong() : verb === 'X' ? hex.toUpperCase() : hex
    }
  }
}

function special(number: number): string | undefined {
  if (Number.isNaN(number)) return 'NaN'
  return Number.isFinite(number) ? undefined : number > 0 ? '∞' : '-∞'
}
/** As an American reads it: thousands set apart. */
const fixed = (number: number, precision: number): string =>
  special(number) ??
  number.toLocaleString('en-US', { minimumFractionDigits: Math.min(precision, 100), maximumFractionDigits: Math.min(precision, 100) })
function scientific(number: number, precision: number): string {
  const plain = special(number)
  if (plain !== undefined) return plain
  const [digits = '', exponent = '0'] = number.toExponential(Math.min(precision, 100)).split('e')
  const superscript = [...String(Math.abs(Number(exponent))).padStart(2, '0')].map((digit) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(digit)]).join('')
  return `${digits}×10${Number(exponent) < 0 ? '⁻' : ''}${superscript}`
}

function showString(value: Value): string | undefined {
  switch (kindOf(value)) {
    case 'list':
      return `[${itemsOf(value as ListValue)
        .map(showInside)
        .join(', ')}]`
    case 'map':
    case 'record':
      return showMap(value as MapValue)
    case 'null':
      return 'null'
    case 'number':
      return formatDouble(value as number)
    case 'bytes':
      return Buffer.from(value as Uint8Array).toString()
    case 'uint':
      return String((value as UintValue).value)
    case 'timestamp':
      return formatTimestamp((value as TimestampValue).nanos)
    case 'duration':
      return formatDuration((value as DurationValue).nanos)
    case 'type':
      return (value as TypeValue).type.name
    case 'string':
    case 'bigint':
    case 'boolean':
      return String(value)
    default:
      return undefined
  }
}

function showMap(map: MapValue): string {
  const shown = keysOf(map).map((key) => [showInside(key), showInside(entryOf(map, key) as Value)] as const)
  shown.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return `{${shown.map(([key, value]) => `${key}:${value}`).join(', ')}}`
}

/** Within a list or map texts are quoted, and values look as an expression would write them. */
function showInside(value: Value): string {
  switch (kindOf(value)) {
    case 'string':
      return JSON.stringify(value)
    case 'bytes':
      return `b${JSON.stringify(Buffer.from(value as Uint8Array).toString())}`
    case 'number':
      return special(value as number) === undefined ? (value as number).toFixed(6) : `"${formatDouble(value as number)}"`
    case 'timestamp':
      return `timestamp("${formatTimestamp((value as TimestampValue).nanos)}")`
    case 'duration':
      return `duration("${formatDuration((value as DurationValue).nanos)}")`
    case 'type':
      return `type(${(value as TypeValue).type.name})`
    default:
      return showString(value) ?? ''
  }
}
