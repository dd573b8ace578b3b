/** Seats that a level wants, and between which bounds it may get them. */
export interface Claim {
  readonly target: number
  readonly lowerBound: number
  readonly upperBound: number
}

/**
 * Divides `total` seats so that each level gets the same share of its target, within its bounds (KEP 1040, "Dispatching"). Returns
 * `undefined` where the bounds leave no solution. Results are not rounded.
 */
export function allocate(total: number, claims: readonly Claim[]): readonly number[] | undefined {
  if (claims.length === 0) return []
  const low = claims.reduce((sum, { lowerBound }) => sum + lowerBound, 0)
  const high = claims.reduce((sum, { upperBound }) => sum + upperBound, 0)
  if (low - total > epsilon || total - high > epsilon) return undefined
  const targets = claims.map(({ target }) => Math.max(target, leastTarget))
  const at = (proportion: number): readonly number[] =>
    claims.map(({ lowerBound, upperBound }, i) => Math.max(lowerBound, Math.min(upperBound, proportion * targets[i]!)))
  // The sum grows with the proportion, in straight pieces between the points at which a bound begins or ends to hold.
  const bends = claims
    .flatMap(({ lowerBound, upperBound }, i) => [lowerBound / targets[i]!, upperBound / targets[i]!])
    .toSorted((a, b) => a - b)
  let from = 0
  let sumAtFrom = low
  for (const to of bends) {
    const sumAtTo = at(to).reduce((sum, value) => sum + value, 0)
    if (sumAtTo >= total - epsilon) {
      const share = sumAtTo - sumAtFrom <= epsilon ? 1 : (total - sumAtFrom) / (sumAtTo - sumAtFrom)
      return at(from + (to - from) * Math.min(1, Math.max(0, share)))
    }
    from = to
    sumAtFrom = sumAtTo
  }
  return at(from)
}

const epsilon = 1e-7
const leastTarget = 0.001
