import type { Program } from './program.ts'
import { type Assertion, isWord } from './syntax.ts'

/** Whether any part of the text matches. */
export function testProgram(program: Program, text: string): boolean {
  return program.simple ? testByStates(program, text) : searchProgram(program, text, 0) !== undefined
}

/**
 * The leftmost match from `from`, as Perl would find it: places are kept in the order in which a backtracking machine would try them, each
 * once, so a step costs at most the program's length.
 */
export function searchProgram(program: Program, text: string, from: number): readonly [number, number] | undefined {
  // Sets of places say much faster that there is nothing.
  if (program.simple && from === 0 && !testByStates(program, text)) return undefined
  const { instructions } = program
  const seen = new Int32Array(instructions.length).fill(-1)
  let current: { at: number; start: number }[] = []
  let found: readonly [number, number] | undefined
  for (let place = from; ; ) {
    const rune = text.codePointAt(place)
    const next: { at: number; start: number }[] = []
    const generation = place
    const list: { at: number; start: number }[] = []
    const add = (first: number, start: number): void => {
      const stack = [first]
      while (stack.length > 0) {
        const at = stack.pop() as number
        if (seen[at] === generation) continue
        seen[at] = generation
        const instruction = instructions[at] as Program['instructions'][number]
        if (instruction.op === 'jump') stack.push(instruction.to)
        else if (instruction.op === 'split') stack.push(instruction.second, instruction.first)
        else if (instruction.op === 'assert') {
          if (holds(instruction.assert, text, place)) stack.push(at + 1)
        } else list.push({ at, start })
      }
    }
    for (const { at, start } of current) add(at, start)
    if (found === undefined) add(0, place)
    for (const { at, start } of list) {
      const instruction = instructions[at] as Program['instructions'][number]
      if (instruction.op === 'match') {
        found = [start, place]
        break
      }
      if (instruction.op === 'set' && rune !== undefined && instruction.set(rune)) next.push({ at: at + 1, start })
    }
    current = next
    if (rune === undefined || (current.length === 0 && found !== undefined)) return found
    place += rune > 0xffff ? 2 : 1
  }
}

function holds(assert: Assertion, text: string, place: number): boolean {
  const before = text.codePointAt(place - 1)
  const after = text.codePointAt(place)
  switch (assert) {
    case 'begin text':
      return place === 0
    case 'end text':
      return place === text.length
    case 'begin line':
      return place === 0 || before === 10
    case 'end line':
      return place === text.length || after === 10
    default: {
      const boundary = (place > 0 && before !== undefined && isWord(before)) !== (after !== undefined && isWord(after))
      return boundary === (assert === 'word boundary')
    }
  }
}

/** A set of places, and where each character leads; made as texts need it. */
interface State {
  readonly places: readonly number[]
  readonly matched: boolean
  /** By character below 128. */
  readonly next: (State | undefined)[]
  matchesAtEnd: boolean | undefined
}
/** More states are forgotten and made anew. A state holds as many places as the program is long at the most: of a long one fewer are kept. */
const maxStates = (program: Program): number => Math.max(2, Math.min(2000, Math.floor(200_000 / program.instructions.length)))

function testByStates(program: Program, text: string): boolean {
  let state = stateOf(program, [0], true)
  for (let place = 0; place < text.length; ) {
    if (state.matched) return true
    const rune = text.codePointAt(place) as number
    place += rune > 0xffff ? 2 : 1
    state = (rune < 128 ? state.next[rune] : undefined) ?? step(program, state, rune)
  }
  state.matchesAtEnd ??=
    closure(program, state.places, false, true).matched || (text.length === 0 && closure(program, [0], true, true).matched)
  return state.matched || state.matchesAtEnd
}

function step(program: Program, state: State, rune: number): State {
  const places: number[] = []
  for (const at of state.places) {
    const instruction = program.instructions[at]
    if (instruction?.op === 'set' && instruction.set(rune)) places.push(at + 1)
  }
  const next = stateOf(program, [...places, 0], false)
  if (rune < 128) state.next[rune] = next
  return next
}

function stateOf(program: Program, from: readonly number[], atStart: boolean): State {
  const { places, matched } = closure(program, from, atStart, false)
  const key = `${atStart}:${matched}:${places.join()}`
  const known = program.states.get(key) as State | undefined
  if (known !== undefined) return known
  if (program.states.size >= maxStates(program)) program.states.clear()
  const state: State = { places, matched, next: [], matchesAtEnd: undefined }
  program.states.set(key, state)
  return state
}

/** Every place that is reached without a character. Places that wait for the end of the text are kept. */
function closure(
  program: Program,
  from: readonly number[],
  atStart: boolean,
  atEnd: boolean,
): { places: readonly number[]; matched: boolean } {
  const seen = new Set<number>()
  const stack = [...from]
  const places: number[] = []
  let matched = false
  while (stack.length > 0) {
    const at = stack.pop() as number
    if (seen.has(at)) continue
    seen.add(at)
    const instruction = program.instructions[at]
    switch (instruction?.op) {
      case 'jump':
        stack.push(instruction.to)
        break
      case 'split':
        stack.push(instruction.second, instruction.first)
        break
      case 'assert':
        if (instruction.assert === 'begin text' ? atStart : atEnd) stack.push(at + 1)
        else if (instruction.assert === 'end text') places.push(at)
        break
      case 'match':
        matched = true
        break
      case 'set':
        places.push(at)
    }
  }
  return { places: places.toSorted((a, b) => a - b), matched }
}
