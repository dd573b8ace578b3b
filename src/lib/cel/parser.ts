import type { Entry, Expr, FieldInit } from './ast.ts'
import { type Environment, type MacroError, macroKey } from './environment.ts'
import type { Issue } from './errors.ts'
import { reservedNames, type Token, type TokenType, tokenize } from './lexer.ts'
import { parseLiteral } from './literals.ts'
import { operatorDepth } from './operator-depth.ts'
import { syntaxErrors } from './syntax-errors.ts'

/** Characters (code points) that a source may have, and depth to which one rule of the grammar may nest: cel-go's bounds. */
export const maxSourceCharacters = 100_000
/** How deep one rule of the grammar may nest, as in cel-go: deeper sources are refused, whatever they say. */
export const maxDepth = 250

/** A tree, or what is wrong with the source. */
export type Parsed = { readonly ok: true; readonly expr: Expr } | { readonly ok: false; readonly issues: readonly Issue[] }

/**
 * The tree of a source, macros expanded. A source that is not of the grammar is parsed a second time by `syntaxErrors`, which takes longer
 * and says what is wrong with it.
 */
export function parse(source: string, macros: Environment['macros']): Parsed {
  if (source.length > maxSourceCharacters) {
    const size = [...source].length
    if (size > maxSourceCharacters)
      return {
        ok: false,
        issues: [{ offset: -1, message: `expression code point size exceeds limit: size: ${size}, limit ${maxSourceCharacters}` }],
      }
  }
  const { tokens, issues: unread } = tokenize(source)
  const issues: Issue[] = []
  try {
    const expr = unread.length > 0 ? undefined : new Parser(tokens, macros, issues).start()
    if (expr !== undefined && operatorDepth(expr) > maxDepth) throw new TooDeep('max recursion depth exceeded')
    if (expr !== undefined && issues.length === 0) return { ok: true, expr }
  } catch (error) {
    if (!(error instanceof TooDeep) && !(error instanceof NotOfGrammar)) throw error
    if (error instanceof TooDeep) return { ok: false, issues: [{ offset: -1, message: error.message }] }
    return { ok: false, issues: syntaxErrors(source, tokens, unread) }
  }
  return { ok: false, issues: unread.length > 0 ? syntaxErrors(source, tokens, unread) : issues }
}

class TooDeep extends Error {}
class NotOfGrammar extends Error {}

const relations: Partial<Record<TokenType, string>> = {
  '<': '_<_',
  '<=': '_<=_',
  '>=': '_>=_',
  '>': '_>_',
  '==': '_==_',
  '!=': '_!=_',
  in: '@in',
}
const products: Partial<Record<TokenType, string>> = { '*': '_*_', '/': '_/_', '%': '_%_' }
const sums: Partial<Record<TokenType, string>> = { '+': '_+_', '-': '_-_' }

/** Held while one source is read: where it is, and how deep each rule stands. */
class Parser {
  private at = 0
  private readonly tokens: readonly Token[]
  private readonly macros: Environment['macros']
  private readonly issues: Issue[]
  private readonly depth = { expr: 0, relation: 0, calc: 0, member: 0 }

  constructor(tokens: readonly Token[], macros: Environment['macros'], issues: Issue[]) {
    this.tokens = tokens
    this.macros = macros
    this.issues = issues
  }

  start(): Expr {
    const expr = this.expr()
    if (this.peek() !== 'EOF') throw new NotOfGrammar()
    return expr
  }

  private token(): Token {
    return this.tokens[this.at] as Token
  }
  private peek(ahead = 0): TokenType {
    return this.tokens[this.at + ahead]?.type ?? 'EOF'
  }
  private take(type: TokenType): Token {
    const token = this.token()
    if (token.type !== type) throw new NotOfGrammar()
    this.at++
    return token
  }
  private accept(type: TokenType): boolean {
    if (this.peek() !== type) return false
    this.at++
    return true
  }
  private enter(rule: keyof Parser['depth']): void {
    if (++this.depth[rule] > maxDepth) throw new TooDeep(`expression recursion limit exceeded: ${maxDepth}`)
  }
  /** Operators and selections of one chain each hold the one before. */
  private chain(length: number): void {
    if (length > maxDepth) throw new TooDeep('max recursion depth exceeded')
  }
  private issue(offset: number, message: string): Expr {
    this.issues.push({ offset, message })
    return { kind: 'literal', offset, value: null }
  }

