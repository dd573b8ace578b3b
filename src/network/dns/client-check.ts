import { type Cidr, isMapped, maskCidr, parseCidr, parseIp } from '#schema/ip.ts'

/** Addresses that were looked at; beyond that many all are forgotten. */
const knownMax = 4_096

/**
 * Whose questions are answered: those from the cluster's own ranges and from the machine itself. The kernel takes packets for a local address at every
 * interface, so a neighbour of the machine that routes the server's address to it would be heard as well; this server is open to none of
 * them. `ownAddresses` is asked again for an address that is not known, since a machine's own change.
 */
export function createClientCheck(ranges: readonly string[], ownAddresses: () => readonly string[]): (address: string) => boolean {
  const parsed = ranges.map((range) => parseCidr(range)!)
  const inRanges = new Set<string>()
  return (text) => {
    if (inRanges.has(text)) return true
    const address = plain(text)
    if (address === undefined) return false
    const isOurs = parsed.some((range) => contains(range, address))
    if (!isOurs)
      return (
        isLoopback(address) ||
        ownAddresses().some((own) => plain(own)?.every((byte, i) => byte === address[i]) === true && plain(own)?.length === address.length)
      )
    if (inRanges.size >= knownMax) inRanges.clear()
    inRanges.add(text)
    return true
  }
}

export function contains(range: Cidr, address: Uint8Array): boolean {
  if (range.address.length !== address.length) return false
  const masked = maskCidr({ address, prefix: range.prefix })
  return maskCidr(range).every((byte, i) => byte === masked[i])
}

/** Without a zone, and of IPv4 where it stands for one. */
function plain(text: string): Uint8Array | undefined {
  const bytes = parseIp(text.replace(/%.*$/, ''))
  return bytes !== undefined && isMapped(bytes) ? bytes.subarray(12) : bytes
}

const isLoopback = (address: Uint8Array): boolean =>
  address.length === 4 ? address[0] === 127 : address.every((byte, i) => byte === (i === 15 ? 1 : 0))
