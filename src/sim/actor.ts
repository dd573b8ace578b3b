import { AsyncLocalStorage } from 'node:async_hooks'
import type { HttpRequest, Transport } from '#lib/http.ts'

/** On whose behalf the code that runs now runs: whose request leads to a write. */
export interface Actor {
  /** `replicaset-controller`, `kubelet of node-1`, `user`. */
  readonly name: string
  /** The server process that it is a part of; undefined for clients from outside. */
  readonly process: string | undefined
  readonly request: Pick<HttpRequest, 'method' | 'path'>
}

const storage = new AsyncLocalStorage<Actor>()

/** Undefined: the API server by itself, such as when it forgets old Events. */
export const currentActor = (): Actor | undefined => storage.getStore()

export const actingAs =
  (transport: Transport, name: string, process: string | undefined): Transport =>
  (request) =>
    storage.run({ name, process, request }, () => transport(request))
