import type { UserInfo } from '../contract.ts'

/**
 * Who asks, as an extension API server is told by its front proxy: it believes these headers from whoever shows the proxy's certificate.
 * Repeated headers are lists.
 */
export function userHeaders(user: UserInfo): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = { 'x-remote-user': user.name }
  if (user.uid) headers['x-remote-uid'] = user.uid
  if (user.groups.length > 0) headers['x-remote-group'] = [...user.groups]
  for (const [key, values] of Object.entries(user.extra ?? {}))
    if (values.length > 0) headers[`x-remote-extra-${escaped(key)}`] = [...values]
  return headers
}

/** A key as a header's name: what may not stand in one is percent-encoded, and so is the percent sign itself. */
const escaped = (key: string): string =>
  [...Buffer.from(key)]
    .map((byte) => {
      const character = String.fromCharCode(byte)
      return /[!#$&'*+.^_`|~0-9A-Za-z-]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
    })
    .join('')
