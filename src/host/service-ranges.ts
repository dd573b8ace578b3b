import { WherryError } from '#lib/errors.ts'
import { formatCidr, formatIp, maskCidr, parseCidr } from '#schema/ip.ts'

/**
 * Ranges of service addresses out of `10.96.0.0/12` or, one of each family, `10.96.0.0/12,fd00:10:96::/112`; the first is that of services
 * that ask for no family. In canonical text. Errors: `Invalid`, which calls them `name`.
 */
export function parseServiceRanges(text: string, name: string): readonly string[] {
  const ranges = text.split(',').map((part) => part.trim())
  const refuse = (why: string): never => {
    throw new WherryError('Invalid', `${name} is "${text}"; ${why}`)
  }
  if (ranges.length > 2) refuse('it takes one range, or two with a comma between them: one of IPv4, and one of IPv6')
  const parsed = ranges.map((range) => parseCidr(range) ?? refuse(`"${range}" is no range such as 10.96.0.0/12`))
  for (const [i, { address, prefix }] of parsed.entries()) {
    const bits = address.length * 8
    if (prefix > bits - hostBitsMin)
      refuse(`${ranges[i]} has fewer than ${2 ** hostBitsMin} addresses; give /${bits - hostBitsMin} or more`)
    if (bits === 128 && prefix < prefixMinV6) refuse(`${ranges[i]} is too large; of IPv6 it takes /${prefixMinV6} or less`)
  }
  if (parsed.length === 2 && parsed[0]!.address.length === parsed[1]!.address.length)
    refuse('the two must be of different families, one of IPv4 and one of IPv6')
  return parsed.map(formatCidr)
}

/** The reference's least: the API server's own Service, the name server's, and a few more. */
const hostBitsMin = 3
/** The reference gives out no addresses of larger ranges (KEP 1880). */
const prefixMinV6 = 64

/** Of a range that `parseServiceRanges` let through. */
export const isV6Range = (range: string): boolean => range.includes(':')

/** The address after that of the network: that of the API server's own Service. */
export function firstAddress(range: string): string {
  const network = Uint8Array.from(maskCidr(parseCidr(range)!))
  network[network.length - 1]! |= 1
  return formatIp(network)
}

/** Where the name server answers unless somebody says otherwise: the tenth address, as with the reference's installers; of a tiny range the sixth. */
export function usualDnsAddress(range: string): string {
  const { address, prefix } = parseCidr(range)!
  const network = Uint8Array.from(maskCidr({ address, prefix }))
  network[network.length - 1]! |= address.length * 8 - prefix > hostBitsMin ? 10 : 6
  return formatIp(network)
}
