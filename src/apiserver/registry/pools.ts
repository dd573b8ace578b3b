import type { Pool } from './claims.ts'

/** Service addresses out of an IPv4 range such as `10.96.0.0/12`: all but the network's own and its broadcast address. */
export function addressPool(cidr: string): Pool {
  const [base = '', bits = ''] = cidr.split('/')
  const size = 2 ** (32 - Number(bits))
  const first = addressNumber(base)
  if (first === undefined || !/^\d+$/.test(bits) || Number(bits) > 30 || Number(bits) < 8)
    throw new RangeError(`service addresses need an IPv4 range of /8 to /30, not ${cidr}`)
  const start = first - (first % size)
  // The lower part stays for addresses that people choose (KEP 3070).
  const reserved = Math.min(Math.max(16, Math.floor(size / 16)), 256)
  return {
    problem(value) {
      const number = addressNumber(value)
      // One address has one text: claims are made by it.
      if (number === undefined || addressText(number) !== value) return `failed to allocate IP ${value}: not an IPv4 address`
      if (number > start && number < start + size - 1) return undefined
      return `failed to allocate IP ${value}: the provided IP (${value}) is not in the valid range. The range of valid IPs is ${cidr}`
    },
    taken: (value) => `failed to allocate IP ${value}: provided IP is already allocated`,
    pick(isTaken, random) {
      const text = (offset: number): string => addressText(start + offset)
      return pickOffset(size - 1, reserved + 1, (offset) => isTaken(text(offset)), random, text)
    },
    exhausted: 'failed to allocate a serviceIP: range is full',
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
