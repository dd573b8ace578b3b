import { createHash } from 'node:crypto'
import type { JWTPayload } from 'jose'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { Secret } from '#api/core/v1/secret.ts'
import { ServiceAccount } from '#api/core/v1/service-account.ts'
import type { KubeObject } from '#api/kind.ts'
import type { Clock } from '#lib/clock.ts'
import { quote } from '#schema/go-text.ts'
import type { Notes, Objects, UserInfo } from '../contract.ts'
import { type TokenClaims, userOfClaims } from './claims.ts'
import type { TokenKeys } from './token-keys.ts'

/**
 * Who bears the token, and for which of the wanted audiences. Undefined: not a token of this sort. Throws an Error whose message is for
 * TokenReview; nobody else is told why a token was refused.
 */
export type TokenVerifier = (token: string, audiences: readonly string[], notes?: Notes) => Promise<VerifiedToken | undefined>

/** Whom a token is of. */
export interface VerifiedToken {
  readonly user: UserInfo
  /** Those of the wanted audiences that the token is for. */
  readonly audiences: readonly string[]
}

/** What sort of token was used. One of a Secret is `legacy`, and besides what the Secret makes of it. */
export type TokenUse = 'legacy' | 'legacy-auto' | 'legacy-invalid' | 'legacy-manual' | 'stale' | 'valid'

/** How tokens are verified, and who counts. */
export interface TokenVerifierOptions {
  readonly keys: TokenKeys
  readonly objects: Objects
  readonly clock: Clock
  /** Told of each use of a token. Absent: nobody counts. */
  readonly count?: (use: TokenUse) => void
}

/**
 * Verifies service-account tokens: signature, times (a minute of leeway), audience, and that all bound objects are still the same. Only the
 * signature is remembered, which cannot change: here a deleted pod's token is refused at once.
 */
export function createTokenVerifier({ keys, objects, clock, count }: TokenVerifierOptions): TokenVerifier {
  const signed = rememberSigned((token) => keys.verify(token, keys.issuers))
  return async (token, wanted, notes) => {
    const claims = ownClaims(await signed(token))
    if (claims === undefined) return undefined
    const audiences = grantedAudiences(claims.aud, wanted)
    const now = clock.now()
    checkTimes(claims, now)
    checkBoundObjects(claims, objects, now)
    const { warnafter } = claims['kubernetes.io']
    const isStale = warnafter !== undefined && now > warnafter * 1000
    if (warnafter !== undefined) count?.(isStale ? 'stale' : 'valid')
    if (isStale)
      notes?.annotate(
        'authentication.k8s.io/stale-token',
        `subject: ${claims.sub}, seconds after warning threshold: ${Math.floor(now / 1000) - warnafter}`,
      )
    return { user: userOfClaims(claims), audiences }
  }
}

/** The wanted audiences that a token is for. Throws an Error when there are none. */
function grantedAudiences(own: readonly string[], wanted: readonly string[]): readonly string[] {
  const granted = own.filter((audience) => wanted.includes(audience))
  if (granted.length === 0) throw new Error(`token audiences ${quoteAll(own)} is invalid for the target audiences ${quoteAll(wanted)}`)
  return granted
}

/** Checks each signature once. Bounded in number, so that tokens cannot fill the memory; what failed is not remembered. */
export function rememberSigned(
  verify: (token: string) => Promise<JWTPayload | undefined>,
): (token: string) => Promise<JWTPayload | undefined> {
  const known = new Map<string, JWTPayload>()
  return async (token) => {
    // Hashed, since a map of live credentials is a prize for whoever reads our memory.
    const key = createHash('sha256').update(token).digest('base64')
    const remembered = known.get(key)
    if (remembered !== undefined) return remembered
    const claims = await verify(token)
    if (claims === undefined) return undefined
    if (known.size >= signedMax) known.delete(known.keys().next().value!)
    known.set(key, claims)
    return claims
  }
}

const signedMax = 10_000
/** For clocks that differ (RFC 7519 section 4.1.4 allows "a few minutes"). */
const leewayMs = 60_000

function ownClaims(payload: JWTPayload | undefined): TokenClaims | undefined {
  const own = (payload as Partial<TokenClaims> | undefined)?.['kubernetes.io']
  if (typeof own !== 'object' || own === null || typeof own.namespace !== 'string' || typeof own.serviceaccount?.name !== 'string')
    return undefined
  const { aud } = payload!
  return { ...payload, aud: aud === undefined ? [] : typeof aud === 'string' ? [aud] : aud } as unknown as TokenClaims
}

function checkTimes(claims: TokenClaims, now: number): void {
  if (!Number.isFinite(claims.exp) || claims.exp * 1000 + leewayMs < now) throw new Error('service account token has expired')
  if (claims.nbf * 1000 - leewayMs > now) throw new Error('service account token is not valid yet')
  if (claims.iat * 1000 - leewayMs > now) throw new Error('service account token is issued in the future')
}

function checkBoundObjects(claims: TokenClaims, objects: Objects, now: number): void {
  const { namespace, serviceaccount, pod, secret, node } = claims['kubernetes.io']
  const account = objects.get(ServiceAccount, serviceaccount.name, namespace)
  if (account === undefined) throw new Error(`serviceaccounts ${quote(serviceaccount.name)} not found`)
  if (account.metadata.uid !== serviceaccount.uid)
    throw new Error(`service account UID (${account.metadata.uid}) does not match claim (${serviceaccount.uid})`)
  if (isGone(account, now)) throw new Error(`service account ${namespace}/${serviceaccount.name} has been deleted`)
  const bound = [
    ['secret', secret, secret && objects.get(Secret, secret.name, namespace)],
    ['pod', pod, pod && objects.get(Pod, pod.name, namespace)],
    // With a pod, the node is only told: it is not what the token hangs on.
    ['node', pod === undefined ? node : undefined, node && objects.get(Node, node.name)],
  ] as const
  for (const [what, ref, object] of bound) {
    if (ref === undefined) continue
    if (object === undefined) throw new Error('service account token has been invalidated')
    if (object.metadata.uid !== ref.uid)
      throw new Error(`${what} UID (${object.metadata.uid}) does not match service account ${what} ref claim (${ref.uid})`)
    if (isGone(object, now)) throw new Error('service account token has been invalidated')
  }
}

/** Being deleted for longer than clocks may differ; the deletion time of a pod already holds its grace. */
const isGone = (object: KubeObject, now: number): boolean => {
  const { deletionTimestamp } = object.metadata
  return typeof deletionTimestamp === 'string' && Date.parse(deletionTimestamp) < now - leewayMs
}

const quoteAll = (texts: readonly string[]): string => `[${texts.map(quote).join(' ')}]`
