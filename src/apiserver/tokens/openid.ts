import type { HttpResponse } from '#lib/http.ts'
import { acceptable } from '../http/negotiate.ts'
import { routeNotAcceptable } from '../http/respond.ts'
import type { TokenKeys } from './token-keys.ts'

/**
 * Answers for `/.well-known/openid-configuration` and `/openid/v1/jwks` (OpenID Connect Discovery 1.0), by which others verify our tokens.
 * Keyed by path; the caller has authorized the request. `jwksUri` is where others reach the key set: the API server's own URL.
 */
export function openIdResponders(keys: TokenKeys, jwksUri: string): Readonly<Record<string, (accept: string | undefined) => HttpResponse>> {
  const configuration = answering('application/json', {
    issuer: keys.issuer,
    jwks_uri: jwksUri,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: keys.algorithms,
  })
  const jwks = answering('application/jwk-set+json', { keys: keys.jwks })
  return { '/.well-known/openid-configuration': configuration, '/openid/v1/jwks': jwks }
}

/** An hour, as the reference: a new key has to be published that long before it signs. */
const answering = (type: string, body: object): ((accept: string | undefined) => HttpResponse) => {
  const answer: HttpResponse = {
    status: 200,
    headers: { 'content-type': type, 'cache-control': 'public, max-age=3600' },
    body: Buffer.from(JSON.stringify(body)),
  }
  return (accept) => (acceptable(accept, [type]) ? answer : routeNotAcceptable(accept, [type]))
}
