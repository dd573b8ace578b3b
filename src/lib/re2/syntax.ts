/**
 * RE2's syntax (Go's `regexp/syntax`): what may be matched in time linear to the text. Look-around and back-references are no part of it and
 * are refused, with Go's words.
 */
export type Node =
  | { readonly kind: 'set'; readonly set: RuneSet }
  | { readonly kind: 'assert'; readonly assert: Assertion }
  | { readonly kind: 'concat'; readonly parts: readonly Node[] }
  | { readonly kind: 'alternate'; readonly parts: readonly Node[] }
  /** `max` -1: without bound. */
  | { readonly kind: 'repeat'; readonly part: Node; readonly min: number; readonly max: number; readonly greedy: boolean }

/** A condition on a place of the text that takes no character. */
export type Assertion = 'begin text' | 'end text' | 'begin line' | 'end line' | 'word boundary' | 'no word boundary'

/** Whether a character (code point) is meant. */
export type RuneSet = (rune: number) => boolean

/** A pattern that RE2 refuses, in Go's words. */
export class PatternError extends Error {
  constructor(reason: string, part: string) {
    super(`error parsing regexp: ${reason}: \`${part}\``)
    this.name = 'PatternError'
  }
}

interface Flags {
  fold: boolean
  multiLine: boolean
  dotAll: boolean
  swapGreed: boolean
}

/** Go's bounds: how deep groups nest, and how often a part may be repeated, nested repetitions multiplied. */
const maxHeight = 1000
const maxRepeat = 1000

/** The tree of a pattern. Throws a `PatternError`. */
export function parsePattern(pattern: string): Node {
  const parser = new PatternParser(pattern)
  return parser.parse()
}

class PatternParser {
  private at = 0
  private depth = 0
  private readonly text: string
  private readonly names = new Set<string>()

  constructor(text: string) {
    this.text = text
  }

  parse(): Node {
    const node = this.alternation({ fold: false, multiLine: false, dotAll: false, swapGreed: false })
    if (this.at < this.text.length) throw new PatternError('unexpected )', this.text)
    return node
  }

  /** Flags set inside a group hold until its end, across its alternatives. */
  private alternation(outer: Flags): Node {
    const flags = { ...outer }
    const parts: Node[] = [this.concatenation(flags)]
    while (this.text[this.at] === '|') {
      this.at++
      parts.push(this.concatenation(flags))
    }
    return parts.length === 1 ? (parts[0] as Node) : { kind: 'alternate', parts }
  }

  private concatenation(flags: Flags): Node {
    const parts: Node[] = []
    while (this.at < this.text.length && this.text[this.at] !== '|' && this.text[this.at] !== ')') {
      const start = this.at
      const atom = this.atom(flags)
      if (atom === undefined) continue
      parts.push(this.repeated(atom, flags, start))
    }
    return parts.length === 1 ? (parts[0] as Node) : { kind: 'concat', parts }
  }

  private repeated(atom: Node, flags: Flags, start: number): Node {
    const begin = this.at
    const bounds = this.quantifier()
    if (bounds === undefined) return atom
    let greedy = !flags.swapGreed
    if (this.text[this.at] === '?') {
      this.at++
      greedy = !greedy
    }
    const behind = this.at
    if (this.quantifier() !== undefined)
      throw new PatternError('invalid nested repetition operator', this.text.slice(begin, this.nestedEnd(behind)))
    const node: Node = { kind: 'repeat', part: atom, min: bounds.min, max: bounds.max, greedy }
    if (repetitions(node) > maxRepeat) throw new PatternError('invalid repeat count', this.text.slice(begin, behind))
    if (start === begin) throw new PatternError('missing argument to repetition operator', this.text.slice(begin, behind))
    return node
  }

  private nestedEnd(from: number): number {
    this.at = from
    this.quantifier()
    return this.text[this.at] === '?' ? this.at + 1 : this.at
  }

