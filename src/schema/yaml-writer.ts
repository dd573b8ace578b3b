import { isAmbiguous } from './yaml-scalars.ts'

/**
 * Writes a JSON value as YAML, byte for byte as the reference does (Go's yaml.v2): keys in natural order, text quoted only where it would read
 * as something else, lists not indented under their key, lines folded at a space past column 80.
 */
export function formatYaml(value: unknown): string {
  const writer: Writer = { text: '', column: 0 }
  writeNode(writer, value, 0, 'root')
  return `${writer.text}\n`
}

interface Writer {
  text: string
  /** Characters on the present line. */
  column: number
}

/** Where a node stands: first of all, after `key:`, or after a `-`. */
type Place = 'root' | 'value' | 'item'

const widthMax = 80
/** A longer key needs a line of its own, marked by `?`. */
const simpleKeyMax = 128

function writeNode(writer: Writer, value: unknown, indent: number, place: Place): void {
  if (Array.isArray(value)) writeList(writer, value, indent, place)
  else if (!isScalar(value)) writeMap(writer, value as Readonly<Record<string, unknown>>, indent, place)
  else {
    if (place !== 'root') put(writer, ' ')
    writeScalar(writer, value, indent + 2, false)
  }
}

function writeMap(writer: Writer, map: Readonly<Record<string, unknown>>, indent: number, place: Place): void {
  const keys = Object.keys(map)
    .filter((key) => map[key] !== undefined)
    .sort(naturally)
  if (keys.length === 0) put(writer, place === 'root' ? '{}' : ' {}')
  // A list's item begins on the line of its dash.
  else if (place === 'item') put(writer, ' ')
  for (const [index, key] of keys.entries()) {
    if (index > 0 || place === 'value') newLine(writer, indent)
    const isSimple = Buffer.byteLength(key) <= simpleKeyMax && !/[\n\r\u0085\u2028\u2029]/.test(key)
    if (isSimple) writeScalar(writer, key, indent + 2, true)
    else {
      put(writer, '?')
      writeNode(writer, key, indent, 'item')
      newLine(writer, indent)
    }
    put(writer, ':')
    const hangs = isScalar(map[key]) || (Array.isArray(map[key]) && isSimple)
    writeNode(writer, map[key], hangs ? indent : indent + 2, isSimple ? 'value' : 'item')
  }
}

function writeList(writer: Writer, items: readonly unknown[], indent: number, place: Place): void {
  if (items.length === 0) put(writer, place === 'root' ? '[]' : ' []')
  else if (place === 'item') put(writer, ' ')
  for (const [index, item] of items.entries()) {
    if (index > 0 || place === 'value') newLine(writer, indent)
    put(writer, '-')
    writeNode(writer, item, isScalar(item) ? indent : indent + 2, 'item')
  }
}

const isScalar = (value: unknown): boolean => typeof value !== 'object' || value === null

function put(writer: Writer, text: string): void {
  writer.text += text
  writer.column += text.length
}

function newLine(writer: Writer, indent: number): void {
  writer.text += `\n${' '.repeat(indent)}`
  writer.column = indent
}

// --- scalars -----------------------------------------------------------------------------------------------------------------------

/** `indent` is that of a scalar's further lines. */
function writeScalar(writer: Writer, value: unknown, indent: number, isKey: boolean): void {
  if (typeof value === 'string') writeText(writer, value, indent, isKey)
  else put(writer, typeof value === 'number' ? formatNumber(value) : String(value))
}

function writeText(writer: Writer, text: string, indent: number, isKey: boolean): void {
  const traits = traitsOf(text)
  const breaks = text.includes('\n')
  // A block has to be indented further than the line that it hangs on.
  if (breaks && traits.blockAllowed && !isKey) writeLiteral(writer, text, indent)
  else if (breaks || isAmbiguous(text) || !traits.quoteAllowed) writeDoubleQuoted(writer, text, indent, isKey)
  else if (traits.plainAllowed) writeFolded(writer, text, indent, !isKey)
  else {
    put(writer, "'")
    writeFolded(writer, text.replaceAll("'", "''"), indent, !isKey)
    put(writer, "'")
  }
}

interface Traits {
  readonly plainAllowed: boolean
  readonly quoteAllowed: boolean
  readonly blockAllowed: boolean
}

