import type { Action } from './action.ts'

/**
 * One way to match a request, and what is done then. A Gateway API rule with three matches, or for two hosts, gives as many routes; one without a
 * match gives one for the path prefix `/`. See `compareRoutes` for which of several matching ones wins.
 */
export interface Route {
  /** Stable, and unique in its listener: `httproute/<namespace>/<name>/<rule>/<match>/<hostname>`. */
  readonly name: string
  /** Lower case; `` (every host of the listener), `a.example` or `*.a.example`. Already cut down to what listener and route both mean. */
  readonly hostname: string
  readonly path: PathMatch
  /** `GET`, … as it stands in the request. Absent: any. */
  readonly method?: string
  /** All of them must match. Names are compared without regard to case, and each stands here once. */
  readonly headers: readonly ValueMatch[]
  /** All of them must match; of a parameter that is given twice, either may. Names are compared exactly, values with percent-encoding undone. */
  readonly queryParameters: readonly ValueMatch[]
  /**
   * Where something stands before paths, among routes for the same host name: compared number by number, the smaller one comes first, and what is
   * absent is 0. Gateway API: how much of the host name the object itself left open, and for gRPC the lengths of service and method.
   */
  readonly rank?: readonly number[]
  readonly age: RouteAge
  readonly action: Action
}

/**
 * How a request's path (without its query) is compared, byte by byte as the client sent it: percent-encoding is not undone, so that what is decided
 * here is what the backend sees.
 */
export type PathMatch =
  | { readonly type: 'Exact'; readonly value: string }
  /** By elements between slashes: `/a` and `/a/` both mean `/a`, `/a/` and `/a/b`, and never `/ab`. */
  | { readonly type: 'Prefix'; readonly value: string }
  /** RE2 syntax; the whole path has to match. */
  | { readonly type: 'RegularExpression'; readonly value: string }

/** A header or a query parameter. */
export interface ValueMatch {
  readonly name: string
  /** `RegularExpression`: RE2 syntax, and the whole value has to match. */
  readonly type: 'Exact' | 'RegularExpression'
  readonly value: string
}

/** By what equal matches are told apart: the older object wins, then the name that comes first, then the earlier place in the object. */
export interface RouteAge {
  /** The object's creation, milliseconds since the epoch. */
  readonly createdMs: number
  /** `namespace/name` of the object, compared by code units. */
  readonly object: string
  /** Place among the object's routes: rule by rule, match by match. */
  readonly index: number
}
