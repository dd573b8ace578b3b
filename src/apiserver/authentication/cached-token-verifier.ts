import { createHash } from 'node:crypto'
import type { Clock } from '#lib/clock.ts'
import type { TokenVerifier, VerifiedToken } from '../tokens/token-verifier.ts'
import { createTtlCache } from './ttl-cache.ts'

export interface TokenCacheOptions {
  readonly clock: Clock
  /** How long a token that holds is taken without asking again. */
  readonly successTtlMs: number
  /** How long one that is not known stays unknown. A failure to find out is never remembered. */
  readonly failureTtlMs: number
}

/** A verifier that asks another once for a token and remembers the answer; who comes while it asks waits for the same answer. */
export function cachedTokenVerifier(verify: TokenVerifier, options: TokenCacheOptions): TokenVerifier {
  const known = createTtlCache<{ readonly result: VerifiedToken | undefined }>(options.clock, tokensMax)
  const asking = new Map<string, Promise<VerifiedToken | undefined>>()
  return async (token, audiences, notes) => {
    // Hashed, since a map of live credentials is a prize for whoever reads our memory.
    const key = createHash('sha256')
      .update(JSON.stringify([audiences, token]))
      .digest('base64')
    const remembered = known.get(key)
    if (remembered !== undefined) return remembered.result
    const present = asking.get(key)
    if (present !== undefined) return present
    const answer = verify(token, audiences, notes)
    asking.set(key, answer)
    try {
      const result = await answer
      known.set(key, { result }, result === undefined ? options.failureTtlMs : options.successTtlMs)
      return result
    } finally {
      asking.delete(key)
    }
  }
}

const tokensMax = 10_000
