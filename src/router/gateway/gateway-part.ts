import { Namespace } from '#api/core/v1/namespace.ts'
import type { AnyKind } from '#api/kind.ts'
import type { Client } from '#client/client.ts'
import { createInformer, type Informer } from '#client/informer.ts'
import type { Clock } from '#lib/clock.ts'
import type { Log } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import type { Of } from '#schema/schema.ts'
import type { RouterPart, RouterView } from '../router-part.ts'
import type { GatewayView } from './gateway-view.ts'
import { judgeClasses } from './judge-classes.ts'
import { followServedKinds } from './served-kinds.ts'
import { createGatewayTranslator } from './translate-gateways.ts'
import { Gateway, GatewayClass, GRPCRoute, HTTPRoute, ReferenceGrant, TLSRoute } from './types.ts'

/** How to reach the server, and time and chance for the watches. */
export interface GatewayPartOptions {
  readonly client: Client
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/**
 * The Gateway API as a part of the router. Its kinds may be missing, come later and go: each is watched only while it is served, and routes, grants
 * and namespaces only from the first Gateway of ours on.
 */
export function createGatewayPart({ client, clock, random, log }: GatewayPartOptions): RouterPart {
  const cache = { clock, random, log: log.with({ part: 'gateway' }) }
  const listeners = new Set<() => void>()
  const translate = createGatewayTranslator()
  const informers = new Map<AnyKind, Informer<unknown>>()
  let isClosed = false
  /** All that the first of our Gateways needs was listed. What comes later comes to what is there. */
  let isReady = false
  const changed = (): void => {
    start()
    for (const listener of listeners) listener()
  }
  const served = followServedKinds(client, [...leading, ...following], { ...cache, onChange: changed })

  const list = <K extends AnyKind>(kind: K): readonly Of<K>[] => (informers.get(kind)?.list() ?? []) as readonly Of<K>[]
  const accepted = (): ReadonlySet<string> =>
    new Set(
      judgeClasses(list(GatewayClass), [])
        .filter(({ isAccepted }) => isAccepted)
        .map((judged) => judged.class.metadata.name),
    )
  const hasOwn = (): boolean => {
    const classes = accepted()
    return list(Gateway).some(({ spec }) => classes.has(spec.gatewayClassName))
  }

  /** Begins to watch what there is to watch now, and ends what is not served any more. */
  function start(): void {
    if (isClosed) return
    for (const kind of [...leading, ...following, Namespace]) {
      const isServed = kind === Namespace || served.isServed(kind)
      const informer = informers.get(kind)
      if (!isServed && informer !== undefined) {
        informers.delete(kind)
        informer.close().catch((error: unknown) => log.error('a watch could not be ended', { kind: kind.kind, error }))
      } else if (isServed && informer === undefined && (isLeading(kind) || hasOwn())) follow(kind)
    }
  }

  function follow(kind: AnyKind): void {
    const informer = createInformer(client, kind, cache)
    informers.set(kind, informer)
    informer.onChange((object, previous, change) => {
      // Routes and Gateways change by every word that we say of them; a namespace concerns us by its labels alone.
      if (kind !== Namespace || change !== 'modified' || !sameLabels(object as Namespace, previous as Namespace)) changed()
    })
    informer.synced().then(changed, (error: unknown) => {
      if (!isClosed) log.debug('a watch was ended before it began', { kind: kind.kind, error })
    })
  }

  const isSynced = (): boolean => [...informers.values()].every((informer) => informer.isSynced)

  return {
    name: 'gateway',
    async synced() {
      await served.synced()
      // What is listed first says what is watched beside it.
      for (start(); !isSynced(); start()) await Promise.all([...informers.values()].map(listed))
    },
    get isNeeded() {
      // Half of the routes would take the others away from their clients, so the first look waits for all of them.
      isReady = hasOwn() && (isReady || isSynced())
      return isReady
    },
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    translate(view) {
      const now = rfc3339(clock.now())
      // While the routes of the first Gateway are still being listed, only its class can be judged.
      const isComplete = this.isNeeded || !hasOwn()
      return translate(isComplete ? viewOf(view) : { ...viewOf(view), gateways: [], httpRoutes: [], grpcRoutes: [], tlsRoutes: [] }, now)
    },
    async close() {
      isClosed = true
      await Promise.all([served.close(), ...[...informers.values()].map((informer) => informer.close())])
    },
  }

  /** A kind that goes while it is waited for is waited for no more: its watch was ended. */
  async function listed(informer: Informer<unknown>): Promise<void> {
    try {
      await informer.synced()
    } catch (error) {
      if (isClosed || [...informers.values()].includes(informer)) throw error
    }
  }

  function viewOf(router: RouterView): GatewayView {
    const labels = (name: string) => {
      const namespace = (informers.get(Namespace) as Informer<Namespace> | undefined)?.get(name)
      return namespace && (namespace.metadata.labels ?? noLabels)
    }
    return {
      service: (name, namespace) => router.service(name, namespace),
      slices: (service, namespace) => router.slices(service, namespace),
      secret: (name, namespace) => router.secret(name, namespace),
      addresses: router.addresses,
      taken: router.taken,
      portProblem: (port, addresses) => router.portProblem(port, addresses),
      refusals: router.refusals,
      isServing: router.isServing,
      classes: list(GatewayClass),
      gateways: list(Gateway),
      httpRoutes: list(HTTPRoute),
      grpcRoutes: list(GRPCRoute),
      tlsRoutes: list(TLSRoute),
      grants: list(ReferenceGrant),
      namespaceLabels: labels,
      bundleVersions: served.bundleVersions,
    }
  }
}

const noLabels: Readonly<Record<string, string>> = {}

/** What says whether there is anything to do. */
const leading: readonly AnyKind[] = [GatewayClass, Gateway]
/** What is read once there is. */
const following: readonly AnyKind[] = [HTTPRoute, GRPCRoute, TLSRoute, ReferenceGrant]
const isLeading = (kind: AnyKind): boolean => leading.includes(kind)

const sameLabels = (next: Namespace, previous: Namespace | undefined): boolean =>
  JSON.stringify(next.metadata.labels ?? {}) === JSON.stringify(previous?.metadata.labels ?? {})
