import type { Random } from '#lib/random.ts'

/** The text of a free number from `first` to `last`, both included: at random, or the next one after that; undefined where none is free. */
export function pickFree(
  first: bigint,
  last: bigint,
  textOf: (number: bigint) => string,
  isTaken: (text: string) => boolean,
  random: Random,
): string | undefined {
  const count = last - first + 1n
  if (count <= 0n) return undefined
  const start = below(count, random)
  for (let i = 0n; i < count; i += 1n) {
    const text = textOf(first + ((start + i) % count))
    if (!isTaken(text)) return text
  }
  return undefined
}

/** Where there are more than a draw tells apart, the choice is uniform up to one in 2³². */
const below = (count: bigint, random: Random): bigint =>
  count <= BigInt(2 ** 32) ? BigInt(random.below(Number(count))) : BigInt(`0x${Buffer.from(random.bytes(12)).toString('hex')}`) % count
