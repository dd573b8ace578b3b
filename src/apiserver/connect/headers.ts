import { bearerProtocolPrefix } from '../authentication/bearer-token.ts'
import { isCredentialHeader } from '../authentication/impersonation.ts'

type Headers = Readonly<Record<string, string>>

/**
 * What goes on to a node or a pod: everything but who the caller is (they would be able to act as the caller), the headers of this hop (RFC 9110
 * section 7.6.1), and the request's own host. The caller's address is appended to `x-forwarded-for`.
 */
export function forwardedHeaders(headers: Headers, remoteAddress: string): Record<string, string | string[]> {
  const named = new Set((headers['connection'] ?? '').split(',').map((name) => name.trim().toLowerCase()))
  const forwarded: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(':') || name === 'host' || hopHeaders.has(name) || named.has(name)) continue
    if (isCredentialHeader(name) || name.startsWith('x-remote-')) continue
    forwarded[name] = value
  }
  const before = headers['x-forwarded-for']
  if (remoteAddress !== '') forwarded['x-forwarded-for'] = before === undefined ? remoteAddress : `${before}, ${remoteAddress}`
  return forwarded
}

/** The same for a request that wants to upgrade: the upgrade's own headers stay, without a token hidden among the WebSocket protocols. */
export function upgradeHeaders(headers: Headers, remoteAddress: string): Record<string, string | string[]> {
  const forwarded = forwardedHeaders(headers, remoteAddress)
  forwarded['connection'] = 'Upgrade'
  forwarded['upgrade'] = headers['upgrade'] ?? ''
  const offered = headers['sec-websocket-protocol']
  if (offered !== undefined) {
    const kept = list(offered).filter((protocol) => !protocol.startsWith(bearerProtocolPrefix))
    if (kept.length > 0) forwarded['sec-websocket-protocol'] = kept.join(', ')
    else delete forwarded['sec-websocket-protocol']
  }
  // SPDY clients repeat this header, one protocol each, and servers read it so.
  const streams = headers['x-stream-protocol-version']
  if (streams !== undefined) forwarded['x-stream-protocol-version'] = list(streams)
  return forwarded
}

/** A backend's headers on their way to the client. What would let a page of another origin read the answer is the API server's to say. */
export function answeredHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string | readonly string[]> {
  const answered: Record<string, string | readonly string[]> = {}
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined && !hopHeaders.has(name) && !name.startsWith('access-control-')) answered[name] = value
  return answered
}

const list = (value: string): string[] => value.split(',').map((part) => part.trim())

const hopHeaders = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])
