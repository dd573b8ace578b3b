import { ConfigMap } from '#api/core/v1/config-map.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { podReferences } from '#api/core/v1/pod-references.ts'
import { Secret } from '#api/core/v1/secret.ts'
import { ServiceAccount } from '#api/core/v1/service-account.ts'
import type { Cache, Controller } from '#loop/controller.ts'
import { keyFor, keyOf, splitKey } from '../common/key.ts'
import { isTracking, trackingOf } from '../common/legacy-token-tracking.ts'
import { accountName } from '../service-account-token/plan.ts'
import { type CleaningView, isToken, planCleaning } from './plan.ts'

/** Marks tokens in Secrets that were made unasked and that nobody has used for `unusedMs`, and deletes them as long after that. */
export const legacyServiceAccountTokenCleanerController = (unusedMs: number): Controller<CleaningView> => ({
  name: 'legacy-service-account-token-cleaner',
  sources: [
    { kind: Secret, keys: (secret: Secret) => (isToken(secret) ? [keyOf(secret)] : []) },
    {
      kind: ServiceAccount,
      keys: ({ metadata: { namespace }, secrets = [] }: ServiceAccount) => secrets.map(({ name = '' }) => keyFor(namespace, name)),
    },
    {
      kind: ConfigMap,
      keys: (configMap: ConfigMap, cache: Cache) => (isTracking(configMap) ? cache.list(Secret).filter(isToken).map(keyOf) : []),
    },
    {
      kind: Pod,
      // A pod that comes holds nothing up that is not looked at anyway; one that is gone holds nothing up any more.
      keys: (pod: Pod, _cache: Cache, previous: Pod | undefined) =>
        previous === pod ? podReferences(pod).secrets.map((name) => keyFor(pod.metadata.namespace, name)) : [],
    },
  ],
  view: (key, cache, now) => {
    const { namespace, name } = splitKey(key)
    const secret = cache.get(Secret, name, namespace)
    if (secret === undefined || !isToken(secret)) return undefined
    return {
      secret,
      account: cache.get(ServiceAccount, secret.metadata.annotations?.[accountName] ?? '', namespace),
      trackedSince: trackingOf(cache)?.data?.['since'],
      isMounted: () => cache.list(Pod, namespace).some((pod) => podReferences(pod).secrets.includes(name)),
      unusedMs,
      now,
    }
  },
  plan: planCleaning,
})
