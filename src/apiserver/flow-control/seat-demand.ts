/** How many seats a level wanted over time. */
export interface SeatDemand {
  /** The most at once since the last look. */
  highWatermark: number
  average: number
  deviation: number
  /** Average and deviation of late, going down slowly: what the level is likely to want next. */
  smoothed: number
}

/** Watches one level's wish for seats. Times are of the monotonic clock. */
export interface SeatDemandMeter {
  set(nowMs: number, seats: number): void
  /** What was wanted since the last call, and begins anew. */
  look(nowMs: number): SeatDemand
  /** Seats wanted now. */
  readonly current: number
}

/** Weighs demand by the time it lasted. */
export function createSeatDemandMeter(nowMs: number): SeatDemandMeter {
  let lastMs = nowMs
  let current = 0
  let max = 0
  let timeMs = 0
  let sum = 0
  let sumOfSquares = 0
  let smoothed = 0
  const update = (at: number): void => {
    const passedMs = Math.max(0, at - lastMs)
    lastMs = at
    timeMs += passedMs
    sum += current * passedMs
    sumOfSquares += current * current * passedMs
  }
  return {
    get current() {
      return current
    },
    set(at, seats) {
      update(at)
      current = seats
      if (seats > max) max = seats
    },
    look(at) {
      update(at)
      const average = timeMs === 0 ? 0 : sum / timeMs
      const deviation = timeMs === 0 ? 0 : Math.sqrt(Math.max(0, sumOfSquares / timeMs - average * average))
      const envelope = average + deviation
      if (timeMs > 0) smoothed = Math.max(envelope, smoothing * smoothed + (1 - smoothing) * envelope)
      const demand = { highWatermark: Math.round(max), average, deviation, smoothed }
      max = current
      timeMs = 0
      sum = 0
      sumOfSquares = 0
      return demand
    },
  }
}

// Halves in about five minutes of ten-second looks, as with the reference.
const smoothing = 0.977
