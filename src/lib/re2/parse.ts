/** A regular expression of RE2 syntax (https://github.com/google/re2/wiki/Syntax) as a tree. Greediness and captures do not matter here. */
export type Node =
  | { readonly sort: 'empty' }
  /** Code points, as inclusive ranges in order. */
  | { readonly sort: 'class'; readonly ranges: Ranges }
  | { readonly sort: 'assert'; readonly what: Assertion }
  | { readonly sort: 'cat' | 'alt'; readonly parts: readonly Node[] }
  | { readonly sort: 'repeat'; readonly of: Node; readonly min: number; readonly max: number }

export type Ranges = readonly (readonly [low: number, high: number])[]
export type Assertion = 'textStart' | 'textEnd' | 'lineStart' | 'lineEnd' | 'wordBoundary' | 'notWordBoundary'

/** What is wrong with an expression, in the words of Go's regexp package. */
export class RegexpError extends Error {
  constructor(code: string, at: string) {
    super(`error parsing regexp: ${code}: \`${at}\``)
  }
}

interface Flags {
  readonly fold: boolean
  readonly multiline: boolean
  readonly dotAll: boolean
}

/** Throws a `RegexpError`. */
export function parseRegexp(source: string): Node {
  const parser = new Parser([...source], source)
  return parser.parse()
}

const depthMax = 1_000
const repeatMax = 1_000

/** One pass over the code points; a class because place, flags and depth change together. */
class Parser {
  private at = 0
  private depth = 0
  private flags: Flags = { fold: false, multiline: false, dotAll: false }
  private readonly text: readonly string[]
  private readonly source: string

  constructor(text: readonly string[], source: string) {
    this.text = text
    this.source = source
  }

  parse(): Node {
    const node = this.alternation()
    if (this.at < this.text.length) throw new RegexpError('unexpected )', this.source)
    return node
  }

  private get next(): string | undefined {
    return this.text[this.at]
  }

  private from(start: number, end = this.at): string {
    return this.text.slice(start, end).join('')
  }

  private alternation(): Node {
    if ((this.depth += 1) > depthMax) throw new RegexpError('expression nests too deeply', this.source)
    const before = this.flags
    const parts = [this.sequence()]
    while (this.next === '|') {
      this.at += 1
      parts.push(this.sequence())
    }
    this.flags = before
    this.depth -= 1
    return parts.length === 1 ? parts[0]! : { sort: 'alt', parts }
  }

  private sequence(): Node {
    const parts: Node[] = []
    while (this.next !== undefined && this.next !== '|' && this.next !== ')') {
      const found = this.repeated()
      if (found !== undefined) parts.push(found)
    }
    return parts.length === 1 ? parts[0]! : parts.length === 0 ? empty : { sort: 'cat', parts }
  }

  private repeated(): Node | undefined {
    const start = this.at
    if (this.next === '*' || this.next === '+' || this.next === '?') {
      throw new RegexpError('missing argument to repetition operator', this.next)
    }
    if (this.next === '{' && this.bounds() !== undefined) {
      throw new RegexpError('missing argument to repetition operator', this.from(start))
    }
    this.at = start
    let node = this.atom()
    if (node === undefined) {
      // Flags alone stand for nothing, so nothing can be repeated.
      if (this.next === '*' || this.next === '+' || this.next === '?')
        throw new RegexpError('missing argument to repetition operator', this.next)
      return undefined
    }
    let operatorAt = -1
    for (;;) {
      const operator = this.at
      const bounds = this.operator()
      if (bounds === undefined) return node
      if (operatorAt >= 0) throw new RegexpError('invalid nested repetition operator', this.from(operatorAt))
      if (bounds[0] > repeatMax || (bounds[1] > repeatMax && bounds[1] !== Infinity) || bounds[0] > bounds[1])
        throw new RegexpError('invalid repeat count', this.from(operator, this.at))
      if (this.next === '?') this.at += 1
      node = { sort: 'repeat', of: node, min: bounds[0], max: bounds[1] }
      if (sizeOf(node) > repeatMax * 10) throw new RegexpError('invalid repeat count', this.from(operator, this.at))
      operatorAt = operator
    }
  }

  private operator(): readonly [number, number] | undefined {
    const simple = { '*': [0, Infinity], '+': [1, Infinity], '?': [0, 1] } as const
    const next = this.next
    if (next === '*' || next === '+' || next === '?') {
      this.at += 1
      return simple[next]
    }
    if (next !== '{') return undefined
    const start = this.at
    const bounds = this.bounds()
    if (bounds === undefined) this.at = start
    return bounds
  }

