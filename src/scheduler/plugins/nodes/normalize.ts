/**
 * Brings scores to 0 … 100, the highest to 100; with `reverse` the lowest counts as the best. Where all are 0 all are alike (kube-scheduler
 * helper.DefaultNormalizeScore).
 */
export function normalize(values: Float64Array, reverse: boolean): void {
  let most = 0
  for (const value of values) if (value > most) most = value
  if (most === 0) {
    if (reverse) values.fill(100)
    return
  }
  for (let index = 0; index < values.length; index += 1) {
    const share = Math.trunc((100 * values[index]!) / most)
    values[index] = reverse ? 100 - share : share
  }
}
