import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { decodeProtectedHeader, exportJWK, type JWK, type JWTPayload, jwtVerify, SignJWT } from 'jose'

/** The keys of service-account tokens: one signs, all verify. */
export interface TokenKeys {
  sign(claims: object): Promise<string>
  /**
   * The claims of a token whose signature holds; times, audience and bound objects are not looked at. Undefined when it is no such token at
   * all (none of the issuers, not a JWT); throws an Error with the reason when it claims to be ours and is not.
   */
  verify(token: string, issuers: readonly string[]): Promise<JWTPayload | undefined>
  /** RFC 7517, for `/openid/v1/jwks`. */
  readonly jwks: readonly JWK[]
  readonly algorithms: readonly string[]
  /** What new tokens say. */
  readonly issuer: string
  /** All whose tokens are taken: `issuer` first, then those of before a change. */
  readonly issuers: readonly string[]
}

/** By which keys tokens are signed and verified, and in whose name. */
export interface TokenKeyOptions {
  /** PEM, PKCS #8: EC P-256, P-384, P-521 (ES256, ES384, ES512) or RSA (RS256). */
  readonly signingKey: string
  /** PEM, SPKI: keys that verify beside the signing one, such as the last one before a change. */
  readonly publicKeys?: readonly string[]
  readonly issuer?: string
  /** Whose tokens are taken too, so that an issuer can be renamed while its tokens live. */
  readonly formerIssuers?: readonly string[]
}

/** Where a cluster's tokens come from, and the audience that stands for the API server itself. */
export const defaultIssuer = 'https://kubernetes.default.svc.cluster.local'

/** Longest token that is looked at: the largest of ours has about 1.5 KiB. */
const tokenLengthMax = 16_384

/** Reads the keys. Rejects with `Invalid` for a key of another sort. */
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
    issuers: [...new Set([issuer, ...(options.formerIssuers ?? [])])],
    jwks: [...keys.values()].map(({ jwk }) => jwk),
    algorithms: [...new Set([...keys.values()].map(({ algorithm }) => algorithm))].toSorted(),
    sign: (claims) => new SignJWT({ ...claims }).setProtectedHeader({ alg: algorithmOf(signingKey), kid: own }).sign(signingKey),
    verify: async (token, issuers) => {
      const claimed = token.length > tokenLengthMax ? undefined : unverifiedIssuer(token)
      if (claimed === undefined || !issuers.includes(claimed)) return undefined
      const { kid } = decodeProtectedHeader(token)
      const candidates = kid === undefined || kid === '' ? [...keys.values()] : [keys.get(kid)].filter((key) => key !== undefined)
      if (candidates.length === 0) throw new Error('invalid signature, no keys found')
      for (const { key, algorithm } of candidates) {
        const payload = await claimsIfSigned(token, key, algorithm)
        if (payload !== undefined) return payload
      }
      throw new Error('go-jose/go-jose: error in cryptographic primitive')
    },
  }
}

interface VerifyingKey {
  readonly key: KeyObject
  readonly algorithm: string
  readonly jwk: JWK
}

/** The algorithm hangs on the key, never on what the token says: neither `none` nor an HMAC with the public key can pass. */
async function claimsIfSigned(token: string, key: KeyObject, algorithm: string): Promise<JWTPayload | undefined> {
  try {
    // Times are judged by the caller, against the clock that it was given: here they are set aside by reading the token at its own birth.
    const { payload } = await jwtVerify(token, key, {
      algorithms: [algorithm],
      currentDate: new Date(0),
      clockTolerance: Number.MAX_SAFE_INTEGER,
    })
    return payload
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined
    throw error
  }
}

/** The issuer that a JWT claims, only to tell whose it is: nothing of it is believed before its signature holds. Undefined: no JWT. */
export function unverifiedIssuer(token: string): string | undefined {
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

/** The id and the algorithm of a private key, as its tokens name them. */
export const keyFacts = (privateKey: KeyObject): { readonly kid: string; readonly algorithm: string } => ({
  kid: keyId(createPublicKey(privateKey)),
  algorithm: algorithmOf(privateKey),
})

/** The reference's: base64url of the SHA-256 of the SPKI in DER, so that both name one key alike. */
const keyId = (key: KeyObject): string =>
  createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('base64url')

const curveAlgorithms: Readonly<Record<string, string>> = { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' }

function algorithmOf(key: KeyObject): string {
  if (key.asymmetricKeyType === 'rsa') return 'RS256'
  const algorithm = key.asymmetricKeyType === 'ec' ? curveAlgorithms[key.asymmetricKeyDetails?.namedCurve ?? ''] : undefined
  if (algorithm === undefined)
    throw new TypeError(`a service-account key has to be RSA or EC P-256, P-384 or P-521, not ${key.asymmetricKeyType}`)
  return algorithm
}