  /** `{2}`, `{2,}`, `{2,5}`; anything else in braces is text. */
  private bounds(): readonly [number, number] | undefined {
    const found = /^\{(\d+)(,(\d*))?\}/.exec(this.text.slice(this.at, this.at + 24).join(''))
    if (found === null) return undefined
    this.at += found[0].length
    const low = Number(found[1])
    return [low, found[2] === undefined ? low : found[3] === '' ? Infinity : Number(found[3])]
  }

  /** Undefined for what only sets flags. */
  private atom(): Node | undefined {
    const next = this.next!
    if (next === '(') return this.group()
    if (next === '[') return this.bracket()
    if (next === '\\') return this.escape()
    this.at += 1
    if (next === '.') return { sort: 'class', ranges: this.flags.dotAll ? everything : notNewline }
    if (next === '^') return assertion(this.flags.multiline ? 'lineStart' : 'textStart')
    if (next === '$') return assertion(this.flags.multiline ? 'lineEnd' : 'textEnd')
    return this.literal(next.codePointAt(0)!)
  }

  private literal(code: number): Node {
    return { sort: 'class', ranges: this.flags.fold ? folded([[code, code]]) : [[code, code]] }
  }

  private group(): Node | undefined {
    const start = this.at
    this.at += 1
    const before = this.flags
    if (this.next === '?') {
      const rest = this.text.slice(start).join('')
      const named = /^\(\?(?:P<|<)([^>]*)(>?)/.exec(rest)
      if (named !== null && !/^\(\?<[=!]/.test(rest)) {
        if (named[2] === '') throw new RegexpError('invalid named capture', rest)
        if (!/^\w+$/.test(named[1]!)) throw new RegexpError('invalid named capture', named[0])
        this.at = start + [...named[0]].length
      } else if (this.setFlags(start)) return undefined
    }
    const node = this.alternation()
    if (this.next !== ')') throw new RegexpError('missing closing )', this.source)
    this.at += 1
    this.flags = before
    return node
  }

  /** `(?i)` or `(?i:`; true when it was only flags. */
  private setFlags(start: number): boolean {
    this.at += 1
    let sign = true
    let sawFlag = false
    let flags = this.flags
    for (;;) {
      const next = this.next
      this.at += 1
      if (next === 'i') flags = { ...flags, fold: sign }
      else if (next === 'm') flags = { ...flags, multiline: sign }
      else if (next === 's') flags = { ...flags, dotAll: sign }
      else if (next === 'U') flags = { ...flags }
      else if (next === '-' && sign) {
        sign = false
        sawFlag = false
        continue
      } else if ((next === ':' || next === ')') && (sign || sawFlag)) {
        this.flags = flags
        return next === ')'
      } else if (next === undefined) throw new RegexpError('missing closing )', this.source)
      else throw new RegexpError('invalid or unsupported Perl syntax', this.from(start))
      sawFlag = true
    }
  }

  private escape(): Node {
    const start = this.at
    const next = this.text[this.at + 1]
    if (next === undefined) throw new RegexpError('trailing backslash at end of expression', '')
    const found = assertions[next]
    if (found !== undefined) {
      this.at += 2
      return assertion(found)
    }
    if (next === 'Q') return this.quoted()
    const set = this.perlClass()
    if (set !== undefined) return { sort: 'class', ranges: this.flags.fold ? folded(set) : set }
    this.at = start
    return this.literal(this.escapedCode())
  }

  private quoted(): Node {
    const rest = this.text.slice(this.at + 2).join('')
    const end = rest.indexOf('\\E')
    const text = end < 0 ? rest : rest.slice(0, end)
    this.at += 2 + [...text].length + (end < 0 ? 0 : 2)
    return { sort: 'cat', parts: [...text].map((character) => this.literal(character.codePointAt(0)!)) }
  }

  /** `\d`, `\pL`, `\p{Greek}` and their opposites, in and outside of brackets. */
  private perlClass(): Ranges | undefined {
    const start = this.at
    const letter = this.text[this.at + 1]
    const perl = letter === undefined ? undefined : perlClasses[letter.toLowerCase()]
    if (perl !== undefined) {
      this.at += 2
      return letter === letter!.toLowerCase() ? perl : negated(perl)
    }
    if (letter !== 'p' && letter !== 'P') return undefined
    this.at += 2
    let name = this.next
    if (name === undefined) throw new RegexpError('invalid character class range', this.from(start))
    this.at += 1
    if (name === '{') {
      const close = this.text.indexOf('}', this.at)
      if (close < 0)
        throw new RegexpError(
          'invalid character class range',
          this.source.slice(this.source.length - this.text.slice(start).join('').length),
        )
      name = this.from(this.at, close)
      this.at = close + 1
    }
    const isNegated = (letter === 'P') !== name.startsWith('^')
    const set = unicodeClass(name.replace(/^\^/, ''))
    if (set === undefined) throw new RegexpError('invalid character class range', this.from(start))
    return isNegated ? negated(set) : set
  }

  /** One character, written with a backslash. */
  private escapedCode(): number {
    const start = this.at
    const next = this.text[this.at + 1]
    if (next === undefined) throw new RegexpError('trailing backslash at end of expression', '')
    this.at += 2
    const control = controls[next]
    if (control !== undefined) return control
    const rest = this.text.slice(this.at, this.at + 12).join('')
    if (next === 'x') {
      const hex = /^(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,8})\})/.exec(rest)
      const code = hex === null ? Infinity : Number.parseInt(hex[1] ?? hex[2]!, 16)
      if (hex !== null && code <= 0x10ffff) {
        this.at += hex[0].length
        return code
      }
      throw new RegexpError('invalid escape sequence', this.from(start))
    }
    if (next >= '0' && next <= '7' && (next === '0' || /^[0-7]/.test(rest))) {
      const more = /^[0-7]{0,2}/.exec(rest)![0]
      this.at += more.length
      return Number.parseInt(next + more, 8)
    }
    const code = next.codePointAt(0)!
    if (code < 0x80 && !/[0-9A-Za-z]/.test(next)) return code
    throw new RegexpError('invalid escape sequence', this.from(start))
  }

  private bracket(): Node {
    const start = this.at
    this.at += 1
    const isNegated = this.next === '^'
    if (isNegated) this.at += 1
    const ranges: (readonly [number, number])[] = []
    for (let first = true; first || this.next !== ']'; first = false) {
      if (this.next === undefined) throw new RegexpError('missing closing ]', this.from(start, this.text.length))
      if (this.next === '-' && !first && this.text[this.at + 1] !== ']' && this.text[this.at + 1] !== undefined) {
        // Go takes a hyphen for itself only at either end.
        const bad = this.from(this.at, this.at + 2)
        throw new RegexpError('invalid character class range', bad)
      }
      const set = this.posixClass() ?? (this.next === '\\' ? this.perlClass() : undefined)
      if (set !== undefined) {
        ranges.push(...set)
        continue
      }
      const from = this.at
      const low = this.bracketCode(start)
      let high = low
      if (this.next === '-' && this.text[this.at + 1] !== undefined && this.text[this.at + 1] !== ']') {
        this.at += 1
        high = this.bracketCode(start)
        if (high < low) throw new RegexpError('invalid character class range', this.from(from))
      }
      ranges.push([low, high])
    }
    this.at += 1
    const whole = merged(this.flags.fold ? folded(ranges) : ranges)
    return { sort: 'class', ranges: isNegated ? negated(whole) : whole }
  }

  private bracketCode(start: number): number {
    const next = this.next
    if (next === undefined) throw new RegexpError('missing closing ]', this.from(start, this.text.length))
    if (next === '\\') return this.escapedCode()
    this.at += 1
    return next.codePointAt(0)!
  }

  private posixClass(): Ranges | undefined {
    if (this.next !== '[' || this.text[this.at + 1] !== ':') return undefined
    const rest = this.text.slice(this.at).join('')
    const found = /^\[:(\^?)([^:\]]*):\]/.exec(rest)
    if (found === null) return undefined
    const set = posixClasses[found[2]!]
    if (set === undefined) throw new RegexpError('invalid character class range', found[0])
    this.at += found[0].length
    return found[1] === '^' ? negated(set) : set
  }
}

