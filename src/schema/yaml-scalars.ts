/**
 * What an unquoted YAML scalar means to the API: YAML 1.1 as Go's yaml.v2 reads it. Times stay text, base-60 numbers do not exist, and a
 * number may have underscores.
 */
export function resolvePlain(text: string): unknown {
  const known = words.get(text)
  if (known !== undefined) return known.value
  if (!/^[-+.0-9]/.test(text)) return text
  const plain = text.startsWith('.') ? text : text.replaceAll('_', '')
  const integer = parseInteger(plain)
  if (integer !== undefined) return integer
  return /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/.test(plain) && !startsLikeDate(text) ? Number(plain) : text
}

/** Whether the text, unquoted, would read as something else. */
export const isAmbiguous = (text: string): boolean =>
  text === '<<' || text === '=' || typeof resolvePlain(text) !== 'string' || base60.test(text) || timestamp.test(text)

/** Other readers take these for numbers, so they are quoted on the way out. */
const base60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9]*)?$/

/** A date, or a date and a time: a type of its own in YAML 1.1. */
const timestamp =
  /^\d{4}-\d{1,2}-\d{1,2}(?:(?:[Tt]|[ \t]+)\d{1,2}:\d{1,2}(?::\d{1,2}(?:\.\d*)?)?(?:[ \t]*(?:Z|[-+]\d{1,2}(?::?\d{2})?))?)?$/

const words = new Map<string, { readonly value: unknown }>()
for (const [value, texts] of [
  [true, 'y Y yes Yes YES true True TRUE on On ON'],
  [false, 'n N no No NO false False FALSE off Off OFF'],
  [null, '~ null Null NULL'],
  [Number.NaN, '.nan .NaN .NAN'],
  [Infinity, '.inf .Inf .INF +.inf +.Inf +.INF'],
  [-Infinity, '-.inf -.Inf -.INF'],
] as const) {
  for (const text of texts.split(' ')) words.set(text, { value })
}
words.set('', { value: null })

/** Decimal, `0x`, `0b`, `0o` and a leading zero for octal, up to 64 bits. */
function parseInteger(text: string): number | bigint | undefined {
  const match = /^([-+]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|0[0-7]*|[1-9]\d*)$/.exec(text)
  if (match === null) return undefined
  const digits = match[2]!
  const value = BigInt(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits)
  if (match[1] === '-' ? value > 1n << 63n : value >= 1n << 64n) return undefined
  const signed = match[1] === '-' ? -value : value
  const near = Number(signed)
  // Beyond 64 bits with a sign it becomes a double, as everywhere in the API.
  return Number.isSafeInteger(near) || BigInt.asIntN(64, signed) !== signed ? near : signed
}

const startsLikeDate = (text: string): boolean => /^\d{4}-/.test(text)
