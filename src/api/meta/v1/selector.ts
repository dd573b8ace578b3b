import type { LabelSelector } from '#api/meta/v1/types.ts'
import { WherryError } from '#lib/errors.ts'
import { checkLabelValue, checkQualifiedName } from '#schema/formats.ts'
import { quote } from '#schema/go-text.ts'

/** What an object's labels have to fulfil: every requirement. `nothing` matches no object, an empty list matches all. */
export interface Selector {
  readonly requirements: readonly Requirement[]
  readonly nothing?: true
}

/** One condition on one label. */
export interface Requirement {
  readonly key: string
  readonly operator: Operator
  /** Sorted, without repetition. */
  readonly values: readonly string[]
}

/** `=`, `==` and `in` mean the same, but are written back as they came. */
export type Operator = '=' | '==' | '!=' | 'in' | 'notin' | 'exists' | '!' | '>' | '<'

/** Labels of an object, if it has any. */
export type Labels = Readonly<Record<string, string>> | undefined

/** Matches every object. */
export const everything: Selector = { requirements: [] }
/** Matches no object. */
export const nothing: Selector = { requirements: [], nothing: true }

/** Whether the labels fulfil every requirement. An absent label fulfils `!=`, `notin` and `!`. */
export function matches(selector: Selector, labels: Labels): boolean {
  if (selector.nothing) return false
  for (const requirement of selector.requirements) if (!fulfils(requirement, labels)) return false
  return true
}

/** The object form. An absent selector matches nothing, an empty one everything (API conventions). Throws `Invalid` on an unknown operator. */
export function selectorOf(selector: LabelSelector | undefined): Selector {
  if (selector === undefined) return nothing
  const requirements: Requirement[] = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => ({
    key,
    operator: '=',
    values: [value],
  }))
  for (const { key, operator, values = [] } of selector.matchExpressions ?? []) {
    const own = operators[operator]
    if (own === undefined) throw new WherryError('Invalid', `"${operator}" is not a valid label selector operator`)
    requirements.push({ key, operator: own, values: sortedSet(values) })
  }
  return { requirements: byKey(requirements) }
}

/** A plain set of labels (Service, ReplicationController): all of them equal; an empty or absent set matches everything. */
export const selectorOfLabels = (labels: Labels): Selector => ({
  requirements: byKey(Object.entries(labels ?? {}).map(([key, value]) => ({ key, operator: '=', values: [value] }))),
})

/** Shorthand for one use: `matches(selectorOf(selector), labels)`. */
export const matchesLabelSelector = (selector: LabelSelector | undefined, labels: Labels): boolean => matches(selectorOf(selector), labels)

/** The string form, such as `app=web,tier in (a,b),!gone`: parsing it gives the same selector back. */
export const formatSelector = (selector: Selector): string => selector.requirements.map(formatRequirement).join(',')

/** The string form of queries (`labelSelector=`). Throws `BadRequest` with the reference's words. */
export function parseSelector(text: string): Selector {
  return { requirements: byKey(new Parser(tokens(text)).requirements()) }
}

const operators: Readonly<Record<string, Operator>> = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: '!' }

function fulfils({ key, operator, values }: Requirement, labels: Labels): boolean {
  const value = labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined
  switch (operator) {
    case '=':
    case '==':
    case 'in':
      return value !== undefined && values.includes(value)
    case '!=':
    case 'notin':
      return value === undefined || !values.includes(value)
    case 'exists':
      return value !== undefined
    case '!':
      return value === undefined
    case '>':
    case '<': {
      if (value === undefined || !isInteger(value) || values.length !== 1 || !isInteger(values[0]!)) return false
      return operator === '>' ? BigInt(value) > BigInt(values[0]!) : BigInt(value) < BigInt(values[0]!)
    }
  }
}

/** Text that Go's ParseInt takes as 64 bits; BigInt would refuse the plus sign. */
export const isInteger = (text: string): boolean => /^-?\d{1,19}$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text)

