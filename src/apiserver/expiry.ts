import type { AnyKind } from '#api/kind.ts'
import type { Clock, Instant } from '#lib/clock.ts'
import type { Revision, Store } from '#store/store.ts'
import type { Cacher } from './cacher/cacher.ts'
import { getItem, itemsOf } from './cacher/index.ts'
import { objectOf } from './cacher/item.ts'
import { prefixOf } from './registry/keys.ts'

interface Deadline {
  readonly key: string
  readonly revision: Revision
  readonly at: Instant
}

/**
 * Forgets objects of kinds with `ttlSeconds` that nobody touched for so long (Events). Deadlines of one kind come in the order of the
 * writes, so each kind needs one timer for its oldest; a write renews, and the outdated deadline is dropped when it comes up.
 */
export function startExpiry(options: {
  readonly store: Store
  readonly cacher: Cacher
  readonly kinds: readonly AnyKind[]
  readonly clock: Clock
  readonly onFailure: (error: unknown) => void
}): { close(): void } {
  const { store, cacher, clock } = options
  const stops: (() => void)[] = []
  const seen = new Set<string>()
  for (const kind of options.kinds) {
    const ttlMs = (kind.rules.ttlSeconds ?? 0) * 1000
    if (ttlMs === 0 || seen.has(prefixOf(kind))) continue
    seen.add(prefixOf(kind))
    stops.push(expireKind(kind, ttlMs))
  }

  function expireKind(kind: AnyKind, ttlMs: number): () => void {
    const cache = cacher.of(kind)
    let queue: Deadline[] = []
    let first = 0
    let forget: (() => void) | undefined
    let running = false
    let notBefore: Instant = 0

    const arm = (): void => {
      const next = queue[first]
      if (forget !== undefined || running || next === undefined) return
      forget = clock.schedule(Math.max(next.at, notBefore), () => {
        forget = undefined
        running = true
        run()
          .catch((error: unknown) => {
            // A store that cannot write fails at once, and would be asked again and again.
            notBefore = clock.now() + retryMs
            options.onFailure(error)
          })
          .finally(() => {
            running = false
            arm()
          })
      })
    }

    async function run(): Promise<void> {
      const now = clock.now()
      while (first < queue.length && queue[first]!.at <= now) {
        const { key, revision } = queue[first]!
        if (getItem(cache.index, key)?.revision === revision)
          // A write in between wins: the condition fails, and its own deadline is in the queue.
          await store.commit([{ do: 'delete', key }], [{ key, modRevision: revision }])
        first += 1
        if (first > 1024 && first * 2 > queue.length) {
          queue = queue.slice(first)
          first = 0
        }
      }
    }

    // When the last write was is not stored; what was written once was written at its creation, the rest gets its full time again.
    for (const item of itemsOf(cache.index, cache.prefix)) {
      const created = Date.parse(objectOf(item).metadata.creationTimestamp)
      const since = item.revision === item.createRevision && created > 0 ? created : clock.now()
      queue.push({ key: item.key, revision: item.revision, at: since + ttlMs })
    }
    queue.sort((a, b) => a.at - b.at)
    arm()
    const observer: Parameters<typeof cache.observers.add>[0] = (change) => {
      if (change.item === undefined) return
      queue.push({ key: change.key, revision: change.revision, at: clock.now() + ttlMs })
      arm()
    }
    cache.observers.add(observer)
    return () => {
      cache.observers.delete(observer)
      forget?.()
      queue = []
      first = 0
    }
  }

  return {
    close() {
      for (const stop of stops) stop()
    },
  }
}

const retryMs = 10_000
