import { Ingress } from '#api/networking/v1/ingress.ts'
import { IngressClass } from '#api/networking/v1/ingress-class.ts'
import type { Client } from '#client/client.ts'
import { createInformer } from '#client/informer.ts'
import type { Clock } from '#lib/clock.ts'
import type { Log } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'
import type { RouterPart } from '../router-part.ts'
import { isOwn } from './own-ingresses.ts'
import { createIngressTranslator, type IngressPorts } from './translate-ingresses.ts'

/** How to reach the server, time and chance for the watches, and the ports that Ingresses are served on. */
export interface IngressPartOptions {
  readonly client: Client
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly ports: IngressPorts
}

/** Ingresses as a part of the router. */
export function createIngressPart({ client, clock, random, log, ports }: IngressPartOptions): RouterPart {
  const cache = { clock, random, log: log.with({ part: 'ingress' }) }
  const ingresses = createInformer(client, Ingress, cache)
  const classes = createInformer(client, IngressClass, cache)
  const listeners = new Set<() => void>()
  const translate = createIngressTranslator(ports)
  const changed = (): void => {
    for (const listener of listeners) listener()
  }
  ingresses.onChange(changed)
  classes.onChange(changed)
  return {
    name: 'ingress',
    async synced() {
      await Promise.all([ingresses.synced(), classes.synced()])
    },
    get isNeeded() {
      return ingresses.list().some(isOwn(classes.list()))
    },
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    translate: (router) => translate({ ingresses: ingresses.list(), classes: classes.list(), router }),
    async close() {
      await Promise.all([ingresses.close(), classes.close()])
    },
  }
}
