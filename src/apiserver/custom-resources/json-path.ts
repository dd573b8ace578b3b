import { getOwn, isObject } from '#schema/fields.ts'
import { escapeJson } from '#schema/go-text.ts'
import { encodeSorted } from '#schema/json.ts'

/** Finds the values that a path leads to. Nothing is no mistake: keys may be missing. */
export type JsonPath = (root: unknown) => readonly unknown[]

/**
 * A path of the form that `kubectl` and printer columns have, without its braces: `.spec.a`, `['x']`, `[0]`, `[-1]`, `[1:3]`, `[*]`, `..x`,
 * `[?(@.type=="Ready")]`, `[0,1]`. Undefined for what is none.
 */
export function parseJsonPath(text: string): JsonPath | undefined {
  const parser = new PathParser(text)
  try {
    const steps = parser.steps()
    return (root) => walk(steps, [root])
  } catch (error) {
    if (error instanceof NoPath) return undefined
    throw error
  }
}

/** A value as a column of text shows it: texts as they are, lists and maps as JSON. */
export function printValue(value: unknown): string {
  if (value === null || value === undefined) return '<no value>'
  return typeof value === 'object' ? escapeJson(encodeSorted(value)) : String(value)
}

class NoPath extends Error {}

type Step =
  | { readonly sort: 'field'; readonly name: string }
  | { readonly sort: 'all' | 'deep' }
  | { readonly sort: 'slice'; readonly from: number | undefined; readonly to: number | undefined; readonly by: number }
  | { readonly sort: 'index'; readonly at: number }
  | { readonly sort: 'union'; readonly of: readonly (readonly Step[])[] }
  | { readonly sort: 'filter'; readonly left: Operand; readonly operator: string; readonly right: Operand }

type Operand = { readonly value: unknown } | { readonly steps: readonly Step[] }

const walk = (steps: readonly Step[], values: readonly unknown[]): readonly unknown[] =>
  steps.reduce<readonly unknown[]>((found, step) => found.flatMap((value) => take(step, value)), values)

function take(step: Step, value: unknown): readonly unknown[] {
  switch (step.sort) {
    case 'field':
      return isObject(value) && Object.hasOwn(value, step.name) ? [getOwn(value, step.name)] : []
    case 'all':
      return partsOf(value)
    case 'deep':
      return [value, ...partsOf(value).flatMap((part) => take(step, part))]
    case 'index': {
      if (!Array.isArray(value)) return []
      const at = step.at < 0 ? value.length + step.at : step.at
      return at in value ? [value[at]] : []
    }
    case 'slice':
      return Array.isArray(value) ? slice(value, step) : []
    case 'union':
      return step.of.flatMap((steps) => walk(steps, [value]))
    case 'filter':
      return (Array.isArray(value) ? value : []).filter((item) => holds(step, item))
  }
}

function partsOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  if (!isObject(value)) return []
  return Object.keys(value)
    .sort()
    .map((key) => value[key])
}

function slice(list: readonly unknown[], { from = 0, to = list.length, by }: Step & { sort: 'slice' }): unknown[] {
  const bound = (place: number): number => Math.min(list.length, Math.max(0, place < 0 ? list.length + place : place))
  const out: unknown[] = []
  for (let i = bound(from); i < bound(to); i += by) out.push(list[i])
  return out
}

function holds({ left, operator, right }: Step & { sort: 'filter' }, item: unknown): boolean {
  const values = (operand: Operand): readonly unknown[] => ('steps' in operand ? walk(operand.steps, [item]) : [operand.value])
  const a = values(left)
  if (operator === 'exists') return a.length > 0
  const b = values(right)
  if (a.length !== 1 || b.length !== 1) return false
  const [x, y] = [a[0], b[0]] as [number, number]
  switch (operator) {
    case '==':
      return x === y
    case '!=':
      return x !== y
    case '<':
      return x < y
    case '<=':
      return x <= y
    case '>':
      return x > y
    default:
      return x >= y
  }
}

/** One pass over the text; a class because place and text go together. */
class PathParser {
  private at = 0
  private readonly text: string

  constructor(text: string) {
    this.text = text
  }

  steps(end = ''): Step[] {
    const steps: Step[] = []
    while (this.at < this.text.length && !(end !== '' && end.includes(this.text[this.at]!))) {
      const next = this.text[this.at]!
      if (this.text.startsWith('..', this.at)) {
        this.at += this.text[this.at + 2] === '[' ? 2 : 1
        steps.push({ sort: 'deep' })
      } else if (next === '.') {
        this.at += 1
        const name = this.match(/^(?:\\.|[^.[\]\s<>=!,)\\])+/)
        if (name === undefined) continue
        steps.push(name === '*' ? { sort: 'all' } : { sort: 'field', name: name.replace(/\\(.)/g, '$1') })
      } else if (next === '[') steps.push(this.bracket())
      else if (next === '$' || next === '@') this.at += 1
      else {
        const name = steps.length === 0 ? this.match(/^[^.[\]\s<>=!,)]+/) : undefined
        if (name === undefined) throw new NoPath()
        steps.push({ sort: 'field', name })
      }
    }
    return steps
  }

  private match(form: RegExp): string | undefined {
    const found = form.exec(this.text.slice(this.at))
    if (found === null) return undefined
    this.at += found[0].length
    return found[0]
  }

  private bracket(): Step {
    this.at += 1
    if (this.text.startsWith('?(', this.at)) return this.filter()
    const inside = this.match(/^(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\]'"])*/) ?? ''
    this.expect(']')
    const parts = inside.match(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^,]+/g) ?? []
    const steps = parts.map((part) => stepOf(part.trim()))
    if (steps.length === 0) throw new NoPath()
    return steps.length === 1 ? steps[0]! : { sort: 'union', of: steps.map((step) => [step]) }
  }

  private filter(): Step {
    this.at += 2
    const left = this.operand()
    this.match(/^\s+/)
    const operator = this.match(/^(?:==|!=|<=|>=|<|>)/)
    const right = operator === undefined ? { value: undefined } : this.operand()
    this.match(/^\s+/)
    this.expect(')')
    this.expect(']')
    return { sort: 'filter', left, operator: operator ?? 'exists', right }
  }

  private operand(): Operand {
    this.match(/^\s+/)
    const quoted = this.match(/^(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")/)
    if (quoted !== undefined) return { value: quoted.slice(1, -1).replace(/\\(.)/g, '$1') }
    const number = this.match(/^-?\d+(?:\.\d+)?/)
    if (number !== undefined) return { value: Number(number) }
    const word = this.match(/^(?:true|false)\b/)
    if (word !== undefined) return { value: word === 'true' }
    return { steps: this.steps(' \t=!<>)') }
  }

  private expect(character: string): void {
    if (this.text[this.at] !== character) throw new NoPath()
    this.at += 1
  }
}

function stepOf(text: string): Step {
  if (text === '*') return { sort: 'all' }
  if (/^['"]/.test(text)) return { sort: 'field', name: text.slice(1, -1).replace(/\\(.)/g, '$1') }
  if (/^-?\d+$/.test(text)) return { sort: 'index', at: Number(text) }
  const found = /^(-?\d*)?:(-?\d*)?(?::(\d*))?$/.exec(text)
  if (found === null) throw new NoPath()
  const number = (part: string | undefined): number | undefined => (part === undefined || part === '' ? undefined : Number(part))
  return { sort: 'slice', from: number(found[1]), to: number(found[2]), by: Math.max(1, number(found[3]) ?? 1) }
}
