import type { TokenReviewStatus } from '#api/authentication/v1/types.ts'
import type { Clock } from '#lib/clock.ts'
import type { TokenVerifier } from '../../tokens/token-verifier.ts'
import { cachedTokenVerifier } from '../cached-token-verifier.ts'
import type { ReviewWebhook } from './review-webhook.ts'

/** How tokens are reviewed by somebody else. */
export interface TokenWebhookOptions {
  readonly review: ReviewWebhook
  readonly clock: Clock
  /** What a token is for when the webhook does not say: the API server's own audiences. */
  readonly audiences: readonly string[]
  /** How long an answer holds; the reference's two minutes. */
  readonly ttlMs?: number
  /** Which form of TokenReview it speaks. */
  readonly version?: 'v1' | 'v1beta1'
}

/** Verifies tokens by asking a webhook (`TokenReview` of authentication.k8s.io). */
export function createTokenWebhookVerifier(options: TokenWebhookOptions): TokenVerifier {
  const { review, clock, ttlMs = 120_000, version = 'v1' } = options
  const ask: TokenVerifier = async (token, wanted) => {
    const answer = await review({
      apiVersion: `authentication.k8s.io/${version}`,
      kind: 'TokenReview',
      metadata: {},
      spec: { token, audiences: wanted },
      status: { user: {} },
    })
    const status = (answer.status ?? {}) as Partial<TokenReviewStatus>
    const granted = status.audiences?.length ? status.audiences : options.audiences
    const audiences = wanted.filter((audience) => granted.includes(audience))
    if (audiences.length === 0) return undefined
    if (status.authenticated !== true) {
      if (status.error) throw new Error(status.error)
      return undefined
    }
    const { username = '', uid, groups, extra } = status.user ?? {}
    return { user: { name: username, ...(uid && { uid }), groups: groups ?? [], ...(extra && { extra }) }, audiences }
  }
  return cachedTokenVerifier(ask, { clock, successTtlMs: ttlMs, failureTtlMs: ttlMs })
}
