import { Secret } from '#api/core/v1/secret.ts'
import type { ServiceAccount } from '#api/core/v1/service-account.ts'
import type { Instant } from '#lib/clock.ts'
import { type Plan, settled } from '#loop/controller.ts'
import { targetOf } from '../common/commands.ts'
import { dayMs, dayOf, parseDay } from '../common/legacy-token-tracking.ts'
import { accountUid } from '../service-account-token/plan.ts'

export interface CleaningView {
  readonly secret: Secret
  /** The account that the Secret names, whatever its uid. */
  readonly account: ServiceAccount | undefined
  /** The day from which on uses are noted. */
  readonly trackedSince: string | undefined
  /** Whether a pod of the namespace names the Secret; asked last, since all its pods are looked at. */
  readonly isMounted: () => boolean
  /** How long a token has to be unused before it is marked, and marked before it is deleted. */
  readonly unusedMs: number
  readonly now: Instant
}

export const isToken = (secret: Secret): boolean => secret.type === 'kubernetes.io/service-account-token'

const lastUsedLabel = 'kubernetes.io/legacy-token-last-used'
const invalidSinceLabel = 'kubernetes.io/legacy-token-invalid-since'

/**
 * First marks, then deletes a token that was made unasked, as clusters before v1.24 did (KEP-2799). A marked one is refused by the API server;
 * who still needs it takes the label away. What cannot be judged (a day that is none, an account that does not name the Secret) stays.
 */
export function planCleaning(view: CleaningView): Plan {
  const { secret, account, now } = view
  const { labels = {}, deletionTimestamp } = secret.metadata
  if (deletionTimestamp !== undefined || !isOf(secret, account)) return settled
  const unusedFrom = whenUnused(view)
  if (now < unusedFrom) return { commands: [], wakeAt: unusedFrom }
  // Who asks again is the pod: when it goes.
  if (view.isMounted()) return settled
  const invalidSince = parseDay(labels[invalidSinceLabel])
  if (invalidSince === undefined) return { commands: [mark(secret, now)], wakeAt: Infinity }
  const deleteFrom = invalidSince + dayMs + view.unusedMs
  if (now < deleteFrom) return { commands: [], wakeAt: deleteFrom }
  const { resourceVersion } = secret.metadata
  return { commands: [{ do: 'delete', ...targetOf(Secret, secret), resourceVersion }], wakeAt: Infinity }
}

/** Made unasked: the account itself names it. */
function isOf(secret: Secret, account: ServiceAccount | undefined): boolean {
  const uid = secret.metadata.annotations?.[accountUid] ?? ''
  if (account === undefined || (uid !== '' && uid !== account.metadata.uid)) return false
  return (account.secrets ?? []).some(({ name }) => name === secret.metadata.name)
}

/** From when on it has been unused for long enough. A day counts to its end; what is no day never has an end. */
function whenUnused({ secret: { metadata }, trackedSince, unusedMs }: CleaningView): Instant {
  const { labels = {}, creationTimestamp } = metadata
  const lastUsed = labels[lastUsedLabel]
  const used = lastUsed === undefined ? -Infinity : (parseDay(lastUsed) ?? Infinity) + dayMs
  const tracked = (parseDay(trackedSince) ?? Infinity) + dayMs
  return Math.max(used, tracked, Date.parse(creationTimestamp) + 1) + unusedMs
}

const mark = (secret: Secret, now: Instant) =>
  ({ do: 'patch', ...targetOf(Secret, secret), body: { metadata: { labels: { [invalidSinceLabel]: dayOf(now) } } } }) as const
