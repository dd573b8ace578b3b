import type { Pod } from '#api/core/v1/pod.ts'
import type { Clock } from '#lib/clock.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { type IssuedToken, renewalOf, type TokenSource } from '../volumes/tokens.ts'
import type { DriverPolicy } from './driver-policy.ts'

/** Tokens of pods' service accounts for drivers (KEP-1855), issued anew when most of their life is over. */
export interface TokenAttributes {
  /** Empty where the driver asks for none. */
  of(pod: Pod, policy: DriverPolicy): Promise<Readonly<Record<string, string>>>
  forget(podUid: string): void
}

export function createTokenAttributes(tokens: TokenSource, clock: Clock): TokenAttributes {
  const issued = new Map<string, Map<string, IssuedToken & { readonly renewMs: number }>>()
  return {
    async of(pod, { tokenRequests }) {
      if (tokenRequests.length === 0) return {}
      const { uid } = pod.metadata
      const known = issued.get(uid) ?? new Map<string, IssuedToken & { readonly renewMs: number }>()
      issued.set(uid, known)
      const all = await Promise.all(
        tokenRequests.map(async ({ audience, expirationSeconds }) => {
          const key = `${expirationSeconds ?? ''}/${audience}`
          const former = known.get(key)
          if (former !== undefined && clock.monotonicMs() < former.renewMs) return [audience, former] as const
          const token = await tokens(pod, { audience, path: '', expirationSeconds: expirationSeconds ?? DEFAULT_SECONDS })
          // By what passes: a clock that is set back must not keep a token for longer than it is good.
          known.set(key, { ...token, renewMs: clock.monotonicMs() + renewalOf(token) - clock.now() })
          return [audience, token] as const
        }),
      )
      const status = all
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([audience, { token, expiresAt, expirationTimestamp }]) => [
          audience,
          { token, expirationTimestamp: expirationTimestamp ?? rfc3339(expiresAt) },
        ])
      return { 'csi.storage.k8s.io/serviceAccount.tokens': JSON.stringify(Object.fromEntries(status)) }
    },
    forget: (podUid) => void issued.delete(podUid),
  }
}

/** API docs, storage.k8s.io/v1 TokenRequest. */
const DEFAULT_SECONDS = 3600
