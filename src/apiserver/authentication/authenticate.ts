import { WherryError } from '#lib/errors.ts'
import type { HttpRequest } from '#lib/http.ts'
import type { Authenticator, Caller, UserInfo } from '../contract.ts'

/** Groups that say only whether somebody proved who they are. */
export const authenticatedGroup = 'system:authenticated'
export const unauthenticatedGroup = 'system:unauthenticated'
export const anonymous: UserInfo = { name: 'system:anonymous', groups: [unauthenticatedGroup] }

export interface AuthenticationOptions {
  /** Asked in this order; the first that knows the caller decides. */
  readonly authenticators: readonly Authenticator[]
  /**
   * Which requests may go on without credentials, as `system:anonymous` (authorization then decides): `true` for all, or paths such as
   * `/livez`. The default of this house is health and version only.
   */
  readonly anonymous?: boolean | readonly string[]
}

/** What answers without credentials unless configured otherwise: health checks and the version. */
export const anonymousPaths: readonly string[] = ['/healthz', '/livez', '/readyz', '/version']

/**
 * Who asks. A caller inside the process brings a user whom the composition vouches for. Otherwise each authenticator is asked; where one
 * finds bad credentials another may still find good ones, as the reference does. Errors: `Unauthorized`, whose text never says why.
 */
export function createAuthentication(options: AuthenticationOptions): (request: HttpRequest, caller: Caller) => Promise<UserInfo> {
  const allowed = options.anonymous ?? anonymousPaths
  return async (request, caller) => {
    if (caller.user !== undefined) return withAuthenticatedGroup(caller.user)
    let refusal: unknown
    for (const authenticator of options.authenticators) {
      try {
        const user = await authenticator(request, caller)
        if (user !== undefined) return withAuthenticatedGroup(user)
      } catch (error) {
        refusal ??= error
      }
    }
    if (refusal === undefined && mayBeAnonymous(allowed, request.path)) return anonymous
    throw new WherryError('Unauthorized', 'Unauthorized', { cause: refusal })
  }
}

function mayBeAnonymous(allowed: boolean | readonly string[], target: string): boolean {
  if (typeof allowed === 'boolean') return allowed
  const path = target.split('?', 1)[0]!
  return allowed.some((root) => path === root || path.startsWith(`${root}/`))
}

/** Adds `system:authenticated`, unless the groups already say how the user came in. */
export function withAuthenticatedGroup(user: UserInfo): UserInfo {
  if (user.name === anonymous.name || user.groups.includes(authenticatedGroup) || user.groups.includes(unauthenticatedGroup)) return user
  return { ...user, groups: [...user.groups, authenticatedGroup] }
}
