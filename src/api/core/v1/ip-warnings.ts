import { quote } from '#schema/go-text.ts'
import { formatCidr, formatIp, isMapped, maskCidr, parseCidr, parseIp } from '#schema/ip.ts'

/** An address that is taken as it is for compatibility's sake, though it is not written as it should be (KEP-4858). */
export function ipWarnings(text: string, path: string): string[] {
  const address = parseIp(text)
  if (address === undefined) return []
  const canonical = formatIp(address)
  if (isMapped(address) || (address.length === 4 && canonical !== text))
    return [`${path}: non-standard IP address ${quote(text)} is invalid: use ${quote(canonical)}`]
  return canonical === text ? [] : [`${path}: IPv6 address ${quote(text)} should be in RFC 5952 canonical format (${quote(canonical)})`]
}

/** The same of a network. */
export function cidrWarnings(text: string, path: string): string[] {
  const cidr = parseCidr(text)
  if (cidr === undefined) return []
  const { address, prefix } = cidr
  const canonical = formatCidr(cidr)
  const digits = text.slice(text.indexOf('/') + 1)
  const warnings: string[] = []
  if (Buffer.compare(maskCidr(cidr), address) !== 0) {
    const single = `${formatIp(address)}/${address.length * 8}`
    warnings.push(`${path}: CIDR value ${quote(text)} is ambiguous in this context (should be ${quote(canonical)} or ${quote(single)}?)`)
  }
  const isOdd =
    isMapped(address) || (address.length === 4 && formatIp(address) !== text.slice(0, text.indexOf('/'))) || digits !== `${prefix}`
  if (isOdd) warnings.push(`${path}: non-standard CIDR value ${quote(text)} is invalid: use ${quote(canonical)}`)
  if (warnings.length > 0) return warnings
  return canonical === text ? [] : [`${path}: IPv6 CIDR value ${quote(text)} should be in RFC 5952 canonical format (${quote(canonical)})`]
}
