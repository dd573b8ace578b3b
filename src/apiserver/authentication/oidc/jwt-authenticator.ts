import type { JWTPayload } from 'jose'
import type { Program, Value } from '#lib/cel/cel.ts'
import { quote } from '#schema/go-text.ts'
import type { UserInfo } from '../../contract.ts'
import { credentialIdKey } from '../../tokens/claims.ts'
import { unverifiedIssuer } from '../../tokens/token-keys.ts'
import type { JWTAuthenticator } from '../configuration.ts'
import { createDistributedClaims } from './distributed-claims.ts'
import {
  type CompiledExpression,
  compileClaimRule,
  compileMapping,
  compileUserRule,
  runOnClaims,
  runOnUser,
  textsOf,
} from './expressions.ts'
import { createIssuerKeys, type IssuerKeys, type IssuerKeysOptions } from './issuer-keys.ts'

/** Verifies the tokens of one issuer, and makes users of them. */
export interface OidcAuthenticator {
  /** Undefined: not a token of this issuer. Throws an Error that says what is wrong with one that is. */
  authenticate(token: string): Promise<UserInfo | undefined>
  readonly keys: IssuerKeys
  close(): void
}

type Claims = Readonly<Record<string, unknown>>

/** `config` has been validated. */
export function createOidcAuthenticator(
  config: JWTAuthenticator,
  { outbound, clock, onProblem }: Pick<IssuerKeysOptions, 'outbound' | 'clock' | 'onProblem'>,
): OidcAuthenticator {
  const { url = '', discoveryURL, certificateAuthority, audiences = [] } = config.issuer
  const keys = createIssuerKeys({ outbound, clock, issuer: url, discoveryURL, certificateAuthority, onProblem })
  const { claim } = config.claimMappings.groups
  const check = (claims: JWTPayload) => checkClaims(claims, audiences, clock.now())
  const distributed = claim ? createDistributedClaims({ outbound, clock, claim, certificateAuthority, check }) : undefined
  const toUser = userMaker(config)
  return {
    keys,
    authenticate: async (token) => {
      const issuer = unverifiedIssuer(token)
      // Google's tokens of old leave out the scheme.
      if ((issuer === 'accounts.google.com' ? 'https://accounts.google.com' : issuer) !== url || token.length > tokenLengthMax)
        return undefined
      const claims = await keys.verify(token)
      check(claims)
      return toUser((await distributed?.expand(claims)) ?? claims)
    },
    close: () => {
      keys.close()
      distributed?.close()
    },
  }
}

/** Larger than any that an issuer gives, and no more than headers may be. */
const tokenLengthMax = 32_768
/** For an issuer's clock that is ahead of ours. */
const leewayMs = 5 * 60_000

function checkClaims(claims: JWTPayload, audiences: readonly string[], now: number): void {
  const given = claims.aud === undefined ? [] : typeof claims.aud === 'string' ? [claims.aud] : claims.aud
  if (!given.some((audience) => audiences.includes(audience)))
    throw new Error(
      audiences.length === 1
        ? `oidc: verify token: oidc: expected audience ${quote(audiences[0]!)} got [${given.map(quote).join(' ')}]`
        : `oidc: verify token: oidc: expected audience in [${audiences.toSorted().map(quote).join(' ')}] got [${given.map(quote).join(' ')}]`,
    )
  const { exp, nbf } = claims
  if (typeof exp !== 'number' || exp * 1000 < now)
    throw new Error(`oidc: verify token: oidc: token is expired (Token Expiry: ${timeText(exp)})`)
  if (typeof nbf === 'number' && nbf * 1000 > now + leewayMs)
    throw new Error(`oidc: verify token: oidc: current time ${timeText(now / 1000)} before the nbf (not before) time: ${timeText(nbf)}`)
}

/** As Go prints a time. */
const timeText = (seconds: number | undefined): string =>
  seconds === undefined
    ? '0001-01-01 00:00:00 +0000 UTC'
    : `${new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`

