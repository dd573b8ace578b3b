import type { JWTPayload } from 'jose'
import type { Clock } from '#lib/clock.ts'
import { quote } from '#schema/go-text.ts'
import type { Outbound } from '../../outbound.ts'
import { unverifiedIssuer } from '../../tokens/token-keys.ts'
import { createIssuerKeys, type IssuerKeys } from './issuer-keys.ts'

/** Which claim is looked for elsewhere, and by whose keys it is verified. */
export interface DistributedClaimsOptions {
  readonly outbound: Outbound
  readonly clock: Clock
  /** The one claim that may stand elsewhere: a user's groups, which are too many for a token. */
  readonly claim: string
  readonly certificateAuthority?: string | undefined
  /** Whether another issuer's token is for us, and still holds. Throws an Error. */
  readonly check: (claims: JWTPayload) => void
}

/** Fetches a claim that the issuer keeps elsewhere (OpenID Connect Core 1.0 section 5.6.2). */
export interface DistributedClaims {
  /** The claims, with the one that stands elsewhere. Throws an Error when it cannot be had. */
  expand(claims: JWTPayload): Promise<JWTPayload>
  close(): void
}

const timeoutMs = 30_000
const answerMaxBytes = 1 << 20
/** Issuers that tokens point to; more would be somebody's game. */
const issuersMax = 16

/** Other issuers are looked for when the first token points to them; there may be sixteen. */
export function createDistributedClaims(options: DistributedClaimsOptions): DistributedClaims {
  const { claim, outbound, clock, certificateAuthority } = options
  const issuers = new Map<string, IssuerKeys>()
  const keysOf = (issuer: string): IssuerKeys => {
    const known = issuers.get(issuer)
    if (known !== undefined) return known
    if (issuers.size >= issuersMax) throw new Error(`tokens point to more than ${issuersMax} issuers`)
    const keys = createIssuerKeys({ outbound, clock, issuer, certificateAuthority })
    issuers.set(issuer, keys)
    return keys
  }
  const resolve = async (endpoint: Endpoint, url: string): Promise<unknown> => {
    const answer = await outbound(
      { url },
      {
        timeoutMs,
        bodyMaxBytes: answerMaxBytes,
        ...(certificateAuthority && { caBundle: certificateAuthority }),
        ...(endpoint.access_token && { bearerToken: endpoint.access_token }),
      },
      { method: 'GET', headers: {} },
    )
    if (answer.status < 200 || answer.status > 226)
      throw new Error(`while getting distributed claim ${quote(claim)}: error while getting distributed claim JWT: ${answer.status}`)
    const token = Buffer.from(answer.body).toString().trim()
    const issuer = unverifiedIssuer(token)
    if (issuer === undefined)
      throw new Error(`getting untrusted issuer from endpoint ${url} failed for claim ${quote(claim)}: malformed token`)
    const keys = keysOf(issuer)
    if (!keys.isFound) throw new Error(`verifying untrusted issuer ${issuer} failed: verifier not initialized for issuer: ${quote(issuer)}`)
    const claims = await keys.verify(token)
    options.check(claims)
    if (!Object.hasOwn(claims, claim))
      throw new Error(`jwt returned by distributed claim endpoint ${quote(url)} did not contain claim: ${claim}`)
    return claims[claim]
  }
  return {
    async expand(claims) {
      const names = claims['_claim_names'] as Readonly<Record<string, string>> | undefined
      if (Object.hasOwn(claims, claim) || typeof names !== 'object' || names === null) return claims
      const sources = claims['_claim_sources'] as Readonly<Record<string, Endpoint>> | undefined
      if (typeof sources !== 'object' || sources === null)
        throw new Error('oidc: could not expand distributed claims: oidc: no claim sources')
      if (!Object.hasOwn(names, claim)) return claims
      const source = names[claim]!
      if (!Object.hasOwn(sources, source))
        throw new Error(
          `oidc: could not expand distributed claims: id token _claim_names contained a source ${source} missing in _claims_sources`,
        )
      const endpoint = sources[source]!
      // Claims that come along in the token itself (aggregated ones) are not looked into, as in the reference.
      if (!endpoint.endpoint) return claims
      try {
        return { ...claims, [claim]: await resolve(endpoint, endpoint.endpoint) }
      } catch (error) {
        throw new Error(`oidc: could not expand distributed claims: ${error instanceof Error ? error.message : String(error)}`, {
          cause: error,
        })
      }
    },
    close: () => {
      for (const keys of issuers.values()) keys.close()
    },
  }
}

interface Endpoint {
  readonly endpoint?: string
  readonly access_token?: string
}
