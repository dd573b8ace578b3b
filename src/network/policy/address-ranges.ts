import type { IPBlock } from '#api/networking/v1/types.ts'
import { type Cidr, formatIp, isMapped, maskCidr, parseCidr } from '#schema/ip.ts'

/** Of IP: which of the two. */
export type Family = 4 | 6
export const families: readonly Family[] = [4, 6]

/** Addresses of one family as numbers, both ends included. */
export interface AddressRange {
  readonly first: bigint
  readonly last: bigint
}

/**
 * All addresses of one family that any of the blocks means (`cidr` without its `except`), as ranges in ascending order that neither overlap nor
 * touch: nft refuses a set with overlaps. A text that is no CIDR means nothing, and one in `except` takes nothing away.
 */
export function blockRanges(blocks: readonly IPBlock[], family: Family): AddressRange[] {
  return union(
    blocks.flatMap(({ cidr, except = [] }) => {
      const whole = rangeOf(cidr, family)
      if (whole === undefined) return []
      return without(whole, union(except.flatMap((text) => rangeOf(text, family) ?? [])))
    }),
  )
}

/** Whether the ranges are every address of the family. */
export const isEverything = ([range, ...more]: readonly AddressRange[], family: Family): boolean =>
  range !== undefined && more.length === 0 && range.first === 0n && range.last === lastOf(family)

/** As nft reads it: an address, a network, or `first-last`. */
export function formatRange({ first, last }: AddressRange, family: Family): string {
  if (first === last) return formatAddress(first, family)
  const size = last - first + 1n
  const bits = BigInt(bitsOf(family))
  const hostBits = BigInt(size.toString(2).length - 1)
  const isNetwork = 1n << hostBits === size && first % size === 0n
  return isNetwork ? `${formatAddress(first, family)}/${bits - hostBits}` : `${formatAddress(first, family)}-${formatAddress(last, family)}`
}

function rangeOf(text: string, family: Family): AddressRange | undefined {
  const cidr = parseCidr(text)
  if (cidr === undefined || bitsOf(family) !== cidr.address.length * 8) return undefined
  const first = numberOf(maskCidr(cidr))
  return { first, last: first + sizeOf(cidr) - 1n }
}

function union(ranges: readonly AddressRange[]): AddressRange[] {
  const merged: { first: bigint; last: bigint }[] = []
  for (const { first, last } of ranges.toSorted((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0))) {
    const before = merged.at(-1)
    if (before === undefined || first > before.last + 1n) merged.push({ first, last })
    else if (last > before.last) before.last = last
  }
  return merged
}

/** `holes` are in order and apart. */
function without({ first, last }: AddressRange, holes: readonly AddressRange[]): AddressRange[] {
  const left: AddressRange[] = []
  let from = first
  for (const hole of holes) {
    if (hole.last < from || hole.first > last) continue
    if (hole.first > from) left.push({ first: from, last: hole.first - 1n })
    from = hole.last + 1n
  }
  if (from <= last) left.push({ first: from, last })
  return left
}

const bitsOf = (family: Family): number => (family === 4 ? 32 : 128)
const lastOf = (family: Family): bigint => (1n << BigInt(bitsOf(family))) - 1n
const sizeOf = ({ address, prefix }: Cidr): bigint => 1n << BigInt(address.length * 8 - prefix)
const numberOf = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)

function formatAddress(number: bigint, family: Family): string {
  const hex = number.toString(16).padStart(bitsOf(family) / 4, '0')
  const bytes = Uint8Array.from(Buffer.from(hex, 'hex'))
  // An IPv4-mapped address would be written as the IPv4 address that it holds, which is not what an IPv6 set takes.
  return isMapped(bytes)
    ? (hex.match(/.{4}/g) as string[]).map((group) => Number.parseInt(group, 16).toString(16)).join(':')
    : formatIp(bytes)
}
