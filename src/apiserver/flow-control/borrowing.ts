import { allocate } from './allocation.ts'
import type { Level } from './levels.ts'
import type { SeatDemandMeter } from './seat-demand.ts'

/** What of a level is needed to divide seats; `currentSeats` is set. */
export interface Borrower {
  readonly level: Pick<Level, 'isExempt' | 'nominalSeats' | 'minSeats' | 'maxSeats'>
  readonly demand: SeatDemandMeter
  currentSeats: number
}

/**
 * Lends the seats of levels that want few to those that want many (KEP 1040, "Dispatching"): exempt levels have what they took; the others
 * share the rest by their smoothed demand, none below what it keeps or, when it was wanted, its nominal seats.
 */
export function adjustSeats(borrowers: readonly Borrower[], nowMs: number): void {
  let left = borrowers.reduce((sum, { level }) => sum + level.nominalSeats, 0)
  const total = left
  const limited: { readonly borrower: Borrower; readonly least: number; readonly smoothed: number }[] = []
  for (const borrower of borrowers) {
    const { highWatermark, smoothed } = borrower.demand.look(nowMs)
    const { isExempt, minSeats, nominalSeats } = borrower.level
    if (isExempt) {
      borrower.currentSeats = Math.max(minSeats, highWatermark)
      left -= borrower.currentSeats
    } else limited.push({ borrower, least: Math.max(minSeats, Math.min(nominalSeats, highWatermark)), smoothed })
  }
  const minSum = limited.reduce((sum, { borrower }) => sum + borrower.level.minSeats, 0)
  const leastSum = limited.reduce((sum, { least }) => sum + least, 0)
  if (left <= minSum) {
    for (const { borrower } of limited) borrower.currentSeats = borrower.level.minSeats
    return
  }
  if (left <= leastSum) {
    const share = (left - minSum) / (leastSum - minSum)
    for (const { borrower, least } of limited)
      borrower.currentSeats = borrower.level.minSeats + Math.round((least - borrower.level.minSeats) * share)
    return
  }
  const seats = allocate(
    total,
    limited.map(({ borrower, least, smoothed }) => ({
      target: Math.max(least, smoothed),
      lowerBound: least,
      upperBound: borrower.level.maxSeats,
    })),
  )
  // Without a solution everybody keeps what they have.
  if (seats === undefined) return
  for (const [i, { borrower }] of limited.entries()) borrower.currentSeats = Math.round(seats[i]!)
}
