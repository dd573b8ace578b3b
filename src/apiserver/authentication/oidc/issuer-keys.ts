import { createLocalJWKSet, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'
import type { Clock } from '#lib/clock.ts'
import { quote } from '#schema/go-text.ts'
import type { Outbound } from '../../outbound.ts'

/** An issuer, and the way to it. */
export interface IssuerKeysOptions {
  readonly outbound: Outbound
  readonly clock: Clock
  /** What tokens say in `iss`, and where the keys are found. */
  readonly issuer: string
  /** Where the issuer's configuration is, if not under its own URL. */
  readonly discoveryURL?: string | undefined
  /** PEM of who signs for the issuer's server. Absent: the machine's authorities. */
  readonly certificateAuthority?: string | undefined
  /** Told each time that the issuer could not be found. */
  readonly onProblem?: ((issuer: string, error: unknown) => void) | undefined
}

/** The keys of an issuer of tokens, found by OpenID Connect Discovery 1.0 and fetched again when a token is signed by one that is not known. */
export interface IssuerKeys {
  /** The claims of a token whose signature holds; nothing else of it is looked at. Throws an Error. */
  verify(token: string): Promise<JWTPayload>
  /** Whether the issuer was found: before that, no token can be verified. */
  readonly isFound: boolean
  /** Resolves when the issuer was found; tries every ten seconds until then. Rejects when closed before. */
  ready(): Promise<void>
  close(): void
}

/** Those that are no shared secrets: all that OpenID Connect has. */
const signingAlgorithms: readonly string[] = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512']

const retryMs = 10_000
/** Whoever makes up key ids must not make us ask the issuer all the time. */
const refetchMs = 1_000
const timeoutMs = 30_000
const answerMaxBytes = 1 << 20

/**
 * Follows an issuer's discovery to its keys (OpenID Connect Discovery 1.0), and asks for them anew where a token names one that is not
 * known.
 */
export function createIssuerKeys(options: IssuerKeysOptions): IssuerKeys {
  const { clock, issuer, onProblem } = options
  const found = Promise.withResolvers<void>()
  // Nobody may be waiting.
  found.promise.catch(() => {})
  let jwksUri: string | undefined
  let keys: JWTVerifyGetKey | undefined
  let fetchedMs = -Infinity
  let fetching: Promise<void> | undefined
  let forget = () => {}
  let closed = false

  const discover = async (): Promise<void> => {
    try {
      jwksUri = await discoverJwksUri(options)
      found.resolve()
    } catch (error) {
      if (closed) return
      onProblem?.(issuer, error)
      forget = clock.schedule(clock.now() + retryMs, () => void discover())
    }
  }
  const fetchKeys = (): Promise<void> => {
    fetching ??= (async () => {
      try {
        const answer = await get(options, jwksUri!)
        keys = createLocalJWKSet(answer as Parameters<typeof createLocalJWKSet>[0])
      } finally {
        fetchedMs = clock.monotonicMs()
        fetching = undefined
      }
    })()
    return fetching
  }
  void discover()

  return {
    get isFound() {
      return jwksUri !== undefined
    },
    ready: () => found.promise,
    verify: async (token) => {
      if (jwksUri === undefined) throw new Error('oidc: authenticator not initialized')
      const first = keys === undefined ? undefined : await claimsIfSigned(token, keys)
      if (first !== undefined) return first
      if (clock.monotonicMs() - fetchedMs >= refetchMs) await fetchKeys()
      const second = keys === undefined ? undefined : await claimsIfSigned(token, keys)
      if (second === undefined) throw new Error('oidc: verify token: failed to verify signature: failed to verify id token signature')
      return second
    },
    close: () => {
      closed = true
      forget()
      found.reject(new Error('the issuer is asked no more'))
    },
  }
}

async function discoverJwksUri(options: IssuerKeysOptions): Promise<string> {
  const { issuer } = options
  const configuration = await get(options, options.discoveryURL || `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)
  const { issuer: stated, jwks_uri: uri } = configuration as { readonly issuer?: unknown; readonly jwks_uri?: unknown }
  // Who claims to be another must not be believed (OpenID Connect Discovery 1.0 section 4.3).
  if (stated !== issuer)
    throw new Error(
      `oidc: issuer URL provided to client (${quote(issuer)}) did not match the issuer URL returned by provider (${quote(String(stated ?? ''))})`,
    )
  if (typeof uri !== 'string' || uri === '') throw new Error('provider did not return JWKS URL')
  return uri
}

async function get({ outbound, certificateAuthority }: IssuerKeysOptions, url: string): Promise<unknown> {
  const answer = await outbound(
    { url },
    { timeoutMs, bodyMaxBytes: answerMaxBytes, ...(certificateAuthority && { caBundle: certificateAuthority }) },
    { method: 'GET', headers: { accept: 'application/json' } },
  )
  if (answer.status !== 200) throw new Error(`oidc: get ${url} failed with status ${answer.status}`)
  const value: unknown = JSON.parse(Buffer.from(answer.body).toString())
  if (typeof value !== 'object' || value === null) throw new Error(`oidc: ${url} gave no JSON object`)
  return value
}

/** The algorithm hangs on the key that the issuer published; a token can only choose among the issuer's keys. */
async function claimsIfSigned(token: string, keys: JWTVerifyGetKey): Promise<JWTPayload | undefined> {
  const rules = { algorithms: [...signingAlgorithms], currentDate: new Date(0), clockTolerance: Number.MAX_SAFE_INTEGER }
  try {
    return (await jwtVerify(token, keys, rules)).payload
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error
    if (error.code !== 'ERR_JWKS_MULTIPLE_MATCHING_KEYS') return undefined
    // A token that names no key may be signed by any that fits.
    for await (const key of error as unknown as AsyncIterable<Parameters<typeof jwtVerify>[1]>) {
      const verified = await jwtVerify(token, key as never, rules).catch(() => undefined)
      if (verified !== undefined) return verified.payload
    }
    return undefined
  }
}