/** In which forms a text can be written (yaml.v2, `yaml_emitter_analyze_scalar`). */
function traitsOf(text: string): Traits {
  const special = /[^\n\x20-\x7e\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd]/u.test(text)
  const spaceThenBreak = / [\n\u2028\u2029]/.test(text)
  const breakThenSpace = /[\n\u2028\u2029] /.test(text)
  const breaks = /[\n\u2028\u2029]/.test(text)
  const edges = /^[ \n\u2028\u2029]|[ \n\u2028\u2029]$/.test(text)
  const indicators = /^(?:---|\.\.\.|[#,[\]{}&*!|>'"%@`]|[?:-](?:[ \t]|$))|:(?:[ \t]|$)|[ \t\n]#/.test(text)
  const quoteAllowed = !special && !spaceThenBreak && !breakThenSpace
  return {
    quoteAllowed,
    plainAllowed: quoteAllowed && !edges && !breaks && !indicators,
    blockAllowed: !special && !spaceThenBreak && !text.endsWith(' '),
  }
}

/** One line, broken at single spaces past the width. */
function writeFolded(writer: Writer, text: string, indent: number, mayBreak: boolean): void {
  if (!mayBreak || writer.column + text.length <= widthMax) {
    put(writer, text)
    return
  }
  let afterSpace = false
  const characters = [...text]
  for (const [i, character] of characters.entries()) {
    const isSpace = character === ' '
    const inside = i > 0 && i < characters.length - 1
    if (isSpace && !afterSpace && writer.column > widthMax && inside && characters[i + 1] !== ' ') newLine(writer, indent)
    else {
      writer.text += character
      writer.column += 1
    }
    afterSpace = isSpace
  }
}

function writeLiteral(writer: Writer, text: string, indent: number): void {
  put(writer, '|')
  if (/^[ \n]/.test(text)) put(writer, '2')
  if (!text.endsWith('\n')) put(writer, '-')
  else if (text === '\n' || text.endsWith('\n\n')) put(writer, '+')
  const lines = text.split('\n')
  // What follows the last break is the next key's own line.
  const ended = lines.at(-1) === ''
  for (const line of ended ? lines.slice(0, -1) : lines) {
    if (line === '') writer.text += '\n'
    else {
      newLine(writer, indent)
      put(writer, line)
    }
  }
}

const escapes: Readonly<Record<string, string>> = {
  '\0': '\\0',
  '\x07': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '\x1b': '\\e',
  '"': '\\"',
  '\\': '\\\\',
  '\u0085': '\\N',
  '\u2028': '\\L',
  '\u2029': '\\P',
}

function writeDoubleQuoted(writer: Writer, text: string, indent: number, isKey: boolean): void {
  put(writer, '"')
  let afterSpace = false
  const characters = [...text]
  for (const [i, character] of characters.entries()) {
    const escaped = escapes[character] ?? (isPrintable(character) ? undefined : escapeOf(character.codePointAt(0)!))
    if (escaped !== undefined) {
      put(writer, escaped)
      afterSpace = false
    } else if (character === ' ') {
      const inside = i > 0 && i < characters.length - 1
      if (!isKey && !afterSpace && writer.column > widthMax && inside) {
        newLine(writer, indent)
        if (characters[i + 1] === ' ') put(writer, '\\')
      } else put(writer, ' ')
      afterSpace = true
    } else {
      writer.text += character
      writer.column += 1
      afterSpace = false
    }
  }
  put(writer, '"')
}

const isPrintable = (character: string): boolean => /^[\x20-\x7e\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd]$/u.test(character)

function escapeOf(point: number): string {
  const hex = point.toString(16).toUpperCase()
  return point <= 0xff ? `\\x${hex.padStart(2, '0')}` : point <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`
}

/** As Go's `%g` with the fewest digits: an exponent of two digits at least, from 1e21 up and below 1e-4. */
function formatNumber(value: number): string {
  const magnitude = Math.abs(value)
  if (Object.is(value, -0)) return '-0'
  if (Number.isInteger(value) && magnitude < 1e21) return BigInt(value).toString()
  if (magnitude >= 1e-4 && magnitude < 1e21) return String(value)
  const [digits, exponent] = value.toExponential().split('e') as [string, string]
  return `${digits}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`
}

// --- the order of keys -------------------------------------------------------------------------------------------------------------

/** Letters by their code, numbers by their value, everything else before letters (yaml.v2's `keyList`). */
function naturally(a: string, b: string): number {
  const left = [...a]
  const right = [...b]
  for (let i = 0; i < left.length && i < right.length; i += 1) {
    const l = left[i]!
    const r = right[i]!
    if (l === r) continue
    const lLetter = isLetter(l)
    const rLetter = isLetter(r)
    if (lLetter && rLetter) return codeOf(l) - codeOf(r)
    if (lLetter || rLetter) return rLetter ? -1 : 1
    const begun = (l === '0' || r === '0') && hasNonZeroDigitBefore(left, i) ? 1n : 0n
    const [lNumber, lEnd] = numberAt(left, i, begun)
    const [rNumber, rEnd] = numberAt(right, i, begun)
    if (lNumber !== rNumber) return lNumber < rNumber ? -1 : 1
    if (lEnd !== rEnd) return lEnd - rEnd
    return codeOf(l) - codeOf(r)
  }
  return left.length - right.length
}

const isLetter = (character: string): boolean => /\p{L}/u.test(character)
const isDigit = (character: string | undefined): boolean => character !== undefined && /\p{Nd}/u.test(character)
const codeOf = (character: string): number => character.codePointAt(0)!

/** Whether the digits right before `i` hold one that is not zero: a zero there is a digit of a number, not its start. */
function hasNonZeroDigitBefore(characters: readonly string[], i: number): boolean {
  for (let j = i - 1; j >= 0 && isDigit(characters[j]); j -= 1) if (characters[j] !== '0') return true
  return false
}

function numberAt(characters: readonly string[], from: number, begun: bigint): [value: bigint, end: number] {
  let value = begun
  let end = from
  for (; isDigit(characters[end]); end += 1) value = BigInt.asIntN(64, value * 10n + BigInt(codeOf(characters[end]!) - 48))
  return [value, end]
}
