import type { Issue } from './errors.ts'
import { grammar, type State, tokenOrder } from './grammar.ts'
import { display, reservedNames, type Token } from './lexer.ts'
import { NoViableAlternative, predict } from './predict.ts'

/**
 * What is wrong with a source that is not of the grammar, in the words of the parser generator that the reference uses (ANTLR 4): it mends
 * an error by leaving out a token, by inventing one, or by skipping to where a rule could go on, and then reads further. `unread` is what
 * the lexer could not read.
 */
export function syntaxErrors(source: string, tokens: readonly Token[], unread: readonly Issue[]): readonly Issue[] {
  if (tokens.length > maxTokens) return [...unread, { offset: -1, message: 'Syntax error: too long to tell where' }].slice(0, maxErrors + 1)
  const parser = new ErrorParser(source, tokens)
  try {
    parser.rule('start', 0, undefined)
  } catch (error) {
    if (!(error instanceof GaveUp)) throw error
  }
  return [...unread, ...parser.issues].slice(0, maxErrors + 1)
}

/** A broken source of more tokens is only said to be broken: to tell where would take longer than a request may. */
const maxTokens = 2000
/** As many as are mended before giving up, tokens that mending one may skip, and errors that are told. */
const maxRecoveries = 30
const maxSkipped = 256
const maxErrors = 100
const endOfRule = 'epsilon'

class GaveUp extends Error {}
/** A token that does not fit; the rule that it stands in is left. */
class Mismatch extends Error {
  readonly at: number
  readonly expected: ReadonlySet<string>
  constructor(at: number, expected: ReadonlySet<string>) {
    super('mismatched input')
    this.at = at
    this.expected = expected
  }
}

/** A rule being read: the state that called it, and its caller. */
interface Context {
  readonly calledFrom: State | undefined
  readonly parent: Context | undefined
}

class ErrorParser {
  readonly issues: Issue[] = []
  private readonly source: string
  private readonly tokens: readonly Token[]
  private at = 0
  private state: State
  private context: Context | undefined
  private isRecovering = false
  private lastErrorAt = -1
  private lastErrorStates = new Set<State>()
  private recoveries = 0

  constructor(source: string, tokens: readonly Token[]) {
    this.source = source
    this.tokens = tokens
    this.state = grammar().starts.get('start') as State
  }

  rule(name: string, level: number, calledFrom: State | undefined): void {
    const { starts, stops } = grammar()
    this.context = { calledFrom, parent: this.context }
    const { context } = this
    try {
      const stop = stops.get(name)
      for (let state = starts.get(name) as State; state !== stop; ) state = this.step(state, level)
    } catch (error) {
      if (!(error instanceof Mismatch) && !(error instanceof NoViableAlternative)) throw error
      this.context = context
      this.report(error)
      this.recover()
    }
    this.context = context.parent
  }

  private step(state: State, level: number): State {
    this.state = state
    const isLoopBack = state.type === 'loop back'
    if (isLoopBack || state.type === 'plus start') {
      this.sync(state)
      const [only] = state.transitions
      const next = (only as { readonly to: State }).to
      return isLoopBack ? this.decide(next, level) : next
    }
    if (state.type === 'basic') return this.follow(state, 0, level)
    this.sync(state)
    return this.decide(state, level)
  }

  private decide(state: State, level: number): State {
    this.state = state
    try {
      return this.follow(state, predict(state, level, this.tokens, this.at) - 1, level)
    } catch (error) {
      if (error instanceof NoViableAlternative && error.offending < this.at) throw new NoViableAlternative(this.at)
      throw error
    }
  }

  private follow(state: State, index: number, _level: number): State {
    const transition = state.transitions[index] as State['transitions'][number]
    if (transition.kind === 'token') this.match(transition.tokens, transition.to)
    else if (transition.kind === 'rule') this.rule(transition.rule, transition.level, state)
    return transition.to
  }

  private token(ahead = 0): Token {
    return (this.tokens[this.at + ahead] ?? this.tokens.at(-1)) as Token
  }
  private consume(): void {
    if (this.at < this.tokens.length - 1) this.at++
  }

  private match(wanted: readonly string[], next: State): void {
    if (wanted.includes(this.token().type)) {
      if (next.rule === 'primary' && this.token().type === 'IDENTIFIER') this.name()
      this.endRecovery()
      this.consume()
      return
    }
    this.attempt()
    if (this.deleteToken()) {
      this.consume()
      return
    }
    if (this.afterwards(next).has(this.token().type)) {
      this.begin(`missing ${this.list(this.expected())} at ${this.shown(this.token())}`)
      return
    }
    throw new Mismatch(this.at, this.expected())
  }

  /** A name that no variable may have is told of even in a broken source. */
  private name(): void {
    const { text, offset } = this.token()
    const before = this.tokens[this.at - 1]
    if (reservedNames.has(text) && this.token(1).type !== '{')
      this.issues.push({ offset: before?.type === '.' ? before.offset : offset, message: `reserved identifier: ${text}` })
  }

