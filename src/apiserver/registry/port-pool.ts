import type { Pool } from './claims.ts'
import { pickFree } from './pick-free.ts'

/** Node ports, `first` to `last`. */
export function portPool(first: number, last: number): Pool {
  // As with addresses, the lower part stays for ports that people choose.
  const reserved = Math.min(Math.max(16, Math.floor((last - first + 1) / 32)), 128, last - first)
  const upper = BigInt(first + reserved)
  return {
    problem: (value) =>
      Number(value) >= first && Number(value) <= last
        ? undefined
        : `provided port is not in the valid range. The range of valid ports is ${first}-${last}`,
    taken: () => 'provided port is already allocated',
    pick: (isTaken, random) =>
      pickFree(upper, BigInt(last), String, isTaken, random) ?? pickFree(BigInt(first), upper - 1n, String, isTaken, random),
    // As the reference: the range is not looked at, and what is shown is the number after the highest one given, in the range or not.
    dryRun: {
      problem: () => undefined,
      values() {
        let highest: number | undefined
        return {
          pick: () => `${(highest ?? dryRunStart) + 1}`,
          got: (value) => void (highest = Math.max(highest ?? 0, Number(value))),
        }
      },
      minds: true,
    },
  }
}

/** Counted from where none was given yet: the reference's number. */
const dryRunStart = 32_768
