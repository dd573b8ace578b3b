import { Secret } from '#api/core/v1/secret.ts'
import { ServiceAccount } from '#api/core/v1/service-account.ts'
import type { Cache, Controller } from '#loop/controller.ts'
import { keyOf, splitKey } from '../common/key.ts'
import { accountName, planToken, type TokenView } from './plan.ts'

/** Deletes the token Secrets of accounts that are gone. */
export const serviceAccountTokenController: Controller<TokenView> = {
  name: 'tokens-controller',
  sources: [
    { kind: Secret, keys: (secret: Secret) => (isToken(secret) ? [keyOf(secret)] : []) },
    {
      kind: ServiceAccount,
      keys: ({ metadata: { name, namespace, uid } }: ServiceAccount, cache: Cache) =>
        cache.get(ServiceAccount, name, namespace)?.metadata.uid === uid
          ? []
          : cache
              .list(Secret, namespace)
              .filter((secret) => isToken(secret) && secret.metadata.annotations?.[accountName] === name)
              .map(keyOf),
    },
  ],
  view: (key, cache) => {
    const { namespace, name } = splitKey(key)
    const secret = cache.get(Secret, name, namespace)
    if (secret === undefined || !isToken(secret)) return undefined
    return { secret, account: cache.get(ServiceAccount, secret.metadata.annotations?.[accountName] ?? '', namespace) }
  },
  plan: planToken,
}

const isToken = (secret: Secret): boolean => secret.type === 'kubernetes.io/service-account-token'
