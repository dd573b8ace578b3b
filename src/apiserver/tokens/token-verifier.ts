import { createHash } from 'node:crypto'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { Secret } from '#api/core/v1/secret.ts'
import { ServiceAccount } from '#api/core/v1/service-account.ts'
import type { KubeObject } from '#api/kind.ts'
import type { Clock } from '#lib/clock.ts'
import { quote } from '#schema/go-text.ts'
import type { Objects, UserInfo } from '../contract.ts'
import { type TokenClaims, userOfClaims } from './claims.ts'
import type { TokenKeys } from './token-keys.ts'

/**
 * Who bears the token, and for which of the wanted audiences. Undefined: not a token of this sort. Throws an Error whose message is for
 * TokenReview; nobody else is told why a token was refused.
 */
export type TokenVerifier = (token: string, audiences: readonly string[]) => Promise<VerifiedToken | undefined>

export interface VerifiedToken {
  readonly user: UserInfo
  /** Those of the wanted audiences that the token is for. */
  readonly audiences: readonly string[]
}

export interface TokenVerifierOptions {
  readonly keys: TokenKeys
  readonly objects: Objects
  readonly clock: Clock
  /**
   * How long a success is trusted without looking at the bound objects again; the reference's 10 s. 0: never. Bounded in number, so that
   * tokens cannot fill the memory.
   */
  readonly successTtlMs?: number
}

/** Verifies service-account tokens: signature, times (a minute of leeway), audience, and that all bound objects are still the same. */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const { keys, clock } = options
  const ttlMs = options.successTtlMs ?? 10_000
  const successes = new Map<string, { readonly until: number; readonly result: VerifiedToken }>()
  return async (token, wanted) => {
    // Hashed, since a map of live credentials is a prize for whoever reads our memory.
    const key = createHash('sha256')
      .update(`${wanted.join('\n')}\0${token}`)
      .digest('base64')
    const known = successes.get(key)
    if (known !== undefined && clock.monotonicMs() < known.until) return known.result
    successes.delete(key)
    const claims = await keys.verify(token)
    if (claims === undefined) return undefined
    const audiences = claims.aud.filter((audience) => wanted.includes(audience))
    if (audiences.length === 0)
      throw new Error(`token audiences ${quoteAll(claims.aud)} is invalid for the target audiences ${quoteAll(wanted)}`)
    checkTimes(claims, clock.now())
    checkBoundObjects(claims, options.objects, clock.now())
    const result = { user: userOfClaims(claims), audiences }
    const lifeMs = Math.min(ttlMs, claims.exp * 1000 - clock.now())
    if (lifeMs > 0) {
      if (successes.size >= successesMax) successes.delete(successes.keys().next().value!)
      successes.set(key, { until: clock.monotonicMs() + lifeMs, result })
    }
    return result
  }
}

const successesMax = 10_000
/** For clocks that differ (RFC 7519 section 4.1.4 allows "a few minutes"). */
const leewayMs = 60_000

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
    if (object === undefined || isGone(object, now)) throw new Error('service account token has been invalidated')
    if (object.metadata.uid !== ref.uid)
      throw new Error(
        `${what === 'secret' ? 'secret' : what} UID (${object.metadata.uid}) does not match service account ${what} ref claim (${ref.uid})`,
      )
  }
}

/** Being deleted for longer than clocks may differ; the deletion time of a pod already holds its grace. */
const isGone = (object: KubeObject, now: number): boolean => {
  const { deletionTimestamp } = object.metadata
  return typeof deletionTimestamp === 'string' && Date.parse(deletionTimestamp) < now - leewayMs
}

const quoteAll = (texts: readonly string[]): string => `[${texts.map(quote).join(' ')}]`
