import { trimEnd } from '../trim-end.ts'
import type { Functions } from './environment.ts'
import { formatText } from './format-text.ts'
import { fault, itemsOf, type ListValue, listOf, type Value } from './values.ts'

/** The characters (code points) of a text, which all indices count. */
const charactersOf = (text: string): readonly string[] => [...text]
const outOfRange = (index: bigint | number): Value => fault(`index out of range: ${index}`)

function charAt(value: Value, index: Value): Value {
  const characters = charactersOf(value as string)
  const at = Number(index)
  if (at < 0 || at > characters.length) return outOfRange(at)
  return characters[at] ?? ''
}

function indexOf(value: Value, part: Value, offset: Value = 0n): Value {
  if (part === '') return offset
  const from = Number(offset)
  if (from < 0) return outOfRange(from)
  const characters = charactersOf(value as string)
  if (from >= characters.length) return -1n
  const skipped = characters.slice(0, from).join('').length
  const found = (value as string).indexOf(part as string, skipped)
  return found < 0 ? -1n : BigInt(charactersOf((value as string).slice(0, found)).length)
}

function lastIndexOf(value: Value, part: Value, offset?: Value): Value {
  const characters = charactersOf(value as string)
  if (part === '') return offset ?? BigInt(characters.length)
  const wanted = charactersOf(part as string)
  if (offset === undefined && Buffer.byteLength(value as string) < Buffer.byteLength(part as string)) return -1n
  const from = offset === undefined ? characters.length - 1 : Number(offset)
  if (from < 0) return outOfRange(from)
  if (from >= characters.length) return -1n
  const at = Math.min(from, characters.length - wanted.length)
  if (at < 0) return -1n
  const found = (value as string).lastIndexOf(part as string, characters.slice(0, at).join('').length)
  return found < 0 ? -1n : BigInt(charactersOf((value as string).slice(0, found)).length)
}

function substring(value: Value, start: Value, end?: Value): Value {
  const characters = charactersOf(value as string)
  const [from, to] = [Number(start), end === undefined ? characters.length : Number(end)]
  if (end !== undefined && from > to) return fault(`invalid substring range. start: ${from}, end: ${to}`)
  if (from < 0 || from > characters.length) return outOfRange(from)
  if (to < 0 || to > characters.length) return outOfRange(to)
  return characters.slice(from, to).join('')
}

/** `strings.Replace` of Go: an empty text is found before each character and at the end. */
function replace(value: Value, old: Value, by: Value, limit: Value = -1n): Value {
  const [text, from, to] = [value as string, old as string, by as string]
  if (limit === -1n || (limit as bigint) < 0n)
    return from === '' ? interleaved(text, to, Number.POSITIVE_INFINITY) : text.replaceAll(from, () => to)
  const times = Number(limit)
  if (from === '') return interleaved(text, to, times)
  const parts = text.split(from)
  const head = parts.slice(0, times + 1).join(to)
  return parts.length <= times + 1 ? head : `${head}${from}${parts.slice(times + 1).join(from)}`
}
function interleaved(text: string, by: string, times: number): string {
  const characters = charactersOf(text)
  const shown = characters.map((character, index) => (index < times ? by + character : character)).join('')
  return characters.length < times ? shown + by : shown
}

/** `strings.SplitN` of Go; no limit: all parts. */
function split(value: Value, separator: Value, limit: Value = -1n): Value {
  const times = Number(limit)
  if (times === 0) return listOf([])
  const parts = separator === '' ? charactersOf(value as string) : (value as string).split(separator as string)
  if (times < 0 || parts.length <= times) return listOf(parts)
  return listOf([...parts.slice(0, times - 1), parts.slice(times - 1).join(separator as string)])
}

function join(list: Value, separator: Value = ''): Value {
  const parts = itemsOf(list as ListValue)
  if (parts.some((part) => typeof part !== 'string')) return fault('join: invalid input')
  return parts.join(separator as string)
}

const upper = (value: Value): Value => (value as string).replace(/[a-z]+/g, (part) => part.toUpperCase())
const lower = (value: Value): Value => (value as string).replace(/[A-Z]+/g, (part) => part.toLowerCase())
/** Unicode's white space, which JavaScript's `trim` has but for U+0085 (and it has U+FEFF too many). */
const blank =
  '\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000'
const leadingBlank = new RegExp(`^[${blank}]+`)
const trim = (value: Value): Value => trimEnd((value as string).replace(leadingBlank, ''), blank)

const quoted: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
}
const quote = (value: Value): Value => `"${[...(value as string).toWellFormed()].map((each) => quoted[each] ?? each).join('')}"`

/** The extension library of texts (cel-go `ext/strings.go`, version 2). */
export const stringFunctions: Functions = {
  charAt: { string_char_at_int: ['string.(int) -> string', charAt] },
  indexOf: {
    string_index_of_string: ['string.(string) -> int', indexOf],
    string_index_of_string_int: ['string.(string, int) -> int', indexOf],
  },
  lastIndexOf: {
    string_last_index_of_string: ['string.(string) -> int', lastIndexOf],
    string_last_index_of_string_int: ['string.(string, int) -> int', lastIndexOf],
  },
  lowerAscii: { string_lower_ascii: ['string.() -> string', lower] },
  upperAscii: { string_upper_ascii: ['string.() -> string', upper] },
  replace: {
    string_replace_string_string: ['string.(string, string) -> string', replace],
    string_replace_string_string_int: ['string.(string, string, int) -> string', replace],
  },
  split: {
    string_split_string: ['string.(string) -> list(string)', split],
    string_split_string_int: ['string.(string, int) -> list(string)', split],
  },
  substring: {
    string_substring_int: ['string.(int) -> string', substring],
    string_substring_int_int: ['string.(int, int) -> string', substring],
  },
  trim: { string_trim: ['string.() -> string', trim] },
  join: { list_join: ['list(string).() -> string', join], list_join_string: ['list(string).(string) -> string', join] },
  format: { string_format: ['string.(list(dyn)) -> string', (text, args) => formatText(text as string, itemsOf(args as ListValue))] },
  'strings.quote': { strings_quote: ['(string) -> string', quote] },
}
