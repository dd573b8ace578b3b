/** An IP address as bytes (4 or 16); undefined when the text is none. Leading zeros in IPv4 parts are allowed, as older API fields allow them. */
export function parseIp(text: string): Uint8Array | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text)
}

/** Dotted decimal, or RFC 5952. An IPv4-mapped address is written as the IPv4 address that it is. */
export function formatIp(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  if (isMapped(bytes)) return bytes.subarray(12).join('.')
  const groups = Array.from({ length: 8 }, (_, i) => (bytes[2 * i]! << 8) | bytes[2 * i + 1]!)
  const [start, length] = longestZeros(groups)
  const hex = (part: number[]) => part.map((group) => group.toString(16)).join(':')
  return length < 2 ? hex(groups) : `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`
}

/** ::ffff:a.b.c.d */
export const isMapped = (bytes: Uint8Array): boolean =>
  bytes.length === 16 && bytes[10] === 255 && bytes[11] === 255 && bytes.subarray(0, 10).every((byte) => byte === 0)

/** A range of addresses: 4 or 16 bytes, and how many leading bits of them count. */
export interface Cidr {
  readonly address: Uint8Array
  readonly prefix: number
}

/** `10.0.0.0/8`; undefined when the text is none. Bits past the prefix may be set. */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf('/')
  if (slash < 0) return undefined
  const address = parseIp(text.slice(0, slash))
  const digits = text.slice(slash + 1)
  if (address === undefined || !/^\d{1,3}$/.test(digits)) return undefined
  const prefix = Number(digits)
  return prefix <= address.length * 8 ? { address, prefix } : undefined
}

/** The network of a CIDR: the address with the bits past the prefix cleared. */
export function maskCidr({ address, prefix }: Cidr): Uint8Array {
  return address.map((byte, i) => byte & (0xff << (8 - Math.min(8, Math.max(0, prefix - 8 * i)))) & 0xff)
}

/** The network in canonical text. */
export const formatCidr = (cidr: Cidr): string => `${formatIp(maskCidr(cidr))}/${cidr.prefix}`

function parseIpv4(text: string): Uint8Array | undefined {
  if (!/^\d+\.\d+\.\d+\.\d+$/.test(text)) return undefined
  const parts = text.split('.').map(Number)
  return parts.every((part) => part <= 255) ? Uint8Array.from(parts) : undefined
}

function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head, tail] = halves.map(groupsOf)
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined
  const missing = 8 - head.length - (tail?.length ?? 0)
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined
  const groups = [...head, ...Array<number>(missing).fill(0), ...(tail ?? [])]
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 255]))
}

/** Groups between colons; the last may be an IPv4 address and then counts for two. */
function groupsOf(text: string): number[] | undefined {
  if (text === '') return []
  const parts = text.split(':')
  const groups: number[] = []
  for (const [i, part] of parts.entries()) {
    const v4 = i === parts.length - 1 && part.includes('.') ? parseIpv4(part) : undefined
    if (v4 !== undefined) groups.push((v4[0]! << 8) | v4[1]!, (v4[2]! << 8) | v4[3]!)
    else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16))
    else return undefined
  }
  return groups
}

function longestZeros(groups: readonly number[]): [start: number, length: number] {
  let best: [number, number] = [0, 0]
  for (let i = 0; i < groups.length; i += 1) {
    let end = i
    while (end < groups.length && groups[end] === 0) end += 1
    if (end - i > best[1]) best = [i, end - i]
    if (end > i) i = end
  }
  return best
}
