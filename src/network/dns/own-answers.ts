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
  const answers = new Map<string, { readonly answer: StoredAnswer; readonly owner: string }>()
  const owned = new Map<string, Set<string>>()
  let sizeBytes = 0

  function drop(key: string): void {
    const known = answers.get(key)
    if (known === undefined) return
    answers.delete(key)
    sizeBytes -= costOf(key, known.answer)
    const keys = owned.get(known.owner)!
    keys.delete(key)
    if (keys.size === 0) owned.delete(known.owner)
  }

  return {
    get: (key) => answers.get(key)?.answer,
    put(key, owner, answer) {
      drop(key)
      answers.set(key, { answer, owner })
      let keys = owned.get(owner)
      if (keys === undefined) owned.set(owner, (keys = new Set()))
      keys.add(key)
      sizeBytes += costOf(key, answer)
      while (sizeBytes > bytesMax) drop(answers.keys().next().value!)
    },
    forget(owner) {
      for (const key of owned.get(owner) ?? []) drop(key)
    },
    clear() {
      answers.clear()
      owned.clear()
      sizeBytes = 0
    },
    get size() {
      return answers.size
    },
    get sizeBytes() {
      return sizeBytes
    },
  }
}

const costOf = (key: string, { bytes, ends }: StoredAnswer): number => overheadBytes + 2 * key.length + bytes.length + 16 * ends.length
