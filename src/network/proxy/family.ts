import { formatCidr, formatIp, maskCidr, parseCidr, parseIp } from '#schema/ip.ts'

/** An address family, as nft(8) names the tables of each. */
export type Family = 'ip' | 'ip6'

/** What the API calls a family: `spec.ipFamilies`, `addressType` of slices, the health of a proxy. */
export const familyNames: Readonly<Record<Family, 'IPv4' | 'IPv6'>> = { ip: 'IPv4', ip6: 'IPv6' }

/**
 * Whether the text is an address of the family in its one canonical form: what nft would read otherwise, or not at all, would cost the node
 * every rule.
 */
export function isAddress(family: Family, text: string): boolean {
  const bytes = parseIp(text)
  return bytes?.length === byteCount[family] && formatIp(bytes) === text
}

/** The address in canonical form, where it is one of the family. Old objects may have leading zeros, or zeros that could be left out. */
export function addressIn(family: Family, text: string): string | undefined {
  const bytes = parseIp(text.trim())
  if (bytes === undefined) return undefined
  const canonical = formatIp(bytes)
  return isAddress(family, canonical) ? canonical : undefined
}

/**
 * The ranges of the family, canonical, sorted and without those that lie in another: a set of ranges refuses what overlaps. Other families
 * and what is no range are left out.
 */
export function rangesIn(family: Family, texts: readonly string[]): readonly string[] {
  const ranges = texts.flatMap((text) => {
    const range = parseCidr(text.trim())
    return range !== undefined && range.address.length === byteCount[family] ? [{ address: maskCidr(range), prefix: range.prefix }] : []
  })
  const bitsOf = ({ address, prefix }: (typeof ranges)[number]) =>
    [...address]
      .map((byte) => byte.toString(2).padStart(8, '0'))
      .join('')
      .slice(0, prefix)
  const widest = ranges.toSorted((a, b) => a.prefix - b.prefix)
  const kept: string[] = []
  const texts_: string[] = []
  for (const range of widest) {
    const bits = bitsOf(range)
    if (kept.some((one) => bits.startsWith(one))) continue
    kept.push(bits)
    texts_.push(formatCidr(range))
  }
  return texts_.sort()
}

/** Whether an address lies in one of the ranges, which are of its family. */
export function isWithin(address: string, ranges: readonly string[]): boolean {
  const bytes = parseIp(address)
  if (bytes === undefined) return false
  return ranges.some((text) => {
    const range = parseCidr(text)
    return range !== undefined && range.address.length === bytes.length && formatCidr({ address: bytes, prefix: range.prefix }) === text
  })
}

const byteCount: Readonly<Record<Family, number>> = { ip: 4, ip6: 16 }