  private quantifier(): { min: number; max: number } | undefined {
    const sign = this.text[this.at]
    if (sign === '*' || sign === '+' || sign === '?') {
      this.at++
      return { min: sign === '+' ? 1 : 0, max: sign === '?' ? 1 : -1 }
    }
    const found = /^\{(\d+)(,(\d*))?\}/.exec(this.text.slice(this.at, this.at + 24))
    if (found === null) return undefined
    const [all, low = '', comma, high = ''] = found
    if ((low.length > 1 && low.startsWith('0')) || (high.length > 1 && high.startsWith('0'))) return undefined
    const min = Number(low)
    const max = comma === undefined ? min : high === '' ? -1 : Number(high)
    if (min > maxRepeat || max > maxRepeat || (max >= 0 && max < min)) throw new PatternError('invalid repeat count', all)
    this.at += all.length
    return { min, max }
  }

  private atom(flags: Flags): Node | undefined {
    const rune = this.text.codePointAt(this.at) as number
    const character = String.fromCodePoint(rune)
    switch (character) {
      case '(':
        return this.group(flags)
      case '[':
        return { kind: 'set', set: this.bracket(flags) }
      case '.':
        this.at++
        return { kind: 'set', set: flags.dotAll ? () => true : (each) => each !== 10 }
      case '^':
        this.at++
        return { kind: 'assert', assert: flags.multiLine ? 'begin line' : 'begin text' }
      case '$':
        this.at++
        return { kind: 'assert', assert: flags.multiLine ? 'end line' : 'end text' }
      case '\\':
        return this.escape(flags)
      case '*':
      case '+':
      case '?': {
        const start = this.at
        this.quantifier()
        throw new PatternError('missing argument to repetition operator', this.text.slice(start, this.at))
      }
      default:
        this.at += character.length
        return { kind: 'set', set: folded(rune, flags.fold) }
    }
  }

