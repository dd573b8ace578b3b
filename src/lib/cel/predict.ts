import { type Grammar, grammar, type State } from './grammar.ts'
import type { Token } from './lexer.ts'

/** Where a possible reading of the tokens stands. `back`: where it goes on behind the rules it is in; none: behind whatever called. */
interface Reading {
  readonly state: State
  readonly alternative: number
  readonly back: Back | undefined
  /** It has left the rule in which the decision stands. */
  readonly isOutside: boolean
}
interface Back {
  readonly to: State
  readonly next: Back | undefined
}

/** The tokens from `start` to `offending` fit none of the alternatives. */
export class NoViableAlternative extends Error {
  readonly offending: number
  constructor(offending: number) {
    super('no viable alternative')
    this.offending = offending
  }
}

/**
 * Which way to go from a state with several, counted from 1: the one that alone can read the tokens ahead, the first where several can. Once
 * none can, one that has ended its rule before. Throws `NoViableAlternative`. This is ANTLR's adaptive prediction without full contexts.
 */
export function predict(decision: State, level: number, tokens: readonly Token[], from: number): number {
  const known = grammar()
  let readings = closure(
    known,
    decision.transitions.map(({ to }, index) => ({ state: to, alternative: index + 1, back: undefined, isOutside: false })),
    level,
  )
  for (let at = from; ; at++) {
    const token = (tokens[at] ?? tokens.at(-1)) as Token
    const moved: Reading[] = []
    for (const reading of readings)
      for (const transition of reading.state.transitions)
        if (transition.kind === 'token' && transition.tokens.includes(token.type)) moved.push({ ...reading, state: transition.to })
    if (moved.length === 0) {
      const ended = readings.filter(({ isOutside, state, back }) => isOutside || (state.type === 'rule stop' && back === undefined))
      if (ended.length === 0) throw new NoViableAlternative(Math.min(at, tokens.length - 1))
      return Math.min(...ended.map(({ alternative }) => alternative))
    }
    readings = closure(known, moved, undefined)
    const alternatives = new Set(moved.map(({ alternative }) => alternative))
    if (alternatives.size === 1 || token.type === 'EOF' || isAmbiguous(readings)) return Math.min(...alternatives)
  }
}

/** Whether every place is one of several alternatives: no token will ever tell them apart. */
function isAmbiguous(readings: readonly Reading[]): boolean {
  const found = new Map<string, Set<number>>()
  for (const reading of readings) {
    const key = keyOf(reading)
    const alternatives = found.get(key)
    if (alternatives === undefined) found.set(key, new Set([reading.alternative]))
    else alternatives.add(reading.alternative)
  }
  return [...found.values()].every((alternatives) => alternatives.size > 1)
}

function keyOf({ state, back }: Reading): string {
  let key = String(state.id)
  for (let at = back; at !== undefined; at = at.next) key += `,${at.to.id}`
  return key
}

/** All that is reached without a token. `level` is the precedence of the rule in which the decision stands, for its own predicates. */
function closure({ starts, stops, followers }: Grammar, from: readonly Reading[], level: number | undefined): readonly Reading[] {
  const seen = new Set<string>()
  const found: Reading[] = []
  const open = [...from]
  while (open.length > 0) {
    const reading = open.pop() as Reading
    const key = `${reading.alternative}:${reading.isOutside}:${keyOf(reading)}`
    if (seen.has(key)) continue
    seen.add(key)
    const { state, back, isOutside } = reading
    if (state === stops.get(state.rule)) {
      if (back !== undefined) open.push({ ...reading, state: back.to, back: back.next })
      else {
        const next = followers.get(state.rule) ?? []
        if (next.length === 0) found.push(reading)
        for (const follower of next) open.push({ ...reading, state: follower, isOutside: true })
      }
      continue
    }
    let isPlace = false
    for (const transition of state.transitions) {
      if (transition.kind === 'token') isPlace = true
      else if (transition.kind === 'rule')
        open.push({ ...reading, state: starts.get(transition.rule) as State, back: { to: transition.to, next: back } })
      else if (transition.kind === 'epsilon') open.push({ ...reading, state: transition.to })
      else if (level === undefined || isOutside || back !== undefined || transition.level >= level)
        open.push({ ...reading, state: transition.to })
    }
    if (isPlace) found.push(reading)
  }
  return found
}