/** What the configuration says of users, compiled once. */
function userMaker(config: JWTAuthenticator): (claims: Claims) => UserInfo {
  const { username, groups, uid, extra = [] } = config.claimMappings
  const usernameProgram = username.expression ? programOf(compileMapping(username.expression)) : undefined
  const groupsProgram = groups.expression ? programOf(compileMapping(groups.expression)) : undefined
  const uidProgram = uid.expression ? programOf(compileMapping(uid.expression)) : undefined
  const extras = extra.map(({ key = '', valueExpression = '' }) => ({ key, program: programOf(compileMapping(valueExpression)) }))
  const required = (config.claimValidationRules ?? []).filter(({ claim }) => claim)
  const claimRules = (config.claimValidationRules ?? [])
    .filter(({ expression }) => expression)
    .map(({ expression = '', message = '' }) => ({ program: programOf(compileClaimRule(expression)), message }))
  const userRules = (config.userValidationRules ?? []).map(({ expression = '', message = '' }) => ({
    program: programOf(compileUserRule(expression)),
    message,
  }))

  return (claims) => {
    const name = usernameProgram === undefined ? claimedName(claims, username) : mappedName(usernameProgram, claims)
    const claimed = groups.claim ? claimedGroups(claims, groups.claim, groups.prefix ?? '') : undefined
    const groupList = claimed ?? (groupsProgram === undefined ? [] : mapped('group', () => textsOf(runOnClaims(groupsProgram, claims))))
    const uidText = uid.claim
      ? textClaim(claims, uid.claim, `oidc: parse uid claim ${quote(uid.claim)}`)
      : uidProgram && mappedUid(uidProgram, claims)
    const facts: Record<string, readonly string[]> = {}
    if (typeof claims['jti'] === 'string' && claims['jti'] !== '') facts[credentialIdKey] = [`JTI=${claims['jti']}`]
    for (const { key, program } of extras) {
      const value = runOnClaims(program, claims)
      const texts = mapped('extra', () => textsOf(value), program.source)
      if (texts.length > 0) facts[key] = texts
    }
    for (const { claim = '', requiredValue = '' } of required) checkRequired(claims, claim, requiredValue)
    for (const { program, message } of claimRules)
      checkRule('claim validation expression', message, program, () => runOnClaims(program, claims))
    const user: UserInfo = {
      name,
      ...(uidText && { uid: uidText }),
      groups: groupList,
      ...(Object.keys(facts).length > 0 && { extra: facts }),
    }
    for (const { program, message } of userRules) checkRule('user info validation rule', message, program, () => runOnUser(program, user))
    return user
  }
}

function programOf(result: CompiledExpression): Program {
  if ('problem' in result) throw new Error(result.problem)
  return result.program
}

function claimedName(claims: Claims, { claim = '', prefix }: JWTAuthenticator['claimMappings']['username']): string {
  const name = textClaim(claims, claim, `oidc: parse username claims ${quote(claim)}`)
  if (claim === 'email' && Object.hasOwn(claims, 'email_verified')) {
    if (typeof claims['email_verified'] !== 'boolean') throw new Error("oidc: parse 'email_verified' claim: it is no boolean")
    if (!claims['email_verified']) throw new Error('oidc: email not verified')
  }
  return `${prefix ?? ''}${name}`
}

function mappedName(program: Program, claims: Claims): string {
  const value = mapped('username', () => runOnClaims(program, claims))
  if (typeof value !== 'string')
    throw new Error('oidc: error evaluating username claim expression: username claim expression must return a string')
  if (value === '') throw new Error('oidc: empty username via CEL expression is not allowed')
  return value
}

function mappedUid(program: Program, claims: Claims): string {
  const value = mapped('uid', () => runOnClaims(program, claims))
  if (typeof value !== 'string') throw new Error('oidc: error evaluating uid claim expression: uid claim expression must return a string')
  return value
}

function claimedGroups(claims: Claims, claim: string, prefix: string): readonly string[] | undefined {
  if (!Object.hasOwn(claims, claim)) return undefined
  const value = claims[claim]
  const groups = typeof value === 'string' ? [value] : value
  if (!Array.isArray(groups) || !groups.every((group) => typeof group === 'string'))
    throw new Error(`oidc: parse groups claim ${quote(claim)}: it is neither a text nor a list of texts`)
  return groups.map((group) => `${prefix}${group}`)
}

function textClaim(claims: Claims, claim: string, what: string): string {
  if (!Object.hasOwn(claims, claim)) throw new Error(`${what}: claim not present`)
  const value = claims[claim]
  if (typeof value !== 'string') throw new Error(`${what}: it is no text`)
  return value
}

function checkRequired(claims: Claims, claim: string, value: string): void {
  if (!Object.hasOwn(claims, claim)) throw new Error(`oidc: required claim ${claim} not present in ID token`)
  const given = textClaim(claims, claim, `oidc: parse claim ${claim}`)
  if (given !== value) throw new Error(`oidc: required claim ${claim} value does not match. Got = ${given}, want = ${value}`)
}

function checkRule(what: string, message: string, program: Program, run: () => Value): void {
  let value: Value
  try {
    value = run()
  } catch (error) {
    throw new Error(`oidc: error evaluating ${what}: ${textOf(error)}`)
  }
  if (value !== true) throw new Error(`oidc: error evaluating ${what}: validation expression '${program.source}' failed: ${message}`)
}

function mapped<T>(what: string, run: () => T, source?: string): T {
  try {
    return run()
  } catch (error) {
    throw new Error(`oidc: error evaluating ${what} claim expression: ${source === undefined ? '' : `${source}: `}${textOf(error)}`)
  }
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