const empty: Node = { sort: 'empty' }
const assertion = (what: Assertion): Node => ({ sort: 'assert', what })

const assertions: Readonly<Record<string, Assertion>> = { A: 'textStart', z: 'textEnd', b: 'wordBoundary', B: 'notWordBoundary' }
const controls: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 }
const codeMax = 0x10ffff
const everything: Ranges = [[0, codeMax]]
const notNewline: Ranges = [
  [0, 9],
  [11, codeMax],
]
const digits: Ranges = [[0x30, 0x39]]
const upper: Ranges = [[0x41, 0x5a]]
const lower: Ranges = [[0x61, 0x7a]]
const word: Ranges = [[0x30, 0x39], [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]] // biome-ignore format: a table
const perlClasses: Readonly<Record<string, Ranges>> = {
  d: digits,
  s: [[9, 10], [12, 13], [32, 32]], // biome-ignore format: a table
  w: word,
}
const posixClasses: Readonly<Record<string, Ranges>> = {
  alnum: [...digits, ...upper, ...lower],
  alpha: [...upper, ...lower],
  ascii: [[0, 0x7f]],
  blank: [[9, 9], [32, 32]], // biome-ignore format: a table
  cntrl: [[0, 0x1f], [0x7f, 0x7f]], // biome-ignore format: a table
  digit: digits,
  graph: [[0x21, 0x7e]],
  lower,
  print: [[0x20, 0x7e]],
  punct: [[0x21, 0x2f], [0x3a, 0x40], [0x5b, 0x60], [0x7b, 0x7e]], // biome-ignore format: a table
  space: [[9, 13], [32, 32]], // biome-ignore format: a table
  upper,
  word,
  xdigit: [...digits, [0x41, 0x46], [0x61, 0x66]],
}

