import { createPrivateKey, sign } from 'node:crypto'
import type { Secret } from '#api/core/v1/secret.ts'
import type { ServiceAccount } from '#api/core/v1/service-account.ts'
import { serviceAccountUser } from './claims.ts'
import { keyFacts } from './token-keys.ts'

/** What tokens kept in Secrets say as their issuer. */
export const legacyIssuer = 'kubernetes/serviceaccount'

/** What such a token says beside its registered claims (KEP 2799). */
export const legacyClaims = {
  namespace: 'kubernetes.io/serviceaccount/namespace',
  secretName: 'kubernetes.io/serviceaccount/secret.name',
  serviceAccountName: 'kubernetes.io/serviceaccount/service-account.name',
  serviceAccountUID: 'kubernetes.io/serviceaccount/service-account.uid',
} as const

/**
 * Makes the tokens that Secrets of type `kubernetes.io/service-account-token` hold, signed by the key (PEM, PKCS #8) that signs all tokens. It
 * does so at once, for a controller's plan, which waits for nothing.
 */
export function legacyTokenIssuer(signingKey: string): (account: ServiceAccount, secret: Secret) => string {
  const key = createPrivateKey(signingKey)
  const { kid, algorithm } = keyFacts(key)
  const header = encode({ alg: algorithm, kid })
  return (account, secret) => {
    const { name, namespace, uid } = account.metadata
    const payload = encode({
      iss: legacyIssuer,
      [legacyClaims.namespace]: namespace,
      [legacyClaims.secretName]: secret.metadata.name,
      [legacyClaims.serviceAccountName]: name,
      [legacyClaims.serviceAccountUID]: uid,
      sub: serviceAccountUser(namespace, name),
    })
    const signed = `${header}.${payload}`
    // JWS writes an ECDSA signature as its two numbers (RFC 7518 section 3.4).
    const signature = sign(`sha${algorithm.slice(2)}`, Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' })
    return `${signed}.${signature.toString('base64url')}`
  }
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
