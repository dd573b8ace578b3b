import type { TokenReview } from '#api/authentication/v1/types.ts'
import type { KubeObject } from '#api/kind.ts'
import type { Clock } from '#lib/clock.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import type { SubresourceHandler, UserInfo } from '../contract.ts'
import { badRequest } from '../http/status.ts'
import type { VerifiedToken } from '../tokens/token-verifier.ts'
import { withAuthenticatedGroup } from './authenticate.ts'

/** How TokenReviews are answered. */
export interface AuthenticationReviewOptions {
  /** See `anyToken`. */
  readonly verifyToken: (token: string, audiences: readonly string[]) => Promise<VerifiedToken>
  /** What a token is checked for when the review names no audience: those of the API server. */
  readonly audiences: readonly string[]
  readonly clock: Clock
}

/** Answers to the kinds of authentication.k8s.io; keyed and called like `accessReviewHandlers`. */
export function authenticationReviewHandlers(options: AuthenticationReviewOptions): Readonly<Record<string, SubresourceHandler>> {
  return {
    'authentication.k8s.io/tokenreviews': async ({ body }) => {
      const review = body as Partial<TokenReview>
      const token = review.spec?.token ?? ''
      if (token === '') throw badRequest('token is required for TokenReview in authentication')
      const asked = review.spec?.audiences ?? []
      const status = await reviewToken(token, asked.length > 0 ? asked : options.audiences, options)
      return { ...review, metadata: review.metadata ?? {}, status } as unknown as KubeObject
    },
    'authentication.k8s.io/selfsubjectreviews': async ({ attributes }) =>
      ({
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'SelfSubjectReview',
        metadata: { creationTimestamp: rfc3339(options.clock.now()) },
        status: { userInfo: shown(attributes.user) },
      }) as unknown as KubeObject,
  }
}

async function reviewToken(token: string, audiences: readonly string[], options: AuthenticationReviewOptions): Promise<object> {
  try {
    const result = await options.verifyToken(token, audiences)
    return { authenticated: true, user: shown(withAuthenticatedGroup(result.user)), audiences: result.audiences }
  } catch (error) {
    return { user: {}, error: error instanceof Error ? error.message : String(error) }
  }
}

const shown = ({ name, uid, groups, extra }: UserInfo): object => ({
  username: name,
  ...(uid !== undefined && uid !== '' && { uid }),
  groups: [...groups],
  ...(extra !== undefined && Object.keys(extra).length > 0 && { extra }),
})
