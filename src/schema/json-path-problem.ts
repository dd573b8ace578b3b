import { trimEnd } from '#lib/trim-end.ts'

/** What the reference says of a text that is no JSONPath template, such as `{.spec.a[0]}`; undefined: it is one. */
export function jsonPathProblem(template: string): string | undefined {
  try {
    readText(new Input(template))
    return undefined
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return error.message
  }
}

class Problem extends Error {}

class Input {
  position = 0
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  /** The next character, '' at the end. */
  next(): string {
    const code = this.text.codePointAt(this.position)
    const character = code === undefined ? '' : String.fromCodePoint(code)
    this.position += character.length
    return character
  }

  takes(prefix: string): boolean {
    if (!this.text.startsWith(prefix, this.position)) return false
    this.position += prefix.length
    return true
  }

  /** Passes over what matches right here. */
  skip(pattern: RegExp): string {
    pattern.lastIndex = this.position
    const found = pattern.exec(this.text)?.[0] ?? ''
    this.position += found.length
    return found
  }
}

/** Text outside of braces is free. */
function readText(input: Input): void {
  for (let open = input.text.indexOf('{', input.position); open >= 0; open = input.text.indexOf('{', input.position)) {
    input.position = open + 1
    readAction(input)
  }
}

function readAction(input: Input): void {
  let isDeep = false
  while (!input.takes('}')) {
    const wasDeep: boolean = isDeep
    isDeep = false
    if (input.takes('[?(')) readFilter(input)
    else if (input.takes('..')) {
      if (wasDeep) throw new Problem('invalid multiple recursive descent')
      isDeep = !/[\w\p{L}\p{N}]/u.test(input.text[input.position] ?? '')
      if (!isDeep) input.skip(fieldName)
    } else isDeep = readStep(input) && wasDeep
  }
}

/** Whether it was something that leaves no trace. */
function readStep(input: Input): boolean {
  const character = input.next()
  if (character === '' || character === '\r' || character === '\n') throw new Problem('unclosed action')
  if (character === ' ' || character === '@' || character === '$') return true
  if (character === '[') readArray(input)
  else if (character === '"' || character === "'") readQuoted(input, character)
  else if (character === '.') input.skip(fieldName)
  else if (/[-+\p{Nd}]/u.test(character)) {
    const number = character + input.skip(/[.\p{Nd}]*/uy)
    if (!/^[-+]?(?:\d+\.?\d*|\.\d+)$/.test(number)) throw new Problem(`cannot parse number ${number}`)
  } else if (/[\w\p{L}\p{N}]/u.test(character)) input.skip(word)
  else throw new Problem(`unrecognized character in action: ${shown(character)}`)
  return false
}

const fieldName = /(?:\\[\s\S]|[^\\\s.,[\]$@{}])*/y
const word = /[^\s.,[\]$@{}]*/y

function readArray(input: Input): void {
  const end = input.text.slice(input.position).search(/[\]\n]/)
  if (end < 0 || input.text[input.position + end] === '\n') throw new Problem('unterminated array')
  const inner = input.text.slice(input.position, input.position + end)
  input.position += end + 1
  const parts = inner.split(',')
  if (parts.length > 1) {
    for (const part of parts) readText(new Input(`{[${trimEnd(part.replace(/^ +/, ''), ' ')}]}`))
    return
  }
  const key = /^'([^']*)'$/.exec(inner)
  if (key !== null) readText(new Input(`{.${key[1]}}`))
  else if (inner !== '*' && !/^-?\d*(?::-?\d*)?(?::-?\d*)?$/.test(inner)) throw new Problem(`invalid array index ${inner}`)
  else for (const number of inner.split(':')) if (number === '-') throw new Problem('array index - is not a number')
}

function readFilter(input: Input): void {
  const start = input.position
  let quoted = ''
  let isClosed = false
  for (;;) {
    const character = input.next()
    if (character === '' || character === '\n') throw new Problem('unterminated filter')
    if (character === '"' || character === "'") {
      if (quoted === '') quoted = character
      else if (character === quoted && input.text[input.position - 2] !== '\\') isClosed = true
    } else if (character === ')' && (quoted !== '') === isClosed) break
  }
  if (input.next() !== ']') throw new Problem('unclosed array expect ]')
  const text = input.text.slice(start, input.position - 2)
  const parts = /^([^!<>=]+)[!<>=]+([^\n]+)$/.exec(text)
  for (const part of parts === null ? [text] : [parts[1], parts[2]]) readText(new Input(`{${part}}`))
}

function readQuoted(input: Input, quote: string): void {
  for (;;) {
    const character = input.next()
    if (character === '' || character === '\n') throw new Problem('unterminated quoted string')
    if (character === quote && input.text[input.position - 2] !== '\\') return
  }
}

/** As Go's `%#U`. */
const shown = (character: string): string => `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')} '${character}'`
