import type { Authorizer } from '../contract.ts'

/** Whoever is in this group may do everything, whatever roles say: the way back in when they are broken. */
export const mastersGroup = 'system:masters'

/** Allows `system:masters`, has no opinion on others. */
export const mastersAuthorizer: Authorizer = async ({ user }) => ({ allowed: user.groups.includes(mastersGroup), reason: '' })

/**
 * The first authorizer that allows or denies decides. Where none does, the request is refused, with all their reasons, or fails with their
 * errors.
 */
export function anyAuthorizer(...authorizers: readonly Authorizer[]): Authorizer {
  return async (attributes) => {
    const reasons: string[] = []
    const errors: string[] = []
    for (const authorizer of authorizers) {
      const decision = await authorizer(attributes)
      if (decision.allowed || decision.denied === true) return decision
      if (decision.reason !== '') reasons.push(decision.reason)
      if (decision.error !== undefined) errors.push(decision.error)
    }
    const reason = reasons.join('\n')
    return errors.length === 0 ? { allowed: false, reason } : { allowed: false, reason, error: aggregated(errors) }
  }
}

/** Several errors as the reference tells them at once. */
export const aggregated = (errors: readonly string[]): string => {
  const each = [...new Set(errors)]
  return each.length === 1 ? each[0]! : `[${each.join(', ')}]`
}
