import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { decodeProtectedHeader, exportJWK, type JWK, jwtVerify, SignJWT } from 'jose'
import type { TokenClaims } from './claims.ts'

/** The keys of service-account tokens: one signs, all verify. */
export interface TokenKeys {
  sign(claims: TokenClaims): Promise<string>
  /**
   * The claims of a token whose signature holds; times, audience and bound objects are not looked at. Undefined when it is no such token at
   * all (other issuer, not a JWT); throws an Error with the reason when it claims to be ours and is not.
   */
  verify(token: string): Promise<TokenClaims | undefined>
  /** RFC 7517, for `/openid/v1/jwks`. */
  readonly jwks: readonly JWK[]
  readonly algorithms: readonly string[]
  readonly issuer: string
}

export interface TokenKeyOptions {
  /** PEM, PKCS #8: EC P-256 (ES256) or RSA (RS256). */
  readonly signingKey: string
  /** PEM, SPKI: keys that verify beside the signing one, such as the last one before a change. */
  readonly publicKeys?: readonly string[]
  readonly issuer?: string
}

/** Where a cluster's tokens come from, and the audience that stands for the API server itself. */
export const defaultIssuer = 'https://kubernetes.default.svc.cluster.local'

/** Longest token that is looked at: the largest of ours has about 1.5 KiB. */
const tokenLengthMax = 16_384

export async function createTokenKeys(options: TokenKeyOptions): Promise<TokenKeys> {
  const issuer = options.issuer ?? defaultIssuer
  const signingKey = createPrivateKey(options.signingKey)
  const keys = new Map<string, VerifyingKey>()
  for (const key of [createPublicKey(signingKey), ...(options.publicKeys ?? []).map((pem) => createPublicKey(pem))]) {
    const id = keyId(key)
    const algorithm = algorithmOf(key)
    keys.set(id, { key, algorithm, jwk: { ...(await exportJWK(key)), kid: id, alg: algorithm, use: 'sig' } })
  }
  const own = [...keys.keys()][0]!
  return {
    issuer,
    jwks: [...keys.values()].map(({ jwk }) => jwk),
    algorithms: [...new Set([...keys.values()].map(({ algorithm }) => algorithm))],
    sign: (claims) =>
      new SignJWT({ ...claims, aud: [...claims.aud] }).setProtectedHeader({ alg: algorithmOf(signingKey), kid: own }).sign(signingKey),
    verify: async (token) => {
      if (token.length > tokenLengthMax || unverifiedIssuer(token) !== issuer) return undefined
      const header = decodeProtectedHeader(token)
      const candidates = header.kid === undefined ? [...keys.values()] : [keys.get(header.kid)].filter((key) => key !== undefined)
      if (candidates.length === 0) throw new Error('invalid signature, no keys found')
      for (const { key, algorithm } of candidates) {
        const payload = await claimsIfSigned(token, key, algorithm)
        if (payload !== undefined) return payload
      }
      throw new Error('error in cryptographic primitive')
    },
  }
}

interface VerifyingKey {
  readonly key: KeyObject
  readonly algorithm: string
  readonly jwk: JWK
}

/** The algorithm hangs on the key, never on what the token says: neither `none` nor an HMAC with the public key can pass. */
async function claimsIfSigned(token: string, key: KeyObject, algorithm: string): Promise<TokenClaims | undefined> {
  try {
    // Times are judged by the caller, against the clock that it was given: here they are set aside by reading the token at its own birth.
    const { payload } = await jwtVerify(token, key, {
      algorithms: [algorithm],
      currentDate: new Date(0),
      clockTolerance: Number.MAX_SAFE_INTEGER,
    })
    return isOurs(payload) ? ({ ...payload, aud: audiencesOf(payload.aud) } as unknown as TokenClaims) : undefined
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined
    throw error
  }
}

const isOurs = (payload: object): boolean => {
  const own = (payload as Partial<TokenClaims>)['kubernetes.io']
  return typeof own === 'object' && own !== null && typeof own.namespace === 'string' && typeof own.serviceaccount?.name === 'string'
}

const audiencesOf = (audience: string | string[] | undefined): string[] =>
  audience === undefined ? [] : typeof audience === 'string' ? [audience] : audience

/** Only to tell whose token it is; believed after the signature holds. */
function unverifiedIssuer(token: string): string | undefined {
  const parts = token.split('.')
  if (parts.length !== 3) return undefined
  try {
    const payload: unknown = JSON.parse(Buffer.from(parts[1]!, 'base64url').toString())
    return typeof payload === 'object' && payload !== null && 'iss' in payload && typeof payload.iss === 'string' ? payload.iss : undefined
  } catch {
    // Not JSON: another kind of token, which another authenticator may know.
    return undefined
  }
}

/** The reference's: base64url of the SHA-256 of the SPKI in DER, so that both name one key alike. */
const keyId = (key: KeyObject): string =>
  createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('base64url')

function algorithmOf(key: KeyObject): string {
  if (key.asymmetricKeyType === 'rsa') return 'RS256'
  if (key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return 'ES256'
  throw new TypeError(`a service-account key has to be RSA or EC P-256, not ${key.asymmetricKeyType}`)
}
