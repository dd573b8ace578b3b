import { createByteBoundedMap } from './byte-bounded-map.ts'
import type { StoredAnswer } from './stored-answer.ts'

/**
 * Answers that this server made, as bytes, by question. They are good until what they depend on changes, and then forgotten by owner: the next question
 * makes them anew. Beyond the bound the oldest goes first: a flood of names that are not there costs a little time, not memory.
 */
export interface OwnAnswers {
  get(key: string): StoredAnswer | undefined
  put(key: string, owner: string, answer: StoredAnswer): void
  forget(owner: string): void
  clear(): void
  readonly size: number
  readonly sizeBytes: number
}

/** What an entry costs beside its bytes: two keys, lists of offsets, places in two maps, a set of its own for most. */
const overheadBytes = 1_200

export function createOwnAnswers(bytesMax = 4 * 2 ** 20): OwnAnswers {
  const owned = new Map<string, Set<string>>()
  const answers = createByteBoundedMap<Owned>(bytesMax, costOf, (key, { owner }) => {
    const keys = owned.get(owner)!
    keys.delete(key)
    if (keys.size === 0) owned.delete(owner)
  })

  return {
    get: (key) => answers.get(key)?.answer,
    put(key, owner, answer) {
      if (!answers.put(key, { answer, owner })) return
      let keys = owned.get(owner)
      if (keys === undefined) owned.set(owner, (keys = new Set()))
      keys.add(key)
    },
    forget(owner) {
      for (const key of owned.get(owner) ?? []) answers.delete(key)
    },
    clear() {
      answers.clear()
      owned.clear()
    },
    get size() {
      return answers.size
    },
    get sizeBytes() {
      return answers.sizeBytes
    },
  }
}

interface Owned {
  readonly answer: StoredAnswer
  readonly owner: string
}

const costOf = (key: string, { answer: { bytes, ends } }: Owned): number => overheadBytes + 2 * key.length + bytes.length + 16 * ends.length
