import { formatCidr, formatIp, maskCidr, parseCidr, parseIp } from '#schema/ip.ts'
import type { Pool } from './claims.ts'
import { pickFree } from './pick-free.ts'

/**
 * Service addresses of one family, out of the ranges such as `10.96.0.0/12` and `fd00::/112` that there are now; those of the other family are
 * passed over (KEP 1880). Of each range all but the network's own address may be had, and of IPv4 all but the broadcast address.
 */
export function addressPool(family: 'IPv4' | 'IPv6', rangesNow: () => readonly string[]): Pool {
  const sizeBytes = family === 'IPv4' ? 4 : 16
  const ranges = (): readonly Range[] => rangesNow().flatMap((text) => rangeOf(text, sizeBytes) ?? [])
  const isIn = (range: Range, address: bigint): boolean => address >= range.first && address <= range.last
  const textOf = (address: bigint): string => formatIp(bytesOf(address, sizeBytes))
  const problem = (value: string, within: readonly Range[], why: () => string): string | undefined => {
    const bytes = parseIp(value)
    if (bytes?.length === sizeBytes && within.some((range) => isIn(range, numberOf(bytes)))) return undefined
    return `failed to allocate IP ${value}: ${why()}`
  }
  return {
    problem: (value) => problem(value, ranges(), () => 'the provided network does not match the current range'),
    taken: (value) => `failed to allocate IP ${value}: provided IP is already allocated`,
    pick(isTaken, random) {
      for (const { first, last, reserved } of ranges()) {
        const upper = first + reserved
        // The lower part stays for addresses that people choose (KEP 3070).
        const found = pickFree(upper, last, textOf, isTaken, random) ?? pickFree(first, upper - 1n, textOf, isTaken, random)
        if (found !== undefined) return found
      }
      return undefined
    },
    // As the reference: one range stands for all, and nothing is looked for in it.
    dryRun: {
      problem(value) {
        const [range] = ranges()
        const address = formatIp(parseIp(value) ?? new Uint8Array(sizeBytes))
        const why = () => `the provided IP (${address}) is not in the valid range. The range of valid IPs is ${range?.text ?? ''}`
        return problem(value, range === undefined ? [] : [range], why)
      },
      values: () => ({ pick: () => ranges()[0]?.network ?? '', got: () => {} }),
      minds: false,
    },
  }
}

interface Range {
  readonly text: string
  readonly network: string
  /** The first and the last address that may be had. */
  readonly first: bigint
  readonly last: bigint
  /** How many of the first ones are given out only when there are no others. */
  readonly reserved: bigint
}

/** Ranges that are larger the reference gives no addresses of. */
const prefixMinV6 = 64

function rangeOf(text: string, sizeBytes: number): Range | undefined {
  const cidr = parseCidr(text)
  if (cidr?.address.length !== sizeBytes || (sizeBytes === 16 && cidr.prefix < prefixMinV6)) return undefined
  const network = maskCidr(cidr)
  const size = 1n << BigInt(sizeBytes * 8 - cidr.prefix)
  const start = numberOf(network)
  const last = start + size - (sizeBytes === 4 ? 2n : 1n)
  const sixteenth = size / 16n
  const reserved = size <= 16n ? 0n : sixteenth < 16n ? 16n : sixteenth > 256n ? 256n : sixteenth
  return { text: formatCidr(cidr), network: formatIp(network), first: start + 1n, last, reserved }
}

const numberOf = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
const bytesOf = (number: bigint, sizeBytes: number): Uint8Array => Buffer.from(number.toString(16).padStart(sizeBytes * 2, '0'), 'hex')
