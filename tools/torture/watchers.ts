import assert from 'node:assert/strict'
import type { KubeObject } from '#api/kind.ts'
import type { Client } from '#client/client.ts'
import { createClient } from '#client/http.ts'
import { createInformer, type Informer } from '#client/informer.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import { isError } from '#lib/errors.ts'
import type { Transport } from '#lib/http.ts'
import { silentLog } from '#lib/log.ts'
import type { StoredObject } from './ledger.ts'
import { createOrder } from './order.ts'
import type { World } from './present.ts'
import { isOurs, namespaces, subjects } from './subjects.ts'

/** Informers of every kind that is written: of all namespaces, of one, and of those with a label. */
export interface Watchers {
  /** Resolves once every cache equals the world; throws when one does not within three minutes, or told of a change twice or out of order. */
  settled(world: World): Promise<void>
  /** How often one was told 410. */
  expired(): number
  events(): number
  close(): Promise<void>
}

/** `count` informers, spread over the transports. */
export function startWatchers({ transports, count }: { transports: readonly Transport[]; count: number }): Watchers {
  let expired = 0
  let events = 0
  let disorder: string | undefined
  const counting = (client: Client): Client => ({
    ...client,
    async *watch(kind, options) {
      try {
        yield* client.watch(kind, options)
      } catch (error) {
        if (isError(error, 'Expired', 'Gone')) expired += 1
        throw error
      }
    },
  })
  const clients = transports.map((transport) => counting(createClient(transport, { fieldManager: 'torture' })))
  const watchers = Array.from({ length: count }, (_, i) => {
    const subject = subjects[i % subjects.length]!
    const turn = Math.floor(i / subjects.length)
    // Every third sees everything, every third one namespace, every third one namespace's objects with a label.
    const namespace = turn % 3 === 0 ? undefined : (subject.namespace ?? namespaces[turn % namespaces.length]!)
    const labelSelector = turn % 3 === 2 ? 'half=even' : undefined
    const informer = createInformer(clients[i % clients.length]!, subject.kind, {
      clock: systemClock,
      random: systemRandom,
      log: silentLog,
      ...(namespace !== undefined && { namespace }),
      ...(labelSelector !== undefined && { labelSelector }),
    }) as unknown as Informer<KubeObject>
    const order = createOrder()
    informer.onChange((object, previous, change) => {
      events += 1
      const wrong = order.told(object, previous, change)
      if (wrong !== undefined) disorder ??= `the informer of ${subject.kind.plural} told ${wrong}`
    })
    return { subject, namespace, labelSelector, informer, order }
  })

  return {
    async settled(world) {
      for (const { subject, namespace, labelSelector, informer, order } of watchers) {
        const within = namespace !== undefined ? [namespace] : subject.namespace !== undefined ? [subject.namespace] : namespaces
        const wanted = within
          .flatMap((each) => world.of(subject, each))
          .filter(({ metadata }) => labelSelector === undefined || (metadata as { labels?: { half?: string } }).labels?.half === 'even')
        const seen = (): readonly Named[] => (informer.list() as readonly Named[]).filter(({ metadata }) => isOurs(metadata.namespace))
        const isEqual = (): boolean => marksOf(seen()) === marksOf(wanted)
        const reached = await informer.until(isEqual, 180_000)
        const where = `the informer of ${subject.kind.plural} in ${namespace ?? 'all namespaces'}${labelSelector === undefined ? '' : `, ${labelSelector}`}`
        assert.ok(reached, `${where} has ${differences(seen(), wanted)}`)
        for (const object of wanted)
          assert.deepEqual(contentOf(informer.get(object.metadata.name, object.metadata.namespace)), contentOf(object), where)
        order.forgetGone()
      }
      assert.equal(disorder, undefined)
    },
    expired: () => expired,
    events: () => events,
    async close() {
      await Promise.all(watchers.map(({ informer }) => informer.close()))
    },
  }
}

type Named = {
  readonly metadata: { readonly namespace?: string; readonly name: string; readonly uid?: string; readonly resourceVersion?: string }
}

/** Which objects, and which version of each. */
const marksOf = (objects: readonly Named[]): string =>
  objects
    .map(({ metadata }) => `${metadata.namespace}/${metadata.name} ${metadata.uid} ${metadata.resourceVersion}`)
    .sort()
    .join('\n')

/** What says most about an object without being decoded otherwise by one side. */
const contentOf = (object: unknown): unknown => {
  const { metadata, data, spec } = object as StoredObject & { data?: unknown; spec?: Readonly<Record<string, unknown>> }
  return { labels: metadata['labels' as never], data, step: spec?.['step'], holder: spec?.['holderIdentity'], address: spec?.['clusterIP'] }
}

function differences(found: readonly Named[], wanted: readonly Named[]): string {
  const has = new Set(marksOf(found).split('\n'))
  const wants = new Set(marksOf(wanted).split('\n'))
  const only = (a: ReadonlySet<string>, b: ReadonlySet<string>): string => JSON.stringify([...a].filter((mark) => !b.has(mark)).slice(0, 5))
  return `too much: ${only(has, wants)}, too little: ${only(wants, has)}`
}
