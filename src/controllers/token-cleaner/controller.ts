import { Secret } from '#api/core/v1/secret.ts'
import type { Controller } from '#loop/controller.ts'
import { isBootstrapToken } from '../common/bootstrap-token.ts'
import { keyOf, splitKey } from '../common/key.ts'
import { planTokenCleaning, type TokenCleaningView } from './plan.ts'

/** Removes bootstrap tokens that have ended. */
export const tokenCleanerController: Controller<TokenCleaningView> = {
  name: 'token-cleaner',
  sources: [{ kind: Secret, keys: (secret: Secret) => (isBootstrapToken(secret) ? [keyOf(secret)] : []) }],
  view: (key, cache, now) => {
    const { namespace, name } = splitKey(key)
    const secret = cache.get(Secret, name, namespace)
    return secret !== undefined && isBootstrapToken(secret) ? { now, secret } : undefined
  },
  plan: planTokenCleaning,
}
