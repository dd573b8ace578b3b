import { formatCidr, formatIp, maskCidr, parseCidr, parseIp } from '#schema/ip.ts'

/** IPv6 text has colons. */
export const isV6 = (text: string): boolean => text.includes(':')

/** Of two texts of addresses or ranges. */
export const isSameFamily = (a: string, b: string): boolean => isV6(a) === isV6(b)

/** The address alone, as a range. */
export const hostRange = (address: string): string => `${address}/${isV6(address) ? 128 : 32}`

/** The address of the network itself, such as 10.244.1.0 of 10.244.1.0/24: the bridge of that node has the one after it. */
export const networkAddress = (range: string): string => formatIp(maskCidr(parseCidr(range)!))

/** The one after the network's own: what the CNI plug-in `bridge` takes as the pods' gateway. With the range's length. */
export function gatewayOf(range: string): string {
  const address = Uint8Array.from(maskCidr(parseCidr(range)!))
  address[address.length - 1]! |= 1
  return `${formatIp(address)}/${parseCidr(range)!.prefix}`
}

/** In canonical text; what is no address stays as it is. */
export function canonicalAddress(text: string): string {
  const address = parseIp(text)
  return address === undefined ? text : formatIp(address)
}

/** In canonical text; an address becomes the range of itself. Undefined: it is neither. */
export function canonicalRange(text: string): string | undefined {
  const range = text.includes('/') ? parseCidr(text) : undefined
  if (range) return formatCidr(range)
  const address = parseIp(text)
  return address && hostRange(formatIp(address))
}

/** Whether every address of `inner` is in `outer`; an address stands for itself. */
export function isWithin(inner: string, outer: string): boolean {
  const [a, b] = [parseCidr(canonicalRange(inner) ?? ''), parseCidr(canonicalRange(outer) ?? '')]
  if (!a || !b || a.address.length !== b.address.length || a.prefix < b.prefix) return false
  return formatCidr({ address: a.address, prefix: b.prefix }) === formatCidr(b)
}

/** Ranges either hold one another or have nothing in common. */
export const overlaps = (a: string, b: string): boolean => isWithin(a, b) || isWithin(b, a)

/**
 * The MAC of a node's VXLAN device, from the node's address, so that everybody knows it without being told: `0e:57:` (locally administered) and
 * the four bytes of IPv4, or 32 bits of FNV-1a of an IPv6 address.
 */
export function vtepMac(address: string): string {
  const bytes = parseIp(address) ?? new Uint8Array(4)
  const four = bytes.length === 4 ? bytes : fnv1a(bytes)
  return ['0e', '57', ...Array.from(four, (byte) => byte.toString(16).padStart(2, '0'))].join(':')
}

function fnv1a(bytes: Uint8Array): Uint8Array {
  let hash = 0x811c9dc5
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193)
  return Uint8Array.of(hash >>> 24, hash >>> 16, hash >>> 8, hash)
}
