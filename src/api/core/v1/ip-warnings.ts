import { quote } from '#schema/go-text.ts'
import { formatIp, isMapped, parseIp } from '#schema/ip.ts'

/** An address that is taken as it is for compatibility's sake, though it is not written as it should be (KEP-4858). */
export function ipWarnings(text: string, path: string): string[] {
  const address = parseIp(text)
  if (address === undefined) return []
  const canonical = formatIp(address)
  if (isMapped(address) || (address.length === 4 && canonical !== text))
    return [`${path}: non-standard IP address ${quote(text)} is invalid: use ${quote(canonical)}`]
  return canonical === text ? [] : [`${path}: IPv6 address ${quote(text)} should be in RFC 5952 canonical format (${quote(canonical)})`]
}