  /** Before a decision: a token that fits nowhere here is left out if the next one fits. */
  private sync(state: State): void {
    if (this.isRecovering) return
    const next = nextTokens(state)
    if (next.has(endOfRule) || next.has(this.token().type)) return
    if (state.type === 'loop back' || state.type === 'plus back') {
      this.unwanted()
      this.skipTo(new Set([...this.expected(), ...this.recoverySet()]))
      return
    }
    if (this.deleteToken()) return
    throw new Mismatch(this.at, this.expected())
  }

  private deleteToken(): boolean {
    if (!this.expected().has(this.token(1).type)) return false
    this.unwanted()
    this.consume()
    this.endRecovery()
    return true
  }

  private unwanted(): void {
    this.begin(`extraneous input ${this.shown(this.token())} expecting ${this.list(this.expected())}`)
  }

  private report(error: Mismatch | NoViableAlternative): void {
    if (error instanceof Mismatch) {
      const token = this.tokens[error.at] as Token
      this.begin(`mismatched input ${this.shown(token)} expecting ${this.list(error.expected)}`, token)
      return
    }
    const [start, offending] = [this.token(), this.tokens[error.offending] as Token]
    const end = offending.offset + offending.text.length
    const text = start.type === 'EOF' ? '<EOF>' : this.source.slice(start.offset, end)
    const reserved = /^.(true|false|null)$/.exec(text)
    const message =
      reserved === null ? `no viable alternative at input '${display(text)}'` : `mismatched input '${reserved[1]}' expecting IDENTIFIER`
    this.begin(message, offending)
  }

  /** Tells an error, unless one has just been told that is not mended yet. */
  private begin(message: string, token = this.token()): void {
    if (this.isRecovering) return
    this.isRecovering = true
    this.issues.push({ offset: token.offset, message: `Syntax error: ${message}` })
    if (this.issues.length > maxErrors) throw new GaveUp()
  }
  private endRecovery(): void {
    this.isRecovering = false
    this.lastErrorStates = new Set()
    this.lastErrorAt = -1
  }

  private attempt(): void {
    if (this.recoveries++ < maxRecoveries) return
    this.issues.push({ offset: this.token().offset, message: `Syntax error: error recovery attempt limit exceeded: ${maxRecoveries}` })
    throw new GaveUp()
  }

  private recover(): void {
    this.attempt()
    if (this.lastErrorAt === this.at && this.lastErrorStates.has(this.state)) this.consume()
    this.lastErrorAt = this.at
    this.lastErrorStates.add(this.state)
    this.skipTo(this.recoverySet())
  }

  private skipTo(wanted: ReadonlySet<string>): void {
    for (let skipped = 0; this.token().type !== 'EOF' && !wanted.has(this.token().type); skipped++) {
      if (skipped >= maxSkipped) {
        this.issues.push({ offset: -1, message: `error recovery token lookahead limit exceeded: ${maxSkipped}` })
        throw new GaveUp()
      }
      this.consume()
    }
  }

  /** What could stand behind the rules that are being read. */
  private recoverySet(): ReadonlySet<string> {
    const found = new Set<string>()
    for (let context = this.context; context?.calledFrom !== undefined; context = context.parent)
      for (const token of nextTokens((context.calledFrom.transitions[0] as { readonly to: State }).to)) found.add(token)
    found.delete(endOfRule)
    return found
  }

  private expected(): ReadonlySet<string> {
    return this.fromHere(this.state)
  }
  private afterwards(state: State): ReadonlySet<string> {
    return this.fromHere(state)
  }

  /** What could come at a state, callers included. */
  private fromHere(state: State): ReadonlySet<string> {
    const found = new Set(nextTokens(state))
    for (let context = this.context; found.has(endOfRule) && context?.calledFrom !== undefined; context = context.parent) {
      found.delete(endOfRule)
      for (const token of nextTokens((context.calledFrom.transitions[0] as { readonly to: State }).to)) found.add(token)
    }
    if (found.delete(endOfRule)) found.add('EOF')
    return found
  }

  private shown(token: Token): string {
    return `'${token.type === 'EOF' ? '<EOF>' : display(token.text)}'`
  }
  private list(tokens: ReadonlySet<string>): string {
    const names = tokenOrder
      .filter((token) => tokens.has(token))
      .map((token) => (token === 'EOF' ? '<EOF>' : /^[A-Z_]+$/.test(token) ? token : `'${token}'`))
    return names.length === 1 ? (names[0] as string) : `{${names.join(', ')}}`
  }
}

const next = new WeakMap<State, ReadonlySet<string>>()
/** The tokens that can come at a state, and `epsilon` where the rule can end there. */
function nextTokens(state: State): ReadonlySet<string> {
  const known = next.get(state)
  if (known !== undefined) return known
  const { starts, stops } = grammar()
  const found = new Set<string>()
  const seen = new Set<State>()
  /** True where the rule that the state is in can end without a token. */
  const walk = (at: State): boolean => {
    if (at === stops.get(at.rule)) return true
    if (seen.has(at)) return false
    seen.add(at)
    let ends = false
    for (const transition of at.transitions) {
      if (transition.kind === 'token') for (const token of transition.tokens) found.add(token)
      else if (transition.kind === 'rule') {
        if (walk(starts.get(transition.rule) as State)) ends = walk(transition.to) || ends
      } else ends = walk(transition.to) || ends
    }
    return ends
  }
  if (walk(state)) found.add(endOfRule)
  next.set(state, found)
  return found
}