  private expr(): Expr {
    this.enter('expr')
    const condition = this.or()
    let result = condition
    const question = this.token()
    if (this.accept('?')) {
      const then = this.or()
      this.take(':')
      result = { kind: 'call', offset: question.offset, name: '_?_:_', target: undefined, args: [condition, then, this.expr()] }
    }
    this.depth.expr--
    return result
  }

  private or(): Expr {
    return this.logic('||', '_||_', () => this.logic('&&', '_&&_', () => this.relation(0)))
  }

  /** Terms of one operator become a balanced tree, as cel-go builds it: depth grows with the logarithm. */
  private logic(type: '&&' | '||', name: string, operand: () => Expr): Expr {
    const terms = [operand()]
    const offsets: number[] = []
    while (this.peek() === type) {
      offsets.push(this.take(type).offset)
      terms.push(operand())
    }
    const balanced = (low: number, high: number): Expr => {
      const middle = Math.floor((low + high + 1) / 2)
      const left = middle === low ? terms[middle] : balanced(low, middle - 1)
      const right = middle === high ? terms[middle + 1] : balanced(middle + 1, high)
      return { kind: 'call', offset: offsets[middle] as number, name, target: undefined, args: [left as Expr, right as Expr] }
    }
    return offsets.length === 0 ? (terms[0] as Expr) : balanced(0, offsets.length - 1)
  }

  private relation(level: number): Expr {
    this.enter('relation')
    let left = this.calc(0)
    let nested = 0
    for (let name = relations[this.peek()]; level <= 1 && name !== undefined; name = relations[this.peek()]) {
      this.chain(++nested)
      const { offset } = this.token()
      this.at++
      left = { kind: 'call', offset, name, target: undefined, args: [left, this.relation(2)] }
    }
    this.depth.relation--
    return left
  }

  private calc(level: number): Expr {
    this.enter('calc')
    let left = this.unary()
    let nested = 0
    for (;;) {
      const product = level <= 2 ? products[this.peek()] : undefined
      const sum = level <= 1 ? sums[this.peek()] : undefined
      const name = product ?? sum
      if (name === undefined) break
      this.chain(++nested)
      const { offset } = this.token()
      this.at++
      left = { kind: 'call', offset, name, target: undefined, args: [left, this.calc(product === undefined ? 2 : 3)] }
    }
    this.depth.calc--
    return left
  }

  private unary(): Expr {
    const { type, offset } = this.token()
    if (type !== '!' && type !== '-') return this.member()
    // A minus right before a number belongs to the literal.
    if (type === '-' && isNumber(this.peek(1))) return this.member()
    let count = 0
    while (this.accept(type)) count++
    const operand = this.member()
    return count % 2 === 0 ? operand : { kind: 'call', offset, name: type === '!' ? '!_' : '-_', target: undefined, args: [operand] }
  }

  private member(): Expr {
    this.enter('member')
    let left = this.primary()
    let nested = 0
    for (;;) {
      const { type, offset } = this.token()
      if (type !== '.' && type !== '[') break
      this.chain(++nested)
      this.at++
      if (type === '[') {
        const optional = this.accept('?')
        const index = this.expr()
        this.take(']')
        left = { kind: 'call', offset, name: optional ? '_[?_]' : '_[_]', target: undefined, args: [left, index] }
        continue
      }
      const optional = this.accept('?')
      const name = this.token()
      if (this.accept('ESC_IDENTIFIER')) this.issue(name.offset, "unsupported syntax: '`'")
      else this.take('IDENTIFIER')
      if (!optional && name.type === 'IDENTIFIER' && this.peek() === '(') {
        const open = this.take('(').offset
        left = this.call(name.text, left, this.list(')'), open)
      } else if (optional) {
        const field: Expr = { kind: 'literal', offset: name.offset, value: name.text }
        left = { kind: 'call', offset, name: '_?._', target: undefined, args: [left, field] }
      } else {
        left = { kind: 'select', offset, operand: left, field: name.text, testOnly: false }
      }
    }
    this.depth.member--
    return left
  }