/** Ranges in order, those that touch made one. */
function merged(ranges: Ranges): Ranges {
  const out: [number, number][] = []
  for (const [low, high] of ranges.toSorted((a, b) => a[0] - b[0])) {
    const last = out.at(-1)
    if (last !== undefined && low <= last[1] + 1) last[1] = Math.max(last[1], high)
    else out.push([low, high])
  }
  return out
}

function negated(ranges: Ranges): Ranges {
  const out: [number, number][] = []
  let from = 0
  for (const [low, high] of merged(ranges)) {
    if (low > from) out.push([from, low - 1])
    from = high + 1
  }
  if (from <= codeMax) out.push([from, codeMax])
  return out
}

/** With the other case of every letter. Wide ranges are sets of scripts that have both cases anyway. */
function folded(ranges: Ranges): Ranges {
  const out: [number, number][] = ranges.map(([low, high]) => [low, high])
  for (const [low, high] of ranges) {
    if (high - low > 2_000) continue
    for (let code = low; code <= high; code += 1) {
      const character = String.fromCodePoint(code)
      for (const other of [character.toLowerCase(), character.toUpperCase()])
        if ([...other].length === 1 && other !== character) out.push([other.codePointAt(0)!, other.codePointAt(0)!])
    }
  }
  return merged(out)
}

const unicodeClasses = new Map<string, Ranges | undefined>()

/** A general category (`L`, `Lu`) or a script (`Greek`), as this runtime's Unicode knows it. */
function unicodeClass(name: string): Ranges | undefined {
  if (name === 'Any') return everything
  if (!/^[A-Za-z_]{1,40}$/.test(name)) return undefined
  if (unicodeClasses.has(name)) return unicodeClasses.get(name)
  const made = scan(name)
  if (unicodeClasses.size < 64) unicodeClasses.set(name, made)
  return made
}

function scan(name: string): Ranges | undefined {
  const tester = testerOf(name)
  if (tester === undefined) return undefined
  const out: [number, number][] = []
  for (let code = 0; code <= codeMax; code += 1) {
    if (!tester.test(String.fromCodePoint(code))) continue
    const last = out.at(-1)
    if (last !== undefined && last[1] === code - 1) last[1] = code
    else out.push([code, code])
  }
  return out
}

function testerOf(name: string): RegExp | undefined {
  for (const form of [`^\\p{gc=${name}}$`, `^\\p{sc=${name}}$`]) {
    try {
      return new RegExp(form, 'u')
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
    }
  }
  return undefined
}

/** How many states the expression takes: repetitions multiply. */
function sizeOf(node: Node): number {
  switch (node.sort) {
    case 'cat':
    case 'alt':
      return node.parts.reduce((sum, part) => sum + sizeOf(part), 1)
    case 'repeat':
      return sizeOf(node.of) * Math.max(1, node.max === Infinity ? node.min : node.max) + 1
    default:
      return 1
  }
}
