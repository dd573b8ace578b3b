import { createHash, timingSafeEqual } from 'node:crypto'
import type { UserInfo } from '../contract.ts'
import type { TokenVerifier } from '../tokens/token-verifier.ts'

/** Fixed tokens, for tests and for the comparison with the reference. They are for the API server's own audiences only. */
export function staticTokenVerifier(tokens: Readonly<Record<string, UserInfo>>, audiences: readonly string[]): TokenVerifier {
  // Compared by hash, all of them, so that the time taken says nothing about a token.
  const entries = Object.entries(tokens).map(([token, user]) => ({ digest: digest(token), user }))
  return async (token, wanted) => {
    const given = digest(token)
    const matches = entries.filter((entry) => timingSafeEqual(entry.digest, given))
    const granted = audiences.filter((audience) => wanted.includes(audience))
    return matches[0] === undefined || granted.length === 0 ? undefined : { user: matches[0].user, audiences: granted }
  }
}

const digest = (token: string): Buffer => createHash('sha256').update(token).digest()
