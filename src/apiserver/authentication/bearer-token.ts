import type { Authenticator, Notes } from '../contract.ts'
import type { TokenVerifier, VerifiedToken } from '../tokens/token-verifier.ts'

/** Users by `Authorization: Bearer <token>`, or by the WebSocket subprotocol that browsers have to use instead. Throws when no verifier knows the token. */
export function bearerTokenAuthenticator(verify: TokenVerifier, audiences: readonly string[]): Authenticator {
  return async (request, _caller, notes) => {
    const token = bearerToken(request.headers['authorization'], notes?.warn) ?? webSocketToken(request.headers)
    return token === undefined ? undefined : (await verify(token, audiences, notes))?.user
  }
}

/**
 * Several verifiers as one. Throws an Error when none knows the token, with every reason in the form of the reference's TokenReview:
 * `invalid bearer token`, or `[invalid bearer token, <reason>]`.
 */
export function anyToken(
  ...verifiers: readonly TokenVerifier[]
): (token: string, audiences: readonly string[], notes?: Notes) => Promise<VerifiedToken> {
  return async (token, audiences, notes) => {
    const reasons = new Set(['invalid bearer token'])
    for (const verify of verifiers) {
      try {
        const result = await verify(token, audiences, notes)
        if (result !== undefined) return result
      } catch (error) {
        reasons.add(error instanceof Error ? error.message : String(error))
      }
    }
    throw new Error(reasons.size === 1 ? [...reasons][0] : `[${[...reasons].join(', ')}]`)
  }
}

/**
 * The token of an Authorization header; undefined for other schemes and for an empty one, which counts as no credentials at all. Who puts a
 * second blank before the token is told so by `warn`.
 */
export function bearerToken(header: string | undefined, warn?: (message: string) => void): string | undefined {
  const [scheme, token, rest] = (header ?? '').trim().split(' ')
  if (scheme?.toLowerCase() !== 'bearer' || token === undefined) return undefined
  if (token !== '') return token
  if (rest !== undefined) warn?.('the provided Authorization header contains extra space before the bearer token, and is ignored')
  return undefined
}

/** A browser cannot set headers on a WebSocket: it offers a protocol with this prefix, followed by the token in base64url. */
export const bearerProtocolPrefix = 'base64url.bearer.authorization.k8s.io.'

function webSocketToken(headers: Readonly<Record<string, string>>): string | undefined {
  if (headers['upgrade']?.toLowerCase() !== 'websocket') return undefined
  const protocols = (headers['sec-websocket-protocol'] ?? '').split(',').map((protocol) => protocol.trim())
  const bearer = protocols.find((protocol) => protocol.startsWith(bearerProtocolPrefix))
  if (bearer === undefined) return undefined
  // A server has to choose one of the offered protocols: with the token alone there would be nothing left but the token to choose.
  if (protocols.length < 2) throw new Error('missing additional subprotocol')
  const token = Buffer.from(bearer.slice(bearerProtocolPrefix.length), 'base64url').toString()
  return token === '' ? undefined : token
}
