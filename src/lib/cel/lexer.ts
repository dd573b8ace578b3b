import type { Issue } from './errors.ts'

/** The names are those that syntax errors show. */
export type TokenType =
  | (typeof operators)[number]
  | 'in'
  | 'true'
  | 'false'
  | 'null'
  | 'NUM_FLOAT'
  | 'NUM_INT'
  | 'NUM_UINT'
  | 'STRING'
  | 'BYTES'
  | 'IDENTIFIER'
  | 'ESC_IDENTIFIER'
  | 'EOF'

/** A piece of a source, as it stands there. */
export interface Token {
  readonly type: TokenType
  readonly text: string
  /** UTF-16 offset. */
  readonly offset: number
}

/** Two-character operators stand before their first characters. */
const operators = [
  '==',
  '!=',
  '<=',
  '>=',
  '&&',
  '||',
  '<',
  '>',
  '[',
  ']',
  '{',
  '}',
  '(',
  ')',
  '.',
  ',',
  '-',
  '!',
  '?',
  ':',
  '+',
  '*',
  '/',
  '%',
] as const

const blank = /(?:[\t \r\n\f]+|\/\/[^\n]*)+/y
const float = /\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?/y
const unsigned = /0x[0-9a-fA-F]+[uU]|\d+[uU]/y
const integer = /0x[0-9a-fA-F]+|\d+/y
const identifier = /[A-Za-z_][A-Za-z0-9_]*/y
const escapedIdentifier = /`[A-Za-z0-9_.\-/ ]+`/y
const escaped = String.raw`\\(?:[abfnrtv"'\\?${'`'}]|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2})`
const text = new RegExp(
  [
    `"""(?:${escaped}|[^\\\\])*?"""`,
    `'''(?:${escaped}|[^\\\\])*?'''`,
    `"(?:${escaped}|[^\\\\"\\n\\r])*"`,
    `'(?:${escaped}|[^\\\\'\\n\\r])*'`,
    `[rR]"""[\\s\\S]*?"""`,
    `[rR]'''[\\s\\S]*?'''`,
    `[rR]"[^"\\n\\r]*"`,
    `[rR]'[^'\\n\\r]*'`,
  ].join('|'),
  'y',
)
/** Names that no variable may have (cel-spec, "Syntax"). */
export const reservedNames: ReadonlySet<string> = new Set(
  'as break const continue else false for function if import in let loop package namespace null return true var void while'.split(' '),
)
const keywords: ReadonlySet<string> = new Set(['in', 'true', 'false', 'null'])

/** The tokens of a source, the last one `EOF`, and what no token begins with. */
export function tokenize(source: string): { readonly tokens: readonly Token[]; readonly issues: readonly Issue[] } {
  const tokens: Token[] = []
  const issues: Issue[] = []
  let at = 0
  const match = (pattern: RegExp, from = at): string => {
    pattern.lastIndex = from
    return pattern.exec(source)?.[0] ?? ''
  }
  const push = (type: TokenType, found: string): void => {
    tokens.push({ type, text: found, offset: at })
    at += found.length
  }
  for (;;) {
    at += match(blank).length
    if (at >= source.length) break
    const code = source.charCodeAt(at)
    const next = source.charCodeAt(at + 1)
    if (isDigit(code) || (code === 0x2e && isDigit(next))) {
      const number = match(float)
      const whole = match(unsigned)
      const plain = match(integer)
      if (number.length > whole.length && number.length > plain.length) push('NUM_FLOAT', number)
      else if (whole !== '') push('NUM_UINT', whole)
      else push('NUM_INT', plain)
      continue
    }
    const string = match(text)
    if (string !== '') {
      push('STRING', string)
      continue
    }
    if ((code === 0x62 || code === 0x42) && match(text, at + 1) !== '') {
      push('BYTES', source.slice(at, at + 1) + match(text, at + 1))
      continue
    }
    const name = match(identifier)
    if (name !== '') {
      push(keywords.has(name) ? (name as TokenType) : 'IDENTIFIER', name)
      continue
    }
    const quoted = match(escapedIdentifier)
    if (quoted !== '') {
      push('ESC_IDENTIFIER', quoted)
      continue
    }
    const operator = operators.find((each) => source.startsWith(each, at))
    if (operator !== undefined) {
      push(operator, operator)
      continue
    }
    const end = deadEnd(source, at)
    issues.push({ offset: at, message: `Syntax error: token recognition error at: '${display(source.slice(at, end))}'` })
    at = end
  }
  push('EOF', '')
  return { tokens, issues }
}

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39

/** White space in messages is shown as its escape. */
export const display = (part: string): string => part.replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t')

/** Where a lexer that began at `start` gives up: behind the first character that no token can go on with. All before it is lost. */
function deadEnd(source: string, start: number): number {
  const quote = source[start] ?? ''
  if (quote === '"' || quote === "'") {
    const triple = source.startsWith(quote.repeat(3), start)
    const body = new RegExp(triple ? `(?:${escaped}|[^\\\\])*` : `(?:${escaped}|[^\\\\\\n\\r${quote}])*`, 'y')
    body.lastIndex = start + (triple ? 3 : 1)
    let end = body.lastIndex + (body.exec(source)?.[0].length ?? 0)
    if (source[end] === '\\') {
      end++
      const partial = /[xX][0-9a-fA-F]?|u[0-9a-fA-F]{0,3}|U[0-9a-fA-F]{0,7}|[0-3][0-7]?/y
      partial.lastIndex = end
      end += partial.exec(source)?.[0].length ?? 0
    }
    return behind(source, end)
  }
  if (quote === '`') {
    const body = /[A-Za-z0-9_.\-/ ]*/y
    body.lastIndex = start + 1
    return behind(source, start + 1 + (body.exec(source)?.[0].length ?? 0))
  }
  // `&`, `|` and `=` are first halves of an operator: the character behind them is the one that does not fit.
  return quote === '&' || quote === '|' || quote === '=' ? behind(source, start + 1) : behind(source, start)
}

/** The offset behind the character (not the code unit) at `at`. */
const behind = (source: string, at: number): number => Math.min(source.length, at + ((source.codePointAt(at) ?? 0) > 0xffff ? 2 : 1))
