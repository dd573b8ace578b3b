/**
 * Weights as a wheel of slots, each of which names one of them by its place: a request draws a slot, and so finds its backend by one look-up. Exact
 * where the weights, without their common divisor, add up to at most 1,000; else each is rounded to a thousandth, and none becomes 0.
 */
export function slotsOf(weights: readonly number[]): readonly number[] {
  const divisor = weights.reduce(greatestCommonDivisor)
  const sum = weights.reduce((total, weight) => total + weight, 0)
  const counts =
    sum / divisor <= mostSlots
      ? weights.map((weight) => weight / divisor)
      : weights.map((weight) => Math.max(1, Math.round((weight / sum) * mostSlots)))
  return counts.flatMap((count, index) => new Array<number>(count).fill(index))
}

const mostSlots = 1_000
const greatestCommonDivisor = (left: number, right: number): number => (right === 0 ? left : greatestCommonDivisor(right, left % right))
