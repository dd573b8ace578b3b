import { timingSafeEqual } from 'node:crypto'
import { Secret } from '#api/core/v1/secret.ts'
import type { Clock } from '#lib/clock.ts'
import type { Objects } from '../contract.ts'
import type { TokenVerifier } from '../tokens/token-verifier.ts'

/** Whoever joins a machine to the cluster has such a token: six letters that name it, a dot, and sixteen that are secret. */
const form = /^([a-z0-9]{6})\.([a-z0-9]{16})$/
const secretType = 'bootstrap.kubernetes.io/token'
const bootstrappers = 'system:bootstrappers'
const groupForm = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/

/**
 * Verifies bootstrap tokens: Secrets of `kube-system` named `bootstrap-token-<id>` that are meant for authentication and have not ended. Such
 * tokens are for the API server's own audiences. A token that does not hold is no token of this sort, so nobody learns which ids exist.
 */
export function createBootstrapTokenVerifier(options: {
  readonly objects: Objects
  readonly clock: Clock
  readonly audiences: readonly string[]
}): TokenVerifier {
  return async (token, wanted) => {
    const match = form.exec(token)
    if (match === null) return undefined
    const [, id, given] = match as unknown as [string, string, string]
    const secret = options.objects.get(Secret, `bootstrap-token-${id}`, 'kube-system') as Secret | undefined
    if (secret === undefined || secret.metadata.deletionTimestamp !== undefined || secret.type !== secretType) return undefined
    const value = (key: string) => Buffer.from(secret.data?.[key] ?? '', 'base64').toString()
    if (!same(value('token-secret'), given) || value('token-id') !== id) return undefined
    if (hasEnded(value('expiration'), options.clock.now()) || value('usage-bootstrap-authentication') !== 'true') return undefined
    const groups = groupsOf(value('auth-extra-groups'))
    const audiences = options.audiences.filter((audience) => wanted.includes(audience))
    if (groups === undefined || audiences.length === 0) return undefined
    return { user: { name: `system:bootstrap:${id}`, groups }, audiences }
  }
}

function same(kept: string, given: string): boolean {
  const [a, b] = [Buffer.from(kept), Buffer.from(given)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** Without a time a token has no end; a time that cannot be read is one that has passed. */
function hasEnded(expiration: string, now: number): boolean {
  if (expiration === '') return false
  const at = timeForm.test(expiration) ? Date.parse(expiration) : Number.NaN
  return !(at > now)
}

/** RFC 3339. */
const timeForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/

/** The group of all, and those that the Secret adds; undefined when one of them is none that such a token may give. */
function groupsOf(text: string): readonly string[] | undefined {
  const more = text === '' ? [] : text.split(',')
  if (!more.every((group) => groupForm.test(group))) return undefined
  return [...new Set([bootstrappers, ...more])].toSorted()
}
