import { Secret } from '#api/core/v1/secret.ts'
import { ServiceAccount } from '#api/core/v1/service-account.ts'
import type { Cache, Controller } from '#loop/controller.ts'
import { keyOf, splitKey } from '../common/key.ts'
import { accountName, type GoneSecretView, type IssueToken, planToken, type TokenView } from './plan.ts'

/** What is filled into a Secret: the token, and by whom (PEM) its bearer knows the API server. */
export interface TokenContent {
  readonly issue: IssueToken
  readonly rootCa: string
}

/** Fills the token Secrets of living accounts, and deletes those of accounts that are gone. Without `content` nothing is filled in. */
export const serviceAccountTokenController = (content?: TokenContent): Controller<TokenView | GoneSecretView> => ({
  name: 'tokens-controller',
  sources: [
    { kind: Secret, keys: (secret: Secret) => (isToken(secret) ? [keyOf(secret)] : []) },
    {
      kind: ServiceAccount,
      keys: ({ metadata: { name, namespace, uid } }: ServiceAccount, cache: Cache) =>
        // A living account matters to those Secrets that wait for it.
        cache
          .list(Secret, namespace)
          .filter((secret) => isToken(secret) && secret.metadata.annotations?.[accountName] === name)
          .filter((secret) => cache.get(ServiceAccount, name, namespace)?.metadata.uid !== uid || !secret.data?.['token'])
          .map(keyOf),
    },
  ],
  view: (key, cache) => {
    const { namespace, name } = splitKey(key)
    const secret = cache.get(Secret, name, namespace)
    if (secret === undefined) {
      const accounts = cache
        .list(ServiceAccount, namespace)
        .filter(({ secrets = [] }) => secrets.some((reference) => reference.name === name))
      return accounts.length === 0 ? undefined : { about: 'gone', name, accounts }
    }
    if (!isToken(secret)) return undefined
    const account = cache.get(ServiceAccount, secret.metadata.annotations?.[accountName] ?? '', namespace)
    return { about: 'secret', secret, account, ...content }
  },
  plan: planToken,
})

const isToken = (secret: Secret): boolean => secret.type === 'kubernetes.io/service-account-token'
