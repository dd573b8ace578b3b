import { sameList } from '../memory.ts'
import type { Route } from '../model/route.ts'
import { isPause, type Steps } from '../turns.ts'
import type { RouteJudgement } from './judge-routes.ts'

/** Routes by the keys of the listeners that they are attached to. */
export interface ListenerRoutes {
  /** By their names, whatever the order in which objects were heard of. */
  routes(listener: string): readonly Route[]
  /** How many objects are attached. */
  count(listener: string): number
}

/** Gathers the routes of each listener. Those of a listener that none of the changes concerns are the same value. */
export function createListenerRoutes(): (
  judged: readonly (RouteJudgement | undefined)[],
  refusals: ReadonlyMap<string, string>,
) => Steps<ListenerRoutes> {
  let before: { readonly judged: readonly unknown[]; readonly refusals: unknown; readonly found: ListenerRoutes } | undefined
  let routes: ReadonlyMap<string, readonly Route[]> = new Map()

  return function* (judged, refusals) {
    if (before?.judged === judged && before.refusals === refusals) return before.found
    const gathered = new Map<string, Route[]>()
    const counts = new Map<string, number>()
    for (const [index, one] of judged.entries()) {
      if (isPause(index)) yield
      if (one === undefined) continue
      for (const [key, own] of one.attached) {
        const there = gathered.get(key)
        if (there === undefined) gathered.set(key, [...own])
        else there.push(...own)
        // What the proxy does not take is not accepted, and so not attached.
        if (!refusals.has(one.object)) counts.set(key, (counts.get(key) ?? 0) + 1)
      }
    }
    const next = new Map<string, readonly Route[]>()
    for (const [key, own] of gathered) {
      own.sort((left, right) => (left.name < right.name ? -1 : left.name > right.name ? 1 : 0))
      next.set(key, sameList(routes.get(key), own))
      yield
    }
    routes = next
    const found: ListenerRoutes = { routes: (key) => next.get(key) ?? none, count: (key) => counts.get(key) ?? 0 }
    before = { judged, refusals, found }
    return found
  }
}

const none: readonly Route[] = []
