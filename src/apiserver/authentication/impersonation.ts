import { WherryError } from '#lib/errors.ts'
import type { HttpRequest } from '#lib/http.ts'
import { checkDns1123Subdomain, checkDomainPrefixedPath } from '#schema/formats.ts'
import { quote } from '#schema/go-text.ts'
import { forbiddenError } from '../authorization/forbidden.ts'
import type { Attributes, Authorizer, UserInfo } from '../contract.ts'
import { badRequest } from '../http/status.ts'
import { nodeNameKey, parseServiceAccountUser, serviceAccountGroups } from '../tokens/claims.ts'
import { anonymous, authenticatedGroup, unauthenticatedGroup } from './authenticate.ts'
import { firstValue, headerValues, prefixedValues } from './header-values.ts'

/** Who a request wants to be taken for: the `Impersonate-*` headers as they came, undefined when there are none. */
export interface WantedUser {
  readonly name: string
  readonly uid: string
  readonly groups: readonly string[]
  readonly extra: Readonly<Record<string, readonly string[]>>
}

/**
 * The user to go on with. With impersonation headers, the caller must be allowed to impersonate every part of the wanted user: first by one
 * of the constrained modes (KEP 5284: the caller may also be limited in what they do as that user), then by the plain verb `impersonate`.
 * `attributes` are the request's own, with the true caller. Errors: `Forbidden` with the first mode's refusal, `BadRequest` for headers
 * without a user name.
 */
export async function impersonate(request: HttpRequest, attributes: Attributes, authorize: Authorizer): Promise<UserInfo> {
  const wanted = wantedUser(request)
  if (wanted === undefined) return attributes.user
  const last = lastModes.get(authorize) ?? new Map<string, Mode>()
  lastModes.set(authorize, last)
  const { name } = attributes.user
  const first = last.get(name)
  let refusal: unknown
  for (const mode of first === undefined ? modes : [first, ...modes.filter((other) => other !== first)]) {
    if (!mode.fits(wanted, attributes.user)) continue
    try {
      const user = await tryMode(mode, wanted, attributes, authorize)
      if (!last.has(name) && last.size >= lastModesMax) last.delete(last.keys().next().value!)
      last.set(name, mode)
      return user
    } catch (error) {
      if (!(error instanceof WherryError)) throw error
      refusal ??= error
    }
  }
  throw refusal
}

/** Reads the headers. Errors: `BadRequest` when a group, uid or extra is wanted without a name. */
function wantedUser(request: Pick<HttpRequest, 'headers' | 'rawHeaders'>): WantedUser | undefined {
  if (!Object.keys(request.headers).some((name) => name.startsWith('impersonate-'))) return undefined
  const wanted = {
    // Of several the first counts, and not all of them joined.
    name: firstValue(request, 'impersonate-user'),
    uid: firstValue(request, 'impersonate-uid'),
    groups: headerValues(request, 'impersonate-group'),
    extra: prefixedValues(request, 'impersonate-extra-'),
  }
  if (wanted.name !== '') return wanted
  if (wanted.uid === '' && wanted.groups.length === 0 && Object.keys(wanted.extra).length === 0) return undefined
  throw badRequest(`requested ${goDump(wanted)} without impersonating a user name`)
}

/** True for headers that say who the caller is or wants to be: nobody behind the API server may see them. */
export const isCredentialHeader = (name: string): boolean => name === 'authorization' || name.startsWith('impersonate-')

interface Mode {
  /** '' for the plain verb. */
  readonly name: string
  readonly fits: (wanted: WantedUser, requestor: UserInfo) => boolean
}

/**
 * The mode by which a user last succeeded is tried first, so that nobody pays for modes that they do not use; it also decides which refusal is
 * shown, as in the reference. Kept by authorizer, since what one allows says nothing about another.
 */
const lastModes = new WeakMap<Authorizer, Map<string, Mode>>()
const lastModesMax = 10_000

/** From the narrowest to the plain one, as the reference tries them. */
const modes: readonly Mode[] = [
  { name: 'associated-node', fits: (wanted, requestor) => isOnlyName(wanted) && isOwnNode(requestor, wanted.name) },
  { name: 'arbitrary-node', fits: (wanted) => isOnlyName(wanted) && nodeOf(wanted.name) !== undefined },
  { name: 'serviceaccount', fits: (wanted) => isOnlyName(wanted) && parseServiceAccountUser(wanted.name) !== undefined },
  { name: 'user-info', fits: (wanted) => nodeOf(wanted.name) === undefined && parseServiceAccountUser(wanted.name) === undefined },
  { name: '', fits: () => true },
]

