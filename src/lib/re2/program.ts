import { type Assertion, type Node, PatternError, type RuneSet } from './syntax.ts'

/** Instructions of a machine that is in many places at once (Thompson's construction). */
export type Instruction =
  | { readonly op: 'set'; readonly set: RuneSet }
  /** Goes on at both; the first is preferred. */
  | { readonly op: 'split'; first: number; second: number }
  | { readonly op: 'jump'; to: number }
  | { readonly op: 'assert'; readonly assert: Assertion }
  | { readonly op: 'match' }

/** A pattern compiled to instructions of a machine that tries all ways at once, in time linear to the text. */
export interface Program {
  readonly instructions: readonly Instruction[]
  /** Beside the ends of the text nothing is asked of a place: a set of places says all. */
  readonly simple: boolean
  /** Filled while texts are tested. See search.ts. */
  readonly states: Map<string, unknown>
}

/** Go's bound is 3,355 instructions of its own sort; ours keeps a step of the machine cheap. */
const maxInstructions = 20_000

/** The program of a pattern; one of more than 20,000 instructions is refused with a `PatternError`, as by RE2. */
export function compileProgram(node: Node, source: string): Program {
  const instructions: Instruction[] = []
  const push = (instruction: Instruction): number => {
    if (instructions.length >= maxInstructions) throw new PatternError('expression too large', source)
    return instructions.push(instruction) - 1
  }
  const split = (greedy: boolean, into: number, past: number): Instruction => ({
    op: 'split',
    first: greedy ? into : past,
    second: greedy ? past : into,
  })
  const emit = (part: Node): void => {
    switch (part.kind) {
      case 'set':
        push({ op: 'set', set: part.set })
        return
      case 'assert':
        push({ op: 'assert', assert: part.assert })
        return
      case 'concat':
        part.parts.forEach(emit)
        return
      case 'alternate': {
        const jumps: number[] = []
        for (const [index, each] of part.parts.entries()) {
          if (index === part.parts.length - 1) {
            emit(each)
            break
          }
          const at = push({ op: 'split', first: instructions.length + 1, second: 0 })
          emit(each)
          jumps.push(push({ op: 'jump', to: 0 }))
          ;(instructions[at] as { second: number }).second = instructions.length
        }
        for (const jump of jumps) (instructions[jump] as { to: number }).to = instructions.length
        return
      }
      case 'repeat':
        repeat(part)
    }
  }
  const repeat = ({ part, min, max, greedy }: Extract<Node, { kind: 'repeat' }>): void => {
    for (let count = 0; count < min; count++) emit(part)
    if (max < 0) {
      const at = push({ op: 'jump', to: 0 })
      emit(part)
      push({ op: 'jump', to: at })
      instructions[at] = split(greedy, at + 1, instructions.length)
      return
    }
    const splits: number[] = []
    for (let count = min; count < max; count++) {
      splits.push(push({ op: 'jump', to: 0 }))
      emit(part)
    }
    for (const at of splits) instructions[at] = split(greedy, at + 1, instructions.length)
  }
  emit(node)
  push({ op: 'match' })
  const simple = instructions.every((each) => each.op !== 'assert' || each.assert === 'begin text' || each.assert === 'end text')
  return { instructions, simple, states: new Map() }
}
