import type { Clock } from '#lib/clock.ts'
import type { KubeletUser } from './authentication.ts'
import { boundedCache } from './bounded-cache.ts'
import type { KubeletAttributes } from './request-attributes.ts'

export type Authorize = (user: KubeletUser, attributes: KubeletAttributes) => Promise<boolean>

/** The API server's own identity towards kubelets: its client certificate's name by custom (kubeadm). */
export const apiServerUser = 'kube-apiserver-kubelet-client'

/** KubeletConfiguration.authorization.webhook.cacheAuthorizedTTL and cacheUnauthorizedTTL. */
const defaultAllowedMs = 300_000
const defaultDeniedMs = 30_000
const maxEntries = 1000

/** Asks the API server (SubjectAccessReview) for each subresource until one is allowed. The API server itself is let in without asking it. */
export function createAuthorize(options: {
  readonly review: (user: KubeletUser, verb: string, subresource: string) => Promise<boolean>
  readonly clock: Clock
  readonly allowedMs?: number
  readonly deniedMs?: number
}): Authorize {
  const { allowedMs = defaultAllowedMs, deniedMs = defaultDeniedMs } = options
  const cache = boundedCache<boolean>(options.clock, maxEntries)
  return async (user, { verb, subresources }) => {
    // A name in a token may come from elsewhere; the certificate was signed by the cluster's own CA.
    if (user.by === 'certificate' && user.name === apiServerUser) return true
    for (const subresource of subresources) {
      const key = JSON.stringify([user.name, user.uid, user.groups, user.extra, verb, subresource])
      let allowed = cache.get(key)
      if (allowed === undefined) {
        allowed = await options.review(user, verb, subresource)
        cache.set(key, allowed, allowed ? allowedMs : deniedMs)
      }
      if (allowed) return true
    }
    return false
  }
}