function formatRequirement({ key, operator, values }: Requirement): string {
  switch (operator) {
    case 'exists':
      return key
    case '!':
      return `!${key}`
    case 'in':
    case 'notin':
      return `${key} ${operator} (${values.join(',')})`
    default:
      return `${key}${operator}${values.join(',')}`
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const byKey = (requirements: readonly Requirement[]): readonly Requirement[] => requirements.toSorted((a, b) => compare(a.key, b.key))
const sortedSet = (values: readonly string[]): string[] => [...new Set(values)].sort(compare)

// --- parsing -----------------------------------------------------------------------------------------------------------------------

interface Token {
  readonly kind: 'identifier' | 'symbol' | 'word' | 'error' | 'end'
  readonly text: string
}

const symbols = new Set([')', ',', '!', '==', '=', '>', '<', '!=', '('])

function tokens(text: string): Token[] {
  const out: Token[] = []
  let at = 0
  const found = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    return pattern.exec(text)?.[0]
  }
  while (at < text.length) {
    const space = found(/[ \t\r\n]+/y)
    if (space !== undefined) {
      at += space.length
      continue
    }
    // Never more than the longest symbol: a long row of them would be read again for each.
    const symbol = found(/[=!(),><]{1,2}/y)
    if (symbol === undefined) {
      const word = found(/[^=!(),>< \t\r\n]+/y)!
      out.push({ kind: word === 'in' || word === 'notin' ? 'word' : 'identifier', text: word })
      at += word.length
      continue
    }
    // The longest known symbol wins; what follows it starts a new one.
    const known = symbols.has(symbol.slice(0, 2)) && symbol.length > 1 ? symbol.slice(0, 2) : symbol[0]!
    out.push({ kind: 'symbol', text: known })
    at += known.length
  }
  out.push({ kind: 'end', text: '' })
  return out
}

const bad = (message: string): WherryError => new WherryError('BadRequest', message)
const badRequirement = (message: string): WherryError => bad(`unable to parse requirement: ${message}`)

class Parser {
  private readonly items: readonly Token[]
  private at = 0

  constructor(items: readonly Token[]) {
    this.items = items
  }

  requirements(): Requirement[] {
    const out: Requirement[] = []
    for (;;) {
      const token = this.peek()
      if (token.kind === 'end') return out
      if (!startsRequirement(token)) throw bad(`found '${token.text}', expected: !, identifier, or 'end of string'`)
      out.push(this.requirement())
      const next = this.take()
      if (next.kind === 'end') return out
      if (next.text !== ',') throw bad(`found '${next.text}', expected: ',' or 'end of string'`)
      if (!startsRequirement(this.peek())) throw bad(`found '${this.peek().text}', expected: identifier after ','`)
    }
  }

  private requirement(): Requirement {
    let token = this.take()
    const absent = token.text === '!'
    if (absent) token = this.take()
    if (!isIdentifier(token)) throw badRequirement(`found '${token.text}', expected: identifier`)
    const key = token.text
    const keyProblems = checkQualifiedName(key)
    if (keyProblems.length > 0) throw badRequirement(`<nil>: Invalid value: ${quote(key)}: ${keyProblems.join('; ')}`)
    if (absent) return { key, operator: '!', values: [] }
    const next = this.peek()
    if (next.kind === 'end' || next.text === ',') return { key, operator: 'exists', values: [] }
    const operator = this.operator()
    const values = sortedSet(operator === 'in' || operator === 'notin' ? this.values() : [this.exactValue()])
    const problems = valueProblems(key, operator, values)
    if (problems.length > 0) throw badRequirement(problems.length === 1 ? problems[0]! : `[${problems.join(', ')}]`)
    return { key, operator, values }
  }

  private operator(): Operator {
    const token = this.take()
    if (token.kind === 'word' || ['=', '==', '!=', '>', '<'].includes(token.text)) return token.text as Operator
    throw badRequirement(`found '${token.text}', expected: in, notin, =, ==, !=, gt, lt`)
  }

  private values(): string[] {
    const open = this.take()
    if (open.text !== '(') throw badRequirement(`found '${open.text}' expected: '('`)
    const first = this.peek()
    if (first.text === ')') {
      this.take()
      return ['']
    }
    if (!isIdentifier(first) && first.text !== ',') throw badRequirement(`found '${first.text}', expected: ',', ')' or identifier`)
    const out: string[] = []
    for (;;) {
      const token = this.take()
      if (isIdentifier(token)) {
        out.push(token.text)
        const next = this.peek()
        if (next.text === ')') break
        if (next.text !== ',') throw badRequirement(`found '${next.text}', expected: ',' or ')'`)
      } else if (token.text === ',') {
        // An empty place between commas is the empty value.
        if (out.length === 0 || this.peek().text === ',') out.push('')
        if (this.peek().text === ')') {
          out.push('')
          break
        }
      } else throw badRequirement(`found '${token.text}', expected: ',', or identifier`)
    }
    this.take()
    return out
  }

  private exactValue(): string {
    const token = this.peek()
    if (token.kind === 'end' || token.text === ',') return ''
    this.take()
    if (isIdentifier(token)) return token.text
    throw badRequirement(`found '${token.text}', expected: identifier`)
  }

  private peek(): Token {
    return this.items[this.at]!
  }

  private take(): Token {
    const token = this.items[this.at]!
    if (token.kind !== 'end') this.at += 1
    return token
  }
}

/** `in` and `notin` are values and keys too: `x in (in)`. */
const isIdentifier = (token: Token): boolean => token.kind === 'identifier' || token.kind === 'word'
const startsRequirement = (token: Token): boolean => isIdentifier(token) || token.text === '!'

function valueProblems(key: string, operator: Operator, values: readonly string[]): string[] {
  const out: string[] = []
  values.forEach((value, i) => {
    if ((operator === '>' || operator === '<') && !isInteger(value))
      out.push(`values[${i}]: Invalid value: ${quote(value)}: for 'Gt', 'Lt' operators, the value must be an integer`)
  })
  values.forEach((value, i) => {
    const problems = checkLabelValue(value)
    if (problems.length > 0) out.push(`values[${i}][${key}]: Invalid value: ${quote(value)}: ${problems.join('; ')}`)
  })
  return out
}