async function tryMode(mode: Mode, wanted: WantedUser, attributes: Attributes, authorize: Authorizer): Promise<UserInfo> {
  const isConstrained = mode.name !== ''
  const verb = isConstrained ? `impersonate:${mode.name}` : 'impersonate'
  const user = mode.name === 'associated-node' ? withoutExtra(attributes.user) : attributes.user
  const check = async (asked: Attributes) => {
    const decision = await authorize(asked)
    if (!decision.allowed) throw forbiddenError(asked, decision.reason)
  }
  if (isConstrained) await check({ ...attributes, user, verb: `impersonate-on:${mode.name}:${attributes.verb}` })
  // The plain mode asks for users and groups of the core group, the constrained ones for those of authentication.k8s.io.
  const names = { group: isConstrained ? 'authentication.k8s.io' : '', version: 'v1' }
  const ask = (part: Partial<Attributes>): Attributes => ({ ...impersonation, ...names, user, verb, ...part })
  const account = parseServiceAccountUser(wanted.name)
  const node = isConstrained ? nodeOf(wanted.name) : undefined
  if (account !== undefined) await check(ask({ resource: 'serviceaccounts', namespace: account.namespace, name: account.name }))
  else if (node !== undefined) await check(ask({ resource: 'nodes', name: mode.name === 'associated-node' ? '*' : node }))
  else await check(ask({ resource: 'users', name: wanted.name }))
  const fine = { group: 'authentication.k8s.io', version: 'v1' }
  if (wanted.uid !== '') await check(ask({ ...fine, resource: 'uids', name: wanted.uid }))
  await checkGroups(wanted.groups, isConstrained, ask, check)
  await checkExtra(wanted.extra, isConstrained, (part) => ask({ ...fine, ...part }), check)
  const groups = [
    ...(node !== undefined
      ? ['system:nodes']
      : account !== undefined && wanted.groups.length === 0
        ? serviceAccountGroups(account.namespace)
        : wanted.groups),
  ]
  if (wanted.name === anonymous.name) {
    if (!groups.includes(unauthenticatedGroup)) groups.push(unauthenticatedGroup)
  } else if (!groups.includes(unauthenticatedGroup) && !groups.includes(authenticatedGroup)) groups.push(authenticatedGroup)
  return {
    name: wanted.name,
    ...(wanted.uid !== '' && { uid: wanted.uid }),
    groups,
    ...(Object.keys(wanted.extra).length > 0 && { extra: wanted.extra }),
  }
}

type Ask = (part: Partial<Attributes>) => Attributes
type Check = (asked: Attributes) => Promise<void>

/** From this many on, one question about all of them is tried before one about each. */
const manyChecks = 4

async function checkGroups(groups: readonly string[], isConstrained: boolean, ask: Ask, check: Check): Promise<void> {
  if (groups.length === 0) return
  if (isConstrained) {
    if (groups.includes('')) throw forbiddenError(ask({ resource: 'groups' }), 'impersonating the empty string group is not allowed')
    if (groups.includes('system:masters'))
      throw forbiddenError(ask({ resource: 'groups', name: 'system:masters' }), 'impersonating the system:masters group is not allowed')
    if (groups.length >= manyChecks && (await passes(check, ask({ resource: 'groups', name: '*' })))) return
  }
  for (const name of groups) await check(ask({ resource: 'groups', name }))
}

async function checkExtra(extra: WantedUser['extra'], isConstrained: boolean, ask: Ask, check: Check): Promise<void> {
  const pairs = Object.entries(extra).flatMap(([key, values]) => values.map((value) => [key, value] as const))
  if (isConstrained && Object.keys(extra).length > 0) {
    for (const [key, values] of Object.entries(extra)) {
      const problem = extraProblem(key, values)
      if (problem !== undefined) throw forbiddenError(ask({ resource: 'userextras' }), problem)
    }
    if (pairs.length >= manyChecks && (await passes(check, ask({ resource: 'userextras', subresource: '*', name: '*' })))) return
  }
  for (const [subresource, name] of pairs) await check(ask({ resource: 'userextras', subresource, name }))
}

async function passes(check: Check, asked: Attributes): Promise<boolean> {
  try {
    await check(asked)
    return true
  } catch (error) {
    if (error instanceof WherryError) return false
    throw error
  }
}

function extraProblem(key: string, values: readonly string[]): string | undefined {
  if (key === '') return 'impersonating the empty string key in extra is not allowed'
  const [problem] = checkDomainPrefixedPath(key)
  if (problem !== undefined)
    return `impersonating an invalid key in extra is not allowed: extra.key: Invalid value: ${quote(key)}: ${problem[0]}`
  return values.includes('') ? 'impersonating the empty string value in extra is not allowed' : undefined
}

/** What a question about impersonation is like before its parts are filled in. */
const impersonation = { isResource: true, path: '', resource: '', subresource: '', namespace: '', name: '' }

const isOnlyName = (wanted: WantedUser): boolean =>
  wanted.uid === '' && wanted.groups.length === 0 && Object.keys(wanted.extra).length === 0

function nodeOf(user: string): string | undefined {
  if (!user.startsWith('system:node:')) return undefined
  const name = user.slice('system:node:'.length)
  return checkDns1123Subdomain(name).length === 0 ? name : undefined
}

function isOwnNode(requestor: UserInfo, user: string): boolean {
  const node = nodeOf(user)
  const own = requestor.extra?.[nodeNameKey]
  return node !== undefined && parseServiceAccountUser(requestor.name) !== undefined && own?.length === 1 && own[0] === node
}

/** The rule holds for the account wherever it runs, so an authorizer sees which facts are known of it, not the facts. */
const withoutExtra = (user: UserInfo): UserInfo => ({
  ...user,
  extra: { 'authentication.kubernetes.io/associated-node-keys': Object.keys(user.extra ?? {}).toSorted() },
})

/** How the reference prints the structure in its answer (Go's `%#v`). */
function goDump({ name, uid, groups, extra }: WantedUser): string {
  const strings = (values: readonly string[]) => `[]string{${values.map(quote).join(', ')}}`
  const keys = Object.keys(extra).toSorted()
  const extras = keys.length === 0 ? '(nil)' : `{${keys.map((key) => `${quote(key)}:${strings(extra[key]!)}`).join(', ')}}`
  return `&user.DefaultInfo{Name:${quote(name)}, UID:${quote(uid)}, Groups:${groups.length === 0 ? '[]string(nil)' : strings(groups)}, Extra:map[string][]string${extras}}`
}
