import { createHash } from 'node:crypto'
import type { Clock } from '#lib/clock.ts'
import { boundedCache } from './bounded-cache.ts'

/** Who calls the kubelet, and what vouches for it. */
export interface KubeletUser {
  readonly name: string
  readonly uid?: string
  readonly groups: readonly string[]
  readonly extra?: Readonly<Record<string, readonly string[]>>
  readonly by: 'certificate' | 'token'
}

/** What a connection and a request carry as proof. */
export interface Credentials {
  /** Subject of the client certificate that TLS verified against the cluster's CA. */
  readonly certificate?: { readonly commonName: string; readonly organizations: readonly string[] }
  readonly bearerToken?: string
}

/** Undefined: nobody known. There is no anonymous. */
export type Authenticate = (credentials: Credentials) => Promise<KubeletUser | undefined>

/** KubeletConfiguration.authentication.webhook.cacheTTL, default 2 minutes. */
const defaultKnownMs = 120_000
/** A wrong token is not asked about more often than this. */
const unknownMs = 10_000
const maxEntries = 1000

/** By certificate, else by asking the API server about the token (TokenReview). */
export function createAuthenticate(options: {
  readonly reviewToken: (token: string) => Promise<Omit<KubeletUser, 'by'> | undefined>
  readonly clock: Clock
  readonly knownMs?: number
}): Authenticate {
  const { knownMs = defaultKnownMs } = options
  const cache = boundedCache<{ readonly user: KubeletUser | undefined }>(options.clock, maxEntries)
  return async ({ certificate, bearerToken }) => {
    if (certificate && certificate.commonName !== '')
      return {
        name: certificate.commonName,
        groups: [...certificate.organizations, 'system:authenticated'],
        by: 'certificate',
      }
    if (!bearerToken) return undefined
    // The token itself is not kept in memory longer than the request.
    const key = createHash('sha256').update(bearerToken).digest('base64')
    const known = cache.get(key)
    if (known) return known.user
    const reviewed = await options.reviewToken(bearerToken)
    const user = reviewed && { ...reviewed, by: 'token' as const }
    cache.set(key, { user }, user ? knownMs : unknownMs)
    return user
  }
}
