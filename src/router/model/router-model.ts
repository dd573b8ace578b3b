import type { Backend } from './backend.ts'
import type { Certificate } from './certificate.ts'
import type { Listener } from './listener.ts'

/**
 * All that the cluster's router does, as plain data: `ingress/` and `gateway/` each translate their objects into one, `mergeModels` joins them,
 * `haproxy/` turns the whole into a proxy's configuration. Nothing in it is the text of any proxy's language: strings are what the API said, and
 * `routeProblem` says which of them cannot be served. Equal worlds give equal models: lists are in an order that does not depend on the order
 * in which objects were heard of, and names never change while their object lives.
 */
export interface RouterModel {
  readonly listeners: readonly Listener[]
  /** Each name once. A backend that no route names is left out of the configuration. */
  readonly backends: readonly Backend[]
  /** Each name once. */
  readonly certificates: readonly Certificate[]
}

/** Nothing to serve: no proxy runs. */
export const emptyModel: RouterModel = { listeners: [], backends: [], certificates: [] }
