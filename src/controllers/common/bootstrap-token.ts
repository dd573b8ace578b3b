import type { Secret } from '#api/core/v1/secret.ts'
import type { Instant } from '#lib/clock.ts'

export const bootstrapTokenType = 'bootstrap.kubernetes.io/token'
export const bootstrapTokenNamespace = 'kube-system'

/** Whether the Secret is a token by which machines join the cluster, or meant to be one. */
export const isBootstrapToken = ({ type, metadata }: Secret): boolean =>
  type === bootstrapTokenType && metadata.namespace === bootstrapTokenNamespace

/** A value of the token's, as text; '' where it has none. */
export const tokenValue = ({ data }: Secret, key: string): string => Buffer.from(data?.[key] ?? '', 'base64').toString()

/** When the token ends. Without a time it has no end; a time that cannot be read is one that has passed. */
export function tokenEndsAt(secret: Secret): Instant {
  const text = tokenValue(secret, 'expiration')
  if (text === '') return Infinity
  const at = timeForm.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? -Infinity : at
}

/** RFC 3339. */
const timeForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/