  private group(flags: Flags): Node | undefined {
    if (++this.depth > maxHeight) throw new PatternError('expression nests too deeply', this.text)
    const inner = { ...flags }
    const start = this.at
    if (this.text.startsWith('(?', start)) {
      const named = /^\(\?P?<([^>]*)>/.exec(this.text.slice(start))
      if (named !== null && !/^\(\?<[=!]/.test(this.text.slice(start))) {
        const [all, name = ''] = named
        if (!/^\w+$/.test(name)) throw new PatternError('invalid named capture', all)
        if (this.names.has(name)) throw new PatternError('duplicate capture group name', name)
        this.names.add(name)
        this.at += all.length
      } else if (this.setFlags(inner)) {
        Object.assign(flags, inner)
        this.depth--
        return undefined
      }
    } else this.at++
    const node = this.alternation(inner)
    if (this.text[this.at] !== ')') throw new PatternError('missing closing )', this.text)
    this.at++
    this.depth--
    // A group of one part is that part, but stands for itself before a repetition sign.
    return node
  }

  /** `(?i)` sets flags for what follows: true. `(?i:` opens a group with them: false. */
  private setFlags(flags: Flags): boolean {
    const start = this.at
    let value = true
    let some = false
    for (this.at += 2; this.at < this.text.length; this.at++) {
      const flag = this.text[this.at] as string
      const name = flagNames[flag]
      if (name !== undefined) {
        flags[name] = value
        some = true
        continue
      }
      if (flag === '-' && value) {
        value = false
        some = false
        continue
      }
      if ((flag === ')' || flag === ':') && (value || some)) {
        this.at++
        return flag === ')'
      }
      break
    }
    if (this.at >= this.text.length) throw new PatternError('missing closing )', this.text)
    throw new PatternError('invalid or unsupported Perl syntax', this.text.slice(start, this.at + 1))
  }

  private escape(flags: Flags): Node {
    const next = this.text[this.at + 1]
    const assert = next === undefined ? undefined : assertions[next]
    if (assert !== undefined) {
      this.at += 2
      return { kind: 'assert', assert }
    }
    if (next === 'C') throw new PatternError('invalid escape sequence', '\\C')
    if (next === 'Q') {
      const end = this.text.indexOf('\\E', this.at)
      const literal = this.text.slice(this.at + 2, end < 0 ? undefined : end)
      this.at = end < 0 ? this.text.length : end + 2
      return {
        kind: 'concat',
        parts: [...literal].map((each) => ({ kind: 'set', set: folded(each.codePointAt(0) as number, flags.fold) })),
      }
    }
    const set = this.classEscape(flags)
    if (set !== undefined) return { kind: 'set', set }
    return { kind: 'set', set: folded(this.runeEscape(), flags.fold) }
  }

  /** `\d`, `\pL`, `\p{Greek}`. */
  private classEscape(flags: Flags): RuneSet | undefined {
    const next = this.text[this.at + 1] ?? ''
    const perl = perlClasses[next.toLowerCase()]
    if (perl !== undefined && 'dDsSwW'.includes(next)) {
      this.at += 2
      return next === next.toLowerCase() ? perl : (rune) => !perl(rune)
    }
    if (next !== 'p' && next !== 'P') return undefined
    const found = /^\\[pP](?:\{(\^?)([^}]*)\}|(.))/u.exec(this.text.slice(this.at))
    if (found === null) throw new PatternError('invalid character class range', this.text.slice(this.at))
    const [all, negation = '', long, short] = found
    this.at += all.length
    const set = unicodeClass(long ?? short ?? '', all, flags.fold)
    return (next === 'P') !== (negation === '^') ? (rune) => !set(rune) : set
  }

  /** One character behind a backslash. */
  private runeEscape(): number {
    const rest = this.text.slice(this.at)
    if (rest === '\\') throw new PatternError('trailing backslash at end of expression', '')
    const found = /^\\(?:x([0-9a-fA-F]{2})|x\{([0-9a-fA-F]+)\}|([1-7][0-7]{1,2}|0[0-7]{0,2})|([aftnrv])|([!-/:-@[-`{-~]))/.exec(rest)
    const [all = '', hex, long, octal, control, punctuation] = found ?? []
    const rune = hex ?? long
    const value =
      rune !== undefined
        ? Number.parseInt(rune, 16)
        : octal !== undefined
          ? Number.parseInt(octal, 8)
          : control !== undefined
            ? (controls[control] as number)
            : (punctuation?.codePointAt(0) ?? -1)
    if (found === null || value > 0x10ffff || value < 0) {
      const bad = found === null ? String.fromCodePoint(92, rest.codePointAt(1) ?? 0) : all
      throw new PatternError('invalid escape sequence', bad)
    }
    this.at += all.length
    return value
  }

  private bracket(flags: Flags): RuneSet {
    const start = this.at
    this.at++
    const negated = this.text[this.at] === '^'
    if (negated) this.at++
    const sets: RuneSet[] = []
    for (let first = true; first || this.text[this.at] !== ']'; first = false) {
      if (this.at >= this.text.length) throw new PatternError('missing closing ]', this.text.slice(start))
      if (!first && this.text[this.at] === '-' && this.text[this.at + 1] !== ']' && this.text[this.at + 1] !== undefined) {
        const range = /^-[^\\]|^-\\./u.exec(this.text.slice(this.at))?.[0] ?? '-'
        if (!/^-\[:/.test(this.text.slice(this.at))) throw new PatternError('invalid character class range', range)
      }
      const posix = /^\[:(\^?)([^:\]]*):\]/.exec(this.text.slice(this.at))
      if (posix !== null) {
        const set = posixClasses[posix[2] as string]
        if (set === undefined) throw new PatternError('invalid character class range', posix[0])
        this.at += posix[0].length
        sets.push(posix[1] === '^' ? (rune) => !set(rune) : set)
        continue
      }
      const special = this.text[this.at] === '\\' ? this.classEscape(flags) : undefined
      if (special !== undefined) {
        sets.push(special)
        continue
      }
      sets.push(this.range(flags))
    }
    this.at++
    const any = (rune: number): boolean => sets.some((set) => set(rune))
    return negated ? (rune) => !any(rune) : any
  }

  private range(flags: Flags): RuneSet {
    const start = this.at
    const low = this.classRune()
    let high = low
    if (this.text[this.at] === '-' && this.at + 1 < this.text.length && this.text[this.at + 1] !== ']') {
      this.at++
      high = this.classRune()
      if (high < low) throw new PatternError('invalid character class range', this.text.slice(start, this.at))
    }
    if (!flags.fold) return (rune) => rune >= low && rune <= high
    return (rune) => variants(rune).some((each) => each >= low && each <= high)
  }

  private classRune(): number {
    if (this.text[this.at] === '\\') return this.runeEscape()
    const rune = this.text.codePointAt(this.at)
    if (rune === undefined) throw new PatternError('missing closing ]', this.text)
    this.at += rune > 0xffff ? 2 : 1
    return rune
  }
}

/** How often the innermost part of nested bounded repetitions is repeated. */
function repetitions(node: Node): number {
  switch (node.kind) {
    case 'repeat':
      return Math.max(node.max < 0 ? node.min : node.max, 1) * repetitions(node.part)
    case 'concat':
    case 'alternate':
      return Math.max(1, ...node.parts.map(repetitions))
    default:
      return 1
  }
}

const flagNames: Readonly<Record<string, keyof Flags>> = { i: 'fold', m: 'multiLine', s: 'dotAll', U: 'swapGreed' }
const assertions: Readonly<Record<string, Assertion>> = { A: 'begin text', z: 'end text', b: 'word boundary', B: 'no word boundary' }
const controls: Readonly<Record<string, number>> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 }

const between = (low: string, high: string): RuneSet => {
  const [from, to] = [low.charCodeAt(0), high.charCodeAt(0)]
  return (rune) => rune >= from && rune <= to
}
const anyOf =
  (...sets: RuneSet[]): RuneSet =>
  (rune) =>
    sets.some((set) => set(rune))
const oneOf =
  (text: string): RuneSet =>
  (rune) =>
    rune < 128 && text.includes(String.fromCharCode(rune))
const digit = between('0', '9')
const upper = between('A', 'Z')
const lower = between('a', 'z')
/** `\w`: ASCII letters, digits and the underscore, as in RE2. */
export const isWord: RuneSet = anyOf(digit, upper, lower, (rune) => rune === 95)
const perlClasses: Readonly<Record<string, RuneSet>> = { d: digit, s: oneOf('\t\n\f\r '), w: isWord }
const posixClasses: Readonly<Record<string, RuneSet>> = {
  alnum: anyOf(digit, upper, lower),
  alpha: anyOf(upper, lower),
  ascii: (rune) => rune < 128,
  blank: oneOf('\t '),
  cntrl: (rune) => rune < 32 || rune === 127,
  digit,
  graph: between('!', '~'),
  lower,
  print: between(' ', '~'),
  punct: anyOf(between('!', '/'), between(':', '@'), between('[', '`'), between('{', '~')),
  space: oneOf('\t\n\v\f\r '),
  upper,
  word: isWord,
  xdigit: anyOf(digit, between('A', 'F'), between('a', 'f')),
}

function unicodeClass(name: string, all: string, fold: boolean): RuneSet {
  if (name === 'Any') return () => true
  for (const property of [name, `Script=${name}`])
    try {
      const pattern = new RegExp(`^\\p{${property}}$`, fold ? 'iu' : 'u')
      return (rune) => pattern.test(String.fromCodePoint(rune))
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
    }
  throw new PatternError('invalid character class range', all)
}

/** A character, and where case does not count its other cases. */
function folded(rune: number, fold: boolean): RuneSet {
  if (!fold) return (each) => each === rune
  const all = variants(rune)
  return (each) => all.includes(each)
}
function variants(rune: number): readonly number[] {
  const text = String.fromCodePoint(rune)
  const found = [rune]
  for (const each of [text.toLowerCase(), text.toUpperCase()]) {
    const other = each.codePointAt(0) as number
    if ([...each].length === 1 && other !== rune) found.push(other)
  }
  return found
}
