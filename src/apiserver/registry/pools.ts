import type { Pool } from './claims.ts'

/**
 * Service addresses out of IPv4 ranges such as `10.96.0.0/12`: of each all but the network's own and its broadcast address. The first range
 * is the server's own; `more` tells which others there are now (KEP 1880). Throws a `RangeError` where the first is none.
 */
export function addressPool(cidr: string, more: () => readonly string[] = () => []): Pool {
  const own = rangeOf(cidr)
  if (own === undefined || own.size > 2 ** 24 || own.size < 4)
    throw new RangeError(`service addresses need an IPv4 range of /8 to /30, not ${cidr}`)
  const ranges = (): readonly Range[] => [own, ...more().flatMap((text) => rangeOf(text) ?? [])]
  const holds = (value: string): boolean => {
    const number = addressNumber(value)
    // One address has one text: claims are made by it.
    if (number === undefined || addressText(number) !== value) return false
    return ranges().some(({ start, size }) => number > start && number < start + size - 1)
  }
  return {
    problem: (value) =>
      holds(value) ? undefined : `failed to allocate IP ${value}: the provided network does not match the current range`,
    taken: (value) => `failed to allocate IP ${value}: provided IP is already allocated`,
    pick(isTaken, random) {
      for (const { start, size } of ranges()) {
        const text = (offset: number): string => addressText(start + offset)
        // The lower part stays for addresses that people choose (KEP 3070).
        const reserved = Math.min(Math.max(16, Math.floor(size / 16)), 256)
        const found = pickOffset(size - 1, reserved + 1, (offset) => isTaken(text(offset)), random, text)
        if (found !== undefined) return found
      }
      return undefined
    },
    exhausted: 'failed to allocate a serviceIP: range is full',
    dryRun: {
      problem: (value) =>
        holds(value)
          ? undefined
          : `failed to allocate IP ${value}: the provided IP (${value}) is not in the valid range. The range of valid IPs is ${cidr}`,
      pick: () => addressText(own.start),
      minds: false,
    },
  }
}

/** Node ports, `first` to `last`. */
export function portPool(first: number, last: number): Pool {
  // As with addresses, the lower part stays for ports that people choose.
  const reserved = Math.min(Math.max(16, Math.floor((last - first + 1) / 32)), 128)
  return {
    problem: (value) =>
      Number(value) >= first && Number(value) <= last
        ? undefined
        : `provided port is not in the valid range. The range of valid ports is ${first}-${last}`,
    taken: () => 'provided port is already allocated',
    pick: (isTaken, random) =>
      pickOffset(
        last - first + 1,
        Math.min(reserved, last - first),
        (offset) => isTaken(`${first + offset}`),
        random,
        (offset) => `${first + offset}`,
      ),
    exhausted: 'failed to allocate a nodePort: range is full',
    // As the reference: the range is not looked at, and what is shown is the number after the highest one given, in the range or not.
    dryRun: {
      problem: () => undefined,
      pick: (given) => `${Math.max(0, ...(given.length === 0 ? [32_768] : given.map(Number))) + 1}`,
      minds: true,
    },
  }
}

/** A free offset: at random above `lower`, then below it. */
function pickOffset(
  end: number,
  lower: number,
  isTaken: (offset: number) => boolean,
  random: { below(below: number): number },
  text: (offset: number) => string,
): string | undefined {
  for (const [from, to] of [
    [Math.min(lower, end - 1), end],
    [0, Math.min(lower, end - 1)],
  ] as const) {
    const count = to - from
    if (count <= 0) continue
    const start = random.below(count)
    for (let i = 0; i < count; i += 1) {
      const offset = from + ((start + i) % count)
      if ((offset > 0 || lower < reservedZero) && !isTaken(offset)) return text(offset)
    }
  }
  return undefined
}

// Address ranges reserve far more than this; their offset 0 is the network itself.
const reservedZero = 16

function addressNumber(text: string): number | undefined {
  const found = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)
  if (found === null) return undefined
  const parts = found.slice(1).map(Number)
  return parts.some((part) => part > 255) ? undefined : parts.reduce((sum, part) => sum * 256 + part, 0)
}

const addressText = (number: number): string => [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.')

interface Range {
  readonly start: number
  readonly size: number
}

function rangeOf(cidr: string): Range | undefined {
  const [base = '', bits = ''] = cidr.split('/')
  const first = addressNumber(base)
  if (first === undefined || !/^\d+$/.test(bits) || Number(bits) > 32) return undefined
  const size = 2 ** (32 - Number(bits))
  return { start: first - (first % size), size }
}
