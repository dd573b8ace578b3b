import { createHmac } from 'node:crypto'

/**
 * Signs the content with a bootstrap token: a JSON Web Signature (RFC 7515, HS256) without the content itself (appendix F), whose key is the
 * token's secret and whose `kid` its id. Who joins and knows the token can tell that the content comes from who knows it too.
 */
export function detachedSignature(content: string, tokenId: string, tokenSecret: string): string {
  const header = base64url(JSON.stringify({ alg: 'HS256', kid: tokenId }))
  const signature = createHmac('sha256', tokenSecret)
    .update(`${header}.${base64url(content)}`)
    .digest('base64url')
  return `${header}..${signature}`
}

const base64url = (text: string): string => Buffer.from(text).toString('base64url')
