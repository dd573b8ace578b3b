import { quote } from '#schema/go-text.ts'
import { formatCidr, formatIp, isMapped, parseCidr } from '#schema/ip.ts'

/** A network that is taken as it is for compatibility's sake, though it is not written as it should be (KEP-4858). */
export function cidrWarnings(text: string, path: string): string[] {
  const cidr = parseCidr(text)
  if (cidr === undefined) return []
  const network = formatCidr(cidr)
  const address = formatIp(cidr.address)
  const warnings: string[] = []
  if (!network.startsWith(`${address}/`)) {
    const single = `${address}/${cidr.address.length * 8}`
    warnings.push(`${path}: CIDR value ${quote(text)} is ambiguous in this context (should be ${quote(network)} or ${quote(single)}?)`)
  }
  const canonical = `${address}/${cidr.prefix}`
  if (isMapped(cidr.address) || (cidr.address.length === 4 && canonical !== text))
    warnings.push(`${path}: non-standard CIDR value ${quote(text)} is invalid: use ${quote(network)}`)
  else if (warnings.length === 0 && canonical !== text)
    warnings.push(`${path}: IPv6 CIDR value ${quote(text)} should be in RFC 5952 canonical format (${quote(canonical)})`)
  return warnings
}
