import { createHash } from 'node:crypto'
import type { Clock } from '#lib/clock.ts'
import type { Notes } from '../contract.ts'
import type { TokenVerifier, VerifiedToken } from '../tokens/token-verifier.ts'
import { createTtlCache } from './ttl-cache.ts'

/** How long what a verifier said is taken without asking it again, in milliseconds. */
export interface TokenCacheOptions {
  readonly clock: Clock
  /** How long a token that holds is taken without asking again. */
  readonly successTtlMs: number
  /** How long one that is not known stays unknown. A failure to find out is never remembered. */
  readonly failureTtlMs: number
}

/**
 * A verifier that asks another once for a token and remembers the answer, with what it told of the token; who comes while it asks waits for
 * the same answer.
 */
export function cachedTokenVerifier<R extends VerifiedToken | undefined>(
  verify: (...given: Parameters<TokenVerifier>) => Promise<R>,
  options: TokenCacheOptions,
): (...given: Parameters<TokenVerifier>) => Promise<R> {
  const known = createTtlCache<Answer<R>>(options.clock, tokensMax)
  const asking = new Map<string, Promise<Answer<R>>>()
  const ask = async (key: string, token: string, audiences: readonly string[]): Promise<Answer<R>> => {
    const told: Told[] = []
    const result = await verify(token, audiences, {
      warn: (message) => void told.push((notes) => notes.warn(message)),
      annotate: (name, value) => void told.push((notes) => notes.annotate(name, value)),
    })
    const answer = { result, told }
    known.set(key, answer, result === undefined ? options.failureTtlMs : options.successTtlMs)
    return answer
  }
  return async (token, audiences, notes) => {
    // Hashed, since a map of live credentials is a prize for whoever reads our memory.
    const key = createHash('sha256').update(audiences.join('\n')).update('\0').update(token).digest('base64')
    let answer = known.get(key)
    if (answer === undefined) {
      let present = asking.get(key)
      if (present === undefined) {
        present = ask(key, token, audiences).finally(() => asking.delete(key))
        asking.set(key, present)
      }
      answer = await present
    }
    if (notes !== undefined) for (const tell of answer.told) tell(notes)
    return answer.result
  }
}

interface Answer<R> {
  readonly result: R
  readonly told: readonly Told[]
}
type Told = (notes: Notes) => void

const tokensMax = 10_000
