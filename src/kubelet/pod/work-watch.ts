import type { Clock } from '#lib/clock.ts'
import type { SyncType, WorkObserver } from '../metrics/work-metrics.ts'

/** The stop-watch beside one pod's worker. Looks and what they start overlap, so that a stretch of work is what is measured, not a step of it. */
export interface WorkWatch {
  /** What led to the work that is under way. */
  readonly type: SyncType
  /** A look begins. `isLeft`: only what the pod left is cleared away, so that nothing begins with it. */
  begins(isLeft: boolean): void
  /** The object is another: what begins now is because of it. */
  changed(): void
  /** Nothing is under way any more. `ending`: the work was to end the pod. */
  ends(ending: 'kill' | 'terminated' | undefined): void
}

export function createWorkWatch({ clock, observer }: { readonly clock: Clock; readonly observer?: WorkObserver }): WorkWatch {
  const seenMs = clock.monotonicMs()
  let next: SyncType = 'create'
  let current: { readonly type: SyncType; readonly startedMs: number } | undefined
  const seconds = (sinceMs: number): number => (clock.monotonicMs() - sinceMs) / 1000
  return {
    get type() {
      return current?.type ?? next
    },
    begins(isLeft) {
      if (current !== undefined) return
      if (next === 'create' && !isLeft) observer?.begun(seconds(seenMs))
      current = { type: next, startedMs: clock.monotonicMs() }
      next = 'sync'
    },
    changed() {
      if (current === undefined && next === 'sync') next = 'update'
    },
    ends(ending) {
      if (current === undefined) return
      observer?.synced(ending ?? current.type, seconds(current.startedMs))
      current = undefined
    },
  }
}
