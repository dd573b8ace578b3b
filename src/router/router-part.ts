import type { Secret } from '#api/core/v1/secret.ts'
import type { Service } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { Command } from '#loop/controller.ts'
import type { Protocol } from './model/listener.ts'
import type { RouterModel } from './model/router-model.ts'
import type { Steps } from './turns.ts'

/**
 * One family of objects that the router serves: `ingress/`, `gateway/`. It watches its own kinds from the start, and tells which of them are ours;
 * what all families share (Services, EndpointSlices, TLS Secrets) is watched by the router, and only while some part is needed.
 */
export interface RouterPart {
  readonly name: string
  /** Its own kinds are listed. */
  synced(): Promise<void>
  /** Whether there is any object of ours. While no part has one, no proxy runs and nothing shared is watched. */
  readonly isNeeded: boolean
  /** Called when what it watches itself changed so that another translation may come of it. Returns how to stop. */
  onChange(listener: () => void): () => void
  /**
   * What it wants served now, and what it has to say: the same view gives the same answer, with nothing to write once all is written. What did not
   * change since the last time is the same value, so that whoever works on with it finds what was made of it. Asked while nothing is needed as well,
   * with a view that finds no Service and no Secret: a GatewayClass is accepted before there is any Gateway of it.
   */
  translate(view: RouterView): Steps<Translation>
  close(): Promise<void>
}

/** What every part may look at. */
export interface RouterView {
  /** Objects, and the list of slices, are the same values until they change. */
  service(name: string, namespace: string): Service | undefined
  slices(service: string, namespace: string): readonly EndpointSlice[]
  /** Secrets of type kubernetes.io/tls only: the router never reads others. */
  secret(name: string, namespace: string): Secret | undefined
  /** At which every port is served. */
  readonly addresses: readonly string[]
  /** Ports that parts before this one have, with their protocol: see `canShare`. */
  readonly taken: ReadonlyMap<number, Protocol>
  /** Why a port cannot be listened to at these addresses (absent: all), such as another program that has it; undefined: nothing known against it. */
  portProblem(port: number, addresses?: readonly string[]): string | undefined
  /** Why the proxy's program takes nothing of an object, by `Route.name` up to the object's, or `certificate <namespace>/<name>`: it is left out. */
  readonly refusals: ReadonlyMap<string, string>
  /** What was decided last is in force: statuses may say so. False before the first time, and while the proxy refuses. */
  readonly isServing: boolean
}

/**
 * `commands`: statuses and events, run by the router one after the other, each on its own, tried again with the next change when refused. An
 * `event` is recorded when the same one was not among those of the translation before.
 */
export interface Translation {
  readonly model: RouterModel
  readonly commands: readonly Command[]
}
