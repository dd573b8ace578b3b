import { Secret } from '#api/core/v1/secret.ts'
import type { Instant } from '#lib/clock.ts'
import { type Plan, settled } from '#loop/controller.ts'
import { tokenEndsAt } from '../common/bootstrap-token.ts'
import { targetOf } from '../common/commands.ts'

export interface TokenCleaningView {
  readonly now: Instant
  /** A bootstrap token. */
  readonly secret: Secret
}

/** Deletes a token when it has ended. */
export function planTokenCleaning({ now, secret }: TokenCleaningView): Plan {
  const endsAt = tokenEndsAt(secret)
  if (secret.metadata.deletionTimestamp !== undefined) return settled
  if (endsAt > now) return { commands: [], wakeAt: endsAt }
  // One that was given a later end meanwhile stays.
  return {
    commands: [{ do: 'delete', ...targetOf(Secret, secret), resourceVersion: secret.metadata.resourceVersion }],
    wakeAt: Infinity,
  }
}
