import { WherryError } from '#lib/errors.ts'
import { quote } from '#schema/go-text.ts'
import type { UserInfo } from '../contract.ts'

/**
 * Who asks, as an extension API server is told by its front proxy: it believes these headers from whoever shows the proxy's certificate.
 * Repeated headers are lists. Throws `ServiceUnavailable` in the words of Go's HTTP client for a name that no header can carry: with a line
 * break in it, it would be another header.
 */
export function userHeaders(user: UserInfo): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = { 'x-remote-user': carried('X-Remote-User', user.name) }
  if (user.uid) headers['x-remote-uid'] = carried('X-Remote-Uid', user.uid)
  if (user.groups.length > 0) headers['x-remote-group'] = user.groups.map((group) => carried('X-Remote-Group', group))
  for (const [key, values] of Object.entries(user.extra ?? {})) {
    const name = `X-Remote-Extra-${escaped(key)}`
    if (values.length > 0) headers[name.toLowerCase()] = values.map((value) => carried(name, value))
  }
  return headers
}

/** The value as its UTF-8 bytes, which is what servers written in Go read; node:http sends each character as one byte. A tab may stand in it. */
function carried(name: string, value: string): string {
  if (/[\0-\x08\x0a-\x1f\x7f]/.test(value))
    throw new WherryError('ServiceUnavailable', `net/http: invalid header field value for ${quote(name)}`)
  return Buffer.from(value).toString('latin1')
}

/** A key as a header's name: what may not stand in one is percent-encoded, and so is the percent sign itself. */
const escaped = (key: string): string =>
  [...Buffer.from(key)]
    .map((byte) => {
      const character = String.fromCharCode(byte)
      return /[!#$&'*+.^_`|~0-9A-Za-z-]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
    })
    .join('')
