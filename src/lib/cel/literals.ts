import type { Token } from './lexer.ts'
import { uint, type Value } from './values.ts'

/**
 * The value of a literal, and of how many tokens it is made: a minus before a number belongs to it. `undefined`: no literal begins here.
 */
export function parseLiteral(
  token: Token,
  next: Token | undefined,
): (({ readonly value: Value } | { readonly issue: string }) & { readonly tokens: number }) | undefined {
  switch (token.type) {
    case 'true':
      return { value: true, tokens: 1 }
    case 'false':
      return { value: false, tokens: 1 }
    case 'null':
      return { value: null, tokens: 1 }
    case 'NUM_INT':
      return { ...integer(BigInt(token.text)), tokens: 1 }
    case 'NUM_FLOAT':
      return { ...double(token.text), tokens: 1 }
    case 'NUM_UINT': {
      const value = BigInt(token.text.slice(0, -1))
      return { ...(value > maxUint ? { issue: 'invalid uint literal' } : { value: uint(value) }), tokens: 1 }
    }
    case 'STRING':
      return { ...text(token.text), tokens: 1 }
    case 'BYTES':
      return { ...bytes(token.text.slice(1)), tokens: 1 }
    case '-':
      if (next?.type === 'NUM_INT') return { ...integer(-BigInt(next.text)), tokens: 2 }
      if (next?.type === 'NUM_FLOAT') return { ...double(`-${next.text}`), tokens: 2 }
      return undefined
    default:
      return undefined
  }
}

const maxUint = 2n ** 64n - 1n
const integer = (value: bigint): { value: bigint } | { issue: string } =>
  value > 2n ** 63n - 1n || value < -(2n ** 63n) ? { issue: 'invalid int literal' } : { value }
const double = (source: string): { value: number } | { issue: string } =>
  Number.isFinite(Number(source)) ? { value: Number(source) } : { issue: 'invalid double literal' }

const simple: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': 92,
  "'": 39,
  '"': 34,
  '`': 96,
  '?': 63,
}

function text(source: string): { value: string } | { issue: string } {
  const { body, raw } = unquote(source)
  if (raw || !body.includes('\\')) return { value: body }
  let invalid = false
  const value = body.replace(escapes, (_all, digits: string) => {
    const code = codeOf(digits)
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) invalid = true
    return invalid ? '' : String.fromCodePoint(code)
  })
  return invalid ? { issue: 'invalid unicode code point' } : { value }
}

/** In bytes `\xff` and `\377` are one byte each; `\u` is not allowed, and other characters count as their UTF-8. */
function bytes(source: string): { value: Uint8Array } | { issue: string } {
  const { body, raw } = unquote(source)
  if (raw || !body.includes('\\')) return { value: new TextEncoder().encode(body) }
  const parts: number[] = []
  let end = 0
  for (const found of body.matchAll(escapes)) {
    const digits = found[1] as string
    if (/^[uU]/.test(digits)) return { issue: 'unable to unescape string' }
    parts.push(...new TextEncoder().encode(body.slice(end, found.index)), codeOf(digits) & 0xff)
    end = found.index + found[0].length
  }
  parts.push(...new TextEncoder().encode(body.slice(end)))
  return { value: Uint8Array.from(parts) }
}

const escapes = /\\([xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2}|[\s\S])/g

function codeOf(digits: string): number {
  const first = digits[0] as string
  if (first === 'x' || first === 'X' || first === 'u' || first === 'U') return Number.parseInt(digits.slice(1), 16)
  return digits.length === 3 ? Number.parseInt(digits, 8) : (simple[first] ?? 0)
}

/** What stands between the quotes. Line ends of a literal over several lines become one character. */
function unquote(source: string): { body: string; raw: boolean } {
  const normal = source.replace(/\r\n?/g, '\n')
  const raw = normal[0] === 'r' || normal[0] === 'R'
  const quoted = raw ? normal.slice(1) : normal
  const width = quoted.length >= 6 && (quoted.startsWith('"""') || quoted.startsWith("'''")) ? 3 : 1
  return { body: quoted.slice(width, -width), raw }
}
