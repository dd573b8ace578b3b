/** Lets so many acts run at one time; the others wait, first come, first served. */
export interface Turns {
  take<T>(act: () => Promise<T>): Promise<T>
}

/** `limit`: at least 1; Infinity for no bound. The queue is as long as there are callers that wait. */
export function createTurns(limit: number): Turns {
  const waiting: (() => void)[] = []
  let running = 0
  return {
    async take(act) {
      if (running >= limit) await new Promise<void>((resolve) => waiting.push(resolve))
      else running += 1
      try {
        return await act()
      } finally {
        const next = waiting.shift()
        // The next one has the place of this one: it was never free in between.
        if (next === undefined) running -= 1
        else next()
      }
    },
  }
}
