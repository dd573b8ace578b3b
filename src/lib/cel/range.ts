import type { Range } from './environment.ts'

/** No bound: 2^64, which sums and products stay at. */
export const unbounded = 2 ** 64
/** The range of what nothing is known of. */
export const unknownRange: Range = { min: 0, max: unbounded }
/** The range of one value alone. */
export const exactly = (value: number): Range => ({ min: value, max: value })

const bounded = (value: number): number => Math.min(value, unbounded)
/** A product that stays at `unbounded`, where nothing times anything is nothing. */
export const times = (a: number, b: number): number => (a === 0 || b === 0 ? 0 : bounded(a * b))

/** The sum, bound by bound. */
export const addRanges = (...ranges: readonly Range[]): Range => {
  let [min, max] = [0, 0]
  for (const range of ranges) {
    min = bounded(min + range.min)
    max = bounded(max + range.max)
  }
  return { min, max }
}
/** The product, bound by bound. */
export const multiplyRanges = (a: Range, b: Range): Range => ({ min: times(a.min, b.min), max: times(a.max, b.max) })
/** Times a factor, up to the next whole. */
export const scaleRange = ({ min, max }: Range, factor: number): Range => ({
  min: bounded(Math.ceil(min * factor)),
  max: bounded(Math.ceil(max * factor)),
})
/** What holds both. */
export const unionRange = (a: Range, b: Range): Range => ({ min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) })
