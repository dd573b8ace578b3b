/** Events that wait to be kept. */
export interface EventBuffer {
  /** How many wait. */
  readonly length: number
  /** How many were lost: those that found no room, and those that were given up. */
  readonly dropped: number
  /** Answers whether there was room. */
  offer(event: string): boolean
  /** The oldest ones, at most so many; they wait no more. Absent: all. */
  take(max?: number): readonly string[]
  /** So many that were taken could not be kept. */
  lose(count: number): void
}

/**
 * Bounded by number and by size, in characters: an event may hold a whole list, so that by their number alone those that wait could fill the
 * memory while a disk or a webhook hangs. What finds no room is lost and counted: audit must not hold up requests.
 */
export function createEventBuffer(eventsMax = 10_000, charactersMax = 64 * 1024 * 1024): EventBuffer {
  let events: string[] = []
  let characters = 0
  let dropped = 0
  return {
    get length() {
      return events.length
    },
    get dropped() {
      return dropped
    },
    offer(event) {
      if (events.length >= eventsMax || characters + event.length > charactersMax) {
        dropped += 1
        return false
      }
      events.push(event)
      characters += event.length
      return true
    },
    take(max = events.length) {
      const taken = events.slice(0, max)
      events = events.slice(max)
      for (const { length } of taken) characters -= length
      return taken
    },
    lose(count) {
      dropped += count
    },
  }
}
