/** How Go prints a string with `%q`: the form of every quoted value in an error message of the API. */
export function quote(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text) && !/["\\]/.test(text)) return `"${text}"`
  let out = '"'
  for (const character of text) out += escapeCharacter(character)
  return `${out}"`
}

/** A value as JSON of Go's encoder, as inside error messages and wherever JSON is kept as text: `<`, `>`, `&` escaped, keys in the object's own order. */
export const goJson = (value: unknown): string => escapeJson(JSON.stringify(value) ?? 'null')

/** JSON with the characters escaped that Go escapes for the sake of HTML. */
export const escapeJson = (json: string): string =>
  json.replace(/[<>&\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)

const short: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
}

function escapeCharacter(character: string): string {
  const known = short[character]
  if (known !== undefined) return known
  const code = character.codePointAt(0)!
  if (code < 0x20 || code === 0x7f) return `\\x${code.toString(16).padStart(2, '0')}`
  if (character === ' ' || /[\p{L}\p{M}\p{N}\p{P}\p{S}]/u.test(character)) return character
  return code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
}

/** How Go prints a JSON value with `%v`: `map[a:1 b:[x y]]`. */
export function goValue(value: unknown): string {
  if (value === null || value === undefined) return '<nil>'
  if (Array.isArray(value)) return `[${value.map(goValue).join(' ')}]`
  if (typeof value !== 'object') return String(value)
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `map[${entries.map(([name, each]) => `${name}:${goValue(each)}`).join(' ')}]`
}

/** How Go prints a JSON value with `%s`, which it means for texts only: `%!s(int64=5)`. */
export function goText(value: unknown): string {
  if (typeof value === 'string') return value
  if (value === null || value === undefined) return '%!s(<nil>)'
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`
  if (typeof value === 'boolean') return `%!s(bool=${value})`
  if (typeof value === 'bigint') return `%!s(int64=${value})`
  if (typeof value === 'number') return `%!s(${Number.isInteger(value) ? 'int64' : 'float64'}=${value})`
  const entries = Object.entries(value as object).sort(([a], [b]) => (a < b ? -1 : 1))
  return `map[${entries.map(([name, each]) => `${name}:${goText(each)}`).join(' ')}]`
}
