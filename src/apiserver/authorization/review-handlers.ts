import { type AuthenticationReviewOptions, authenticationReviewHandlers } from '../authentication/authentication-reviews.ts'
import type { Authorizer, SubresourceHandler } from '../contract.ts'
import { accessReviewHandlers } from './access-reviews.ts'
import type { Rbac } from './rbac.ts'

/**
 * Handlers of all reviews: kinds whose only verb is `create` and that are answered instead of stored. Keyed by `${group}/${plural}`. The core,
 * having decoded, authorized and admitted such a create, looks its handler up here and calls it with the review as `call.body` (and as
 * `call.object`, since there is no stored parent); it answers 201 with the object returned.
 */
export function reviewHandlers(
  options: AuthenticationReviewOptions & {
    readonly authorize: Authorizer
    readonly rbac: Rbac
    readonly unlisted?: () => readonly string[]
  },
): Readonly<Record<string, SubresourceHandler>> {
  return { ...authenticationReviewHandlers(options), ...accessReviewHandlers(options.authorize, options.rbac, options.unlisted) }
}
