import type { Pod } from '#api/core/v1/pod.ts'
import { ServiceAccount } from '#api/core/v1/service-account.ts'
import type { ServiceAccountTokenProjection } from '#api/core/v1/types.ts'
import type { Client } from '#client/client.ts'
import type { Instant } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'

export interface IssuedToken {
  readonly token: string
  /** These two by the node's own clock, which may be hours off the server's: how long the token is good is all that counts. */
  readonly issuedAt: Instant
  readonly expiresAt: Instant
  /** As the server said it, for who is told of it. */
  readonly expirationTimestamp?: string
}

/** Gives a token of the pod's service account, bound to the pod (KEP-1205). */
export type TokenSource = (pod: Pod, projection: ServiceAccountTokenProjection) => Promise<IssuedToken>

/** API docs, ServiceAccountTokenProjection.expirationSeconds. */
const defaultSeconds = 3600
const renewalShare = 0.8
const longestMs = 24 * 3600_000

/** When to ask for the next token: at 80 % of the life of this one, at the latest after a day (API docs, as above). */
export const renewalOf = (token: IssuedToken): Instant =>
  token.issuedAt + Math.min((token.expiresAt - token.issuedAt) * renewalShare, longestMs)

/** Tokens from the API server's TokenRequest. */
export function createTokenSource(client: Client, now: () => Instant): TokenSource {
  return async (pod, projection) => {
    const { name, namespace, uid } = pod.metadata
    const expirationSeconds = projection.expirationSeconds ?? defaultSeconds
    const account = pod.spec.serviceAccountName || 'default'
    const issuedAt = now()
    const answer = (await client.act(
      ServiceAccount,
      account,
      'token',
      {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: {
          audiences: projection.audience ? [projection.audience] : [],
          expirationSeconds,
          boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
        },
      },
      { namespace },
    )) as {
      readonly spec?: { readonly expirationSeconds?: number }
      readonly status?: { readonly token?: string; readonly expirationTimestamp?: string | null }
    }
    const { token, expirationTimestamp } = answer.status ?? {}
    if (!token) throw new WherryError('InternalError', `failed to fetch token: no token in the answer for service account ${account}`)
    const expiresAt = issuedAt + Number(answer.spec?.expirationSeconds ?? expirationSeconds) * 1000
    return { token, issuedAt, expiresAt, ...(expirationTimestamp && { expirationTimestamp }) }
  }
}
