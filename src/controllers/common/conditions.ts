import type { Instant } from '#lib/clock.ts'
import { rfc3339 } from '#lib/rfc3339.ts'

/** What all conditions of the API have in common (API conventions, "Typical status properties"). */
export interface Condition {
  readonly type: string
  readonly status: string
  readonly reason?: string | undefined
  readonly message?: string | undefined
  readonly lastTransitionTime: string | null
}

export const conditionOf = <C extends { readonly type: string }>(conditions: readonly C[] | undefined, type: string): C | undefined =>
  conditions?.find((condition) => condition.type === type)

export const withoutCondition = <C extends { readonly type: string }>(conditions: readonly C[] | undefined, type: string): C[] =>
  (conditions ?? []).filter((condition) => condition.type !== type)

/** The condition with the new content; the transition's time moves only when the status does. Undefined: nothing changed. */
export function changedCondition<C extends Condition>(
  present: C | undefined,
  next: Omit<C, 'lastTransitionTime'>,
  now: Instant,
): C | undefined {
  if (present?.status === next.status && present.reason === next.reason && present.message === next.message) return undefined
  const lastTransitionTime = present?.status === next.status ? present.lastTransitionTime : rfc3339(now)
  return { ...present, ...next, lastTransitionTime } as C
}