  private primary(): Expr {
    const token = this.token()
    switch (token.type) {
      case '(': {
        this.at++
        const inner = this.expr()
        this.take(')')
        return inner
      }
      case '[':
        return this.listLiteral()
      case '{':
        return this.mapLiteral()
      case '.':
      case 'IDENTIFIER':
        return this.name()
      default: {
        const literal = parseLiteral(token, this.peek(1) === 'EOF' ? undefined : this.tokens[this.at + 1])
        if (literal === undefined) throw new NotOfGrammar()
        this.at += literal.tokens
        return 'issue' in literal
          ? this.issue(token.offset, literal.issue)
          : { kind: 'literal', offset: token.offset, value: literal.value }
      }
    }
  }

  private name(): Expr {
    const start = this.token().offset
    const dot = this.accept('.') ? '.' : ''
    const token = this.take('IDENTIFIER')
    const struct = this.structAhead()
    if (struct > 0) {
      let name = dot + token.text
      for (let part = 1; part < struct; part++) {
        this.take('.')
        name += `.${this.take('IDENTIFIER').text}`
      }
      return this.structLiteral(name)
    }
    if (reservedNames.has(token.text)) {
      const bad = this.issue(start, `reserved identifier: ${token.text}`)
      if (this.accept('(')) this.list(')')
      return bad
    }
    if (this.peek() !== '(') return { kind: 'ident', offset: token.offset, name: dot + token.text }
    const open = this.take('(').offset
    return this.call(dot + token.text, undefined, this.list(')'), open)
  }

  /** How many names stand before a `{` here, `0` where none does: `a.b{` is a structure, `a.b` a selection. */
  private structAhead(): number {
    let ahead = 0
    let names = 1
    while (this.peek(ahead) === '.' && this.peek(ahead + 1) === 'IDENTIFIER') {
      ahead += 2
      names++
    }
    return this.peek(ahead) === '{' ? names : 0
  }

  private list(end: TokenType): Expr[] {
    const items: Expr[] = []
    if (this.accept(end)) return items
    do items.push(this.expr())
    while (this.accept(','))
    this.take(end)
    return items
  }

  private listLiteral(): Expr {
    const { offset } = this.take('[')
    const items: Expr[] = []
    const optionals = new Set<number>()
    while (this.peek() !== ']') {
      if (items.length === 0 && this.peek() === ',') {
        this.at++
        break
      }
      if (this.accept('?')) optionals.add(items.length)
      items.push(this.expr())
      if (!this.accept(',')) break
    }
    this.take(']')
    return { kind: 'list', offset, items, optionals }
  }

  private mapLiteral(): Expr {
    const { offset } = this.take('{')
    const entries: Entry[] = []
    while (this.peek() !== '}') {
      if (entries.length === 0 && this.accept(',')) break
      const optional = this.accept('?')
      const key = this.expr()
      const colon = this.take(':').offset
      entries.push({ offset: colon, key, value: this.expr(), optional })
      if (!this.accept(',')) break
    }
    this.take('}')
    return { kind: 'map', offset, entries }
  }

  private structLiteral(name: string): Expr {
    const { offset } = this.take('{')
    const fields: FieldInit[] = []
    while (this.peek() !== '}') {
      if (fields.length === 0 && this.accept(',')) break
      const optional = this.accept('?')
      const field = this.token()
      if (this.accept('ESC_IDENTIFIER')) this.issue(field.offset, "unsupported syntax: '`'")
      else this.take('IDENTIFIER')
      const colon = this.take(':').offset
      fields.push({ offset: colon, name: field.text, value: this.expr(), optional })
      if (!this.accept(',')) break
    }
    this.take('}')
    return { kind: 'struct', offset, name, fields }
  }

  private call(name: string, target: Expr | undefined, args: readonly Expr[], at: number): Expr {
    const macro = this.macros.get(macroKey(name, args.length, target !== undefined))
    const expanded = macro?.({ target, args, at })
    if (expanded === undefined) return { kind: 'call', offset: at, name, target, args }
    if (isMacroError(expanded)) return this.issue(expanded.offset, expanded.message)
    return expanded
  }
}

const isMacroError = (result: Expr | MacroError): result is MacroError => result.kind === 'macro error'
const isNumber = (type: TokenType): boolean => type === 'NUM_INT' || type === 'NUM_FLOAT'
