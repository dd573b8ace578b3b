/** Something that reads what anybody may send. */
export interface Target {
  readonly name: string
  /** What it reads, as users write it: short, and of each sort one. */
  readonly seeds: readonly (string | Uint8Array)[]
  /** Pieces of its language, and what is known to be awkward; latin1. */
  readonly words: readonly string[]
  /** How it refuses, beside `WherryError`. */
  readonly refusals: readonly (new (
    ...given: never[]
  ) => Error)[]
  /** Whether the reference calls a user's mistake an internal error here. */
  readonly allowsInternal?: boolean
  /** Reads, and says by an error of another sort that something is wrong: a text read, written and read again is the same. */
  readonly run: (input: Uint8Array) => void
}
