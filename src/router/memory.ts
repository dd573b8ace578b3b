import type { KubeObject } from '#api/kind.ts'

/** Questions that something is worked out from: by their names, each with at most two words. Equal answers are the same value. */
export type Sources = Readonly<Record<string, (first: string, second: string) => unknown>>

/** What was made of objects: made anew only where the object changed in what concerns us, or a source would answer otherwise than it did. */
export interface Memory<T, S extends Sources, R> {
  /** Begins a look at all objects. What was not asked for when it ends is forgotten, so nothing is kept longer than its object. */
  look(sources: S): { of(object: T): R; end(): void }
}

/**
 * Remembers for each object what was made of it and which answers went into it. Asking again is some look-ups: with thousands of objects a change costs
 * what it changes, and nobody has to say whom it concerns. `isSame` says whether two states of an object make no difference.
 */
export function createMemory<T extends object, S extends Sources, R>(
  make: (object: T, sources: S) => R,
  isSame: (before: T, now: T) => boolean,
): Memory<T, S, R> {
  const known = new Map<string, Made<T, R>>()
  let round = 0
  return {
    look(sources) {
      round += 1
      let count = 0
      return {
        of(object) {
          const { uid = '', namespace, name } = (object as KubeObject).metadata
          const key = uid || `${namespace}/${name}`
          const made = known.get(key)
          if (made === undefined || made.round !== round) count += 1
          if (made !== undefined && (made.object === object || isSame(made.object, object)) && isStill(made.answers, sources)) {
            // What follows is compared with the newest state.
            made.object = object
            made.round = round
            return made.result
          }
          const answers: Answer[] = []
          const result = make(object, recording(sources, answers))
          known.set(key, { object, answers, result, round })
          return result
        },
        end() {
          if (known.size > count) for (const [key, made] of known) if (made.round !== round) known.delete(key)
        },
      }
    },
  }
}

interface Made<T, R> {
  object: T
  readonly answers: readonly Answer[]
  readonly result: R
  /** Of the look that asked for it last. */
  round: number
}

interface Answer {
  readonly source: string
  readonly first: string
  readonly second: string
  readonly answer: unknown
}

function recording<S extends Sources>(sources: S, answers: Answer[]): S {
  const asked = Object.entries(sources).map(([source, ask]) => [
    source,
    (first: string, second: string) => {
      const answer = ask(first, second)
      answers.push({ source, first, second, answer })
      return answer
    },
  ])
  return Object.fromEntries(asked) as S
}

function isStill(answers: readonly Answer[], sources: Sources): boolean {
  for (const { source, first, second, answer } of answers) if (sources[source]!(first, second) !== answer) return false
  return true
}

/** The former list where the new one holds the same values in the same order, so that what was made of it is found again. */
export function sameList<T>(before: readonly T[] | undefined, now: readonly T[]): readonly T[] {
  if (before === undefined || before.length !== now.length) return now
  for (let at = 0; at < now.length; at += 1) if (now[at] !== before[at]) return now
  return before
}
