import type { Clock } from '#lib/clock.ts'

/** One moment a minute at which watches that want bookmarks may send one; none where nobody watches. */
export interface Bookmarks {
  join(send: () => void): () => void
  close(): void
}

/** `everyMs`: the reference's minute. Holds a deadline only while somebody watches. */
export function createBookmarks(clock: Clock, everyMs = 60_000): Bookmarks {
  const members = new Set<() => void>()
  let forget: (() => void) | undefined
  const plan = (): void => {
    forget = clock.schedule(clock.now() + everyMs, () => {
      for (const send of members) send()
      forget = undefined
      if (members.size > 0) plan()
    })
  }
  return {
    join(send) {
      members.add(send)
      if (forget === undefined) plan()
      return () => void members.delete(send)
    },
    close() {
      members.clear()
      forget?.()
    },
  }
}
