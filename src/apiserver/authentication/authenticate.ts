import { WherryError } from '#lib/errors.ts'
import type { HttpRequest } from '#lib/http.ts'
import type { Authenticator, Caller, Notes, UserInfo } from '../contract.ts'
import { pathOf } from '../http/request-info.ts'

/** Groups that say only whether somebody proved who they are. */
export const authenticatedGroup = 'system:authenticated'
/** The group of everybody who showed no credentials. */
export const unauthenticatedGroup = 'system:unauthenticated'
/** Who asks without credentials. */
export const anonymous: UserInfo = { name: 'system:anonymous', groups: [unauthenticatedGroup] }

/**
 * Which requests may go on without credentials, as `system:anonymous`, for authorization to decide: all (the reference's default), those for
 * health and version (this house's), none, or those for exactly these paths (`anonymous.conditions` of an AuthenticationConfiguration).
 */
export type AnonymousAccess = 'all' | 'health' | 'none' | readonly string[]

/** Who is asked for the caller, and what callers without credentials may try. */
export interface AuthenticationOptions {
  /** Asked in this order; the first that knows the caller decides. */
  readonly authenticators: readonly Authenticator[]
  /** Absent: `health`. A function is asked at each such request, since a configuration file may change. */
  readonly anonymous?: AnonymousAccess | (() => AnonymousAccess)
}

/** What answers without credentials unless configured otherwise: health checks and the version. */
const anonymousPaths: readonly string[] = ['/healthz', '/livez', '/readyz', '/version']

/**
 * Who asks. A caller inside the process brings a user whom the composition vouches for. Otherwise each authenticator is asked; where one
 * finds bad credentials another may still find good ones, as the reference does. Errors: `Unauthorized`, whose text never says why.
 */
export function createAuthentication(
  options: AuthenticationOptions,
): (request: HttpRequest, caller: Caller, notes?: Notes) => Promise<UserInfo> {
  const { authenticators, anonymous: access = 'health' } = options
  return async (request, caller, notes) => {
    if (caller.user !== undefined) return withAuthenticatedGroup(caller.user)
    let refusal: unknown
    for (const authenticator of authenticators) {
      try {
        const user = await authenticator(request, caller, notes)
        if (user !== undefined) return withAuthenticatedGroup(user)
      } catch (error) {
        refusal ??= error
      }
    }
    if (refusal === undefined && mayBeAnonymous(typeof access === 'function' ? access() : access, request.path)) return anonymous
    throw new WherryError('Unauthorized', 'Unauthorized', { cause: refusal })
  }
}

function mayBeAnonymous(access: AnonymousAccess, target: string): boolean {
  if (access === 'all' || access === 'none') return access === 'all'
  const path = pathOf(target)
  if (access !== 'health') return access.includes(path)
  return anonymousPaths.some((root) => path === root || path.startsWith(`${root}/`))
}

/** Adds `system:authenticated`, unless the groups already say how the user came in. The same user gives the same answer, for those who remember by it. */
export function withAuthenticatedGroup(user: UserInfo): UserInfo {
  const known = whole.get(user)
  if (known !== undefined) return known
  const isWhole = user.name === anonymous.name || user.groups.includes(authenticatedGroup) || user.groups.includes(unauthenticatedGroup)
  const made = isWhole ? user : { ...user, groups: [...user.groups, authenticatedGroup] }
  whole.set(user, made)
  return made
}

const whole = new WeakMap<UserInfo, UserInfo>()
