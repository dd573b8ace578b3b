/**
 * Where Go's JSON scanner stops in a text that is no JSON, in its words. Clients see them, and V8's differ; only run once parsing failed.
 */
export function jsonProblem(text: Uint8Array): string {
  const scan: Scan = { text, at: 0 }
  const problem = value(scan) ?? rest(scan)
  return problem ?? 'invalid character'
}

interface Scan {
  readonly text: Uint8Array
  at: number
}

const end = 'unexpected end of JSON input'

function skipSpace(scan: Scan): void {
  while (
    scan.at < scan.text.length &&
    (scan.text[scan.at] === 0x20 ||
      (scan.text[scan.at]! >= 0x09 && scan.text[scan.at]! <= 0x0d && scan.text[scan.at] !== 0x0b && scan.text[scan.at] !== 0x0c))
  )
    scan.at += 1
}

const invalid = (scan: Scan, context: string): string =>
  scan.at >= scan.text.length ? end : `invalid character ${quoteByte(scan.text[scan.at]!)} ${context}`

/** Go quotes a byte as if it were a character. */
function quoteByte(byte: number): string {
  if (byte === 0x27) return "'\\''"
  if (byte === 0x22) return `'"'`
  const short: Readonly<Record<number, string>> = { 7: '\\a', 8: '\\b', 9: '\\t', 10: '\\n', 11: '\\v', 12: '\\f', 13: '\\r', 92: '\\\\' }
  if (short[byte] !== undefined) return `'${short[byte]}'`
  if (byte < 0x20 || byte === 0x7f) return `'\\x${byte.toString(16).padStart(2, '0')}'`
  if (byte < 0x7f || byte > 0xa0) return `'${String.fromCharCode(byte)}'`
  return `'\\u00${byte.toString(16)}'`
}

function rest(scan: Scan): string | undefined {
  skipSpace(scan)
  return scan.at < scan.text.length ? invalid(scan, 'after top-level value') : undefined
}

/** Go's own bound. */
const maxDepth = 10_000

/** A value with all that it holds, by a loop: a text may nest deeper than calls may. */
function value(scan: Scan): string | undefined {
  /** What ends the objects and arrays that are open, the inmost last. */
  const open: number[] = []
  for (;;) {
    const problem = begin(scan, open) ?? closeAll(scan, open)
    if (problem !== undefined || open.length === 0) return problem
  }
}

/** Up to the end of the next value that holds nothing. */
function begin(scan: Scan, open: number[]): string | undefined {
  for (;;) {
    skipSpace(scan)
    const byte = scan.text[scan.at]
    if (byte !== 0x7b && byte !== 0x5b) return single(scan, byte)
    if (open.length === maxDepth) return invalid(scan, 'exceeded max depth')
    const closer = byte + 2
    scan.at += 1
    skipSpace(scan)
    if (scan.text[scan.at] === closer) {
      scan.at += 1
      return undefined
    }
    open.push(closer)
    const problem = closer === 0x7d ? key(scan) : undefined
    if (problem !== undefined) return problem
  }
}

/** From the end of a value to the beginning of the next, or to the end of all. */
function closeAll(scan: Scan, open: number[]): string | undefined {
  for (let closer = open.at(-1); closer !== undefined; closer = open.at(-1)) {
    skipSpace(scan)
    const byte = scan.text[scan.at]
    if (byte !== closer && byte !== 0x2c) return invalid(scan, closer === 0x7d ? 'after object key:value pair' : 'after array element')
    scan.at += 1
    if (byte === 0x2c) return closer === 0x7d ? key(scan) : undefined
    open.pop()
  }
  return undefined
}

function single(scan: Scan, byte: number | undefined): string | undefined {
  if (byte === 0x22) return string(scan)
  if (byte === 0x74) return literal(scan, 'true')
  if (byte === 0x66) return literal(scan, 'false')
  if (byte === 0x6e) return literal(scan, 'null')
  if (byte === 0x2d || (byte !== undefined && byte >= 0x30 && byte <= 0x39)) return number(scan)
  return invalid(scan, 'looking for beginning of value')
}

function key(scan: Scan): string | undefined {
  skipSpace(scan)
  if (scan.text[scan.at] !== 0x22) return invalid(scan, 'looking for beginning of object key string')
  const problem = string(scan)
  if (problem !== undefined) return problem
  skipSpace(scan)
  if (scan.text[scan.at] !== 0x3a) return invalid(scan, 'after object key')
  scan.at += 1
  return undefined
}

function string(scan: Scan): string | undefined {
  scan.at += 1
  for (; scan.at < scan.text.length; scan.at += 1) {
    const byte = scan.text[scan.at]!
    if (byte === 0x22) {
      scan.at += 1
      return undefined
    }
    if (byte < 0x20) return invalid(scan, 'in string literal')
    if (byte !== 0x5c) continue
    scan.at += 1
    const next = scan.text[scan.at]
    if (next === 0x75) {
      for (let i = 0; i < 4; i += 1) {
        scan.at += 1
        if (!/^[0-9a-fA-F]$/.test(String.fromCharCode(scan.text[scan.at] ?? 0))) return invalid(scan, 'in \\u hexadecimal character escape')
      }
    } else if (next === undefined || !'bfnrt\\/"'.includes(String.fromCharCode(next))) return invalid(scan, 'in string escape code')
  }
  return end
}

function literal(scan: Scan, word: string): string | undefined {
  for (let i = 0; i < word.length; i += 1, scan.at += 1)
    if (scan.text[scan.at] !== word.charCodeAt(i)) return invalid(scan, `in literal ${word} (expecting '${word[i]}')`)
  return undefined
}

function number(scan: Scan): string | undefined {
  const digits = (): boolean => {
    const start = scan.at
    while (scan.at < scan.text.length && scan.text[scan.at]! >= 0x30 && scan.text[scan.at]! <= 0x39) scan.at += 1
    return scan.at > start
  }
  if (scan.text[scan.at] === 0x2d) scan.at += 1
  if (scan.text[scan.at] === 0x30) scan.at += 1
  else if (!digits()) return invalid(scan, 'in numeric literal')
  if (scan.text[scan.at] === 0x2e) {
    scan.at += 1
    if (!digits()) return invalid(scan, 'after decimal point in numeric literal')
  }
  if (scan.text[scan.at] === 0x65 || scan.text[scan.at] === 0x45) {
    scan.at += 1
    if (scan.text[scan.at] === 0x2b || scan.text[scan.at] === 0x2d) scan.at += 1
    if (!digits()) return invalid(scan, 'in exponent of numeric literal')
  }
  return undefined
}
