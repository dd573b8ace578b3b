/** How often a connection to an endpoint that does not come about is tried, at others where there are any; and for how long each time, if nothing else is said. */
export const connectionTries = { most: 5, eachMs: 5_000 } as const

/** What is done with a request that a route matched. */
export type Action = Forward | Redirect | Answer

/** Passes it on. */
export interface Forward {
  readonly do: 'forward'
  /**
   * Each request goes to one of them, with the chance that its weight has of all weights. Weights are whole numbers from 0; all 0, or an empty list,
   * is answered with 500 (Gateway API, HTTPRouteRule.backendRefs: an invalid reference is 500 for its share of the requests).
   */
  readonly backends: readonly WeightedBackend[]
  readonly requestHeaders?: HeaderChanges
  readonly responseHeaders?: HeaderChanges
  readonly rewrite?: Rewrite
  /**
   * `requestMs`: for how long the client waits at most for the answer to begin; `backendRequestMs`: the same for one try at a backend. Each attempt
   * has the smaller of both. 0: without end. Absent: the router's own (60 s). A body that flows is not cut off; one that stands still for so long is.
   */
  readonly timeouts?: { readonly requestMs?: number; readonly backendRequestMs?: number }
  /** How long the backend may take to accept a connection. Absent: the router's own (5 s). */
  readonly connectTimeoutMs?: number
}

export interface WeightedBackend {
  /** Name of a `Backend` in the model, or the answer in its place: 500 for a reference that may not be followed. */
  readonly to: string | Answer
  readonly weight: number
  /** After those of the route. */
  readonly requestHeaders?: HeaderChanges
  readonly responseHeaders?: HeaderChanges
}

/**
 * Done in this order: `remove`, `set` (in place of what was there), `add` (beside it). Values are taken as they are: nothing in them is expanded.
 * Names are tokens (RFC 9110, 5.6.2), values have no control characters.
 */
export interface HeaderChanges {
  readonly set: readonly Header[]
  readonly add: readonly Header[]
  readonly remove: readonly string[]
}

export interface Header {
  readonly name: string
  readonly value: string
}

/** How the request is changed before it is passed on. */
export interface Rewrite {
  /** In place of the Host header. */
  readonly hostname?: string
  readonly path?: PathChange
}

/**
 * `ReplacePrefix` only in a route whose path match is a `Prefix`: that prefix, without its last slash, is what is replaced. `/foo` → `/xyz` makes of
 * `/foo/bar` `/xyz/bar`, of `/foo` `/xyz`; `/foo` → `/` makes `/bar` and `/` (table at Gateway API, HTTPPathModifier). The query stays.
 */
export type PathChange =
  | { readonly type: 'ReplaceFull'; readonly value: string }
  | { readonly type: 'ReplacePrefix'; readonly value: string }

/**
 * Sends the client elsewhere. What is absent is as in the request; the query stays. `port` absent: the default of `scheme` if that is given, else
 * the listener's. A port that is its scheme's default is not written.
 */
export interface Redirect {
  readonly do: 'redirect'
  readonly scheme?: 'http' | 'https'
  readonly hostname?: string
  readonly port?: number
  readonly path?: PathChange
  readonly status: 301 | 302 | 303 | 307 | 308
  readonly responseHeaders?: HeaderChanges
}

/** Answers by itself, with a short text. */
export interface Answer {
  readonly do: 'answer'
  readonly status: 404 | 500 | 503
}
