import type { AnyKind, KubeObject } from '#api/kind.ts'
import { apiVersionOf } from '#api/kind.ts'
import type { Client } from '#client/client.ts'
import { createInformer, type Informer } from '#client/informer.ts'
import type { IndexFunction } from '#client/object-index.ts'
import type { Clock } from '#lib/clock.ts'
import type { Log } from '#lib/log.ts'
import type { WorkQueueMetrics } from '#lib/metrics/work-queue-metrics.ts'
import type { Random } from '#lib/random.ts'
import type { Of } from '#schema/schema.ts'
import type { Cache, Controller, Measure, Source } from './controller.ts'
import type { ControllerMetrics, Counting } from './controller-metrics.ts'
import { createEventRecorder } from './events.ts'
import { type Counters, createReconciler, type NotedChange, type Reconciler } from './reconcile.ts'
import type { ServedKinds } from './served-kinds.ts'
import { createWorkQueue, type Lane, type WorkQueue } from './work-queue.ts'

/** Controllers at work over shared caches, from `runControllers` until `stop`. */
export interface Running {
  readonly cache: Cache
  /** What is held of one kind, for others in this process who read the same; closed with the controllers. Throws for a kind that is not held. */
  informer<K extends AnyKind>(kind: K): Informer<Of<K>>
  /** Resolves when every cache is filled and the controllers have begun; rejects when stopped before. */
  synced(): Promise<void>
  /**
   * From now on these are the kinds of definitions: new ones are held in memory and shown to the controllers that ask for such, others are let
   * go. A kind that changed comes as another value.
   */
  serveCustom(kinds: readonly AnyKind[]): void
  /** Nothing is waiting or in work; deadlines may still be to come. */
  readonly isIdle: boolean
  counters(): readonly ({ readonly controller: string; readonly depth: number; readonly droppedEvents: number } & Counters)[]
  /** Begins no further command; resolves when those on their way have ended. */
  stop(): Promise<void>
}

/** Which controllers run, as whom, and over which caches. */
export interface RunOptions {
  readonly controllers: readonly AnyController[]
  /** Reads and watches. */
  readonly client: Client
  /** The client that acts as this controller. Absent: `client` acts for all, told apart by their field managers. */
  readonly clientFor?: (controller: string) => Client
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Keys that one controller works on side by side; default 8. */
  readonly concurrency?: number
  /** How a kind is held in memory; also names kinds that views read without being a source of any controller. */
  readonly kinds?: readonly HeldKind[]
  /** Told which kinds of definitions are held. Absent: none ever are. */
  readonly served?: ServedKinds
  /** What the controllers' queues tell of themselves. Absent: nobody counts. */
  readonly queueMetrics?: (name: string, inWork: () => Iterable<number>) => WorkQueueMetrics
  /** Takes what the controllers count. Absent: nobody counts. */
  readonly metrics?: ControllerMetrics
  /** Where the events of `host` components come from: the node's name. */
  readonly host?: string
}

/** A controller of whatever view: nobody but itself looks into it. */
// biome-ignore lint/suspicious/noExplicitAny: the list of controllers is a fold's edge
export type AnyController = Controller<any>

/** Which objects of a kind are kept, and by what they are found again. Absent parts: all of them, by their names. */
export interface HeldKind {
  readonly kind: AnyKind
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly indexes?: Readonly<Record<string, IndexFunction<never>>>
}

/** Starts caches and queues at once; controllers begin once all caches are filled. */
export function runControllers(options: RunOptions): Running {
  const { controllers, client, clock, random, log, concurrency, queueMetrics } = options
  const stopping = new AbortController()
  const informers = startInformers(options)
  const informerOf = (kind: AnyKind) => informers.get(nameOf(kind))
  const held = heldBy(informerOf)
  const cache = cacheOver(held)

  const workers = controllers.map((controller) => {
    const { name } = controller
    const own = options.clientFor?.(name) ?? client
    const ownLog = log.with({ controller: name })
    const ownRandom = random.fork(name)
    const host = options.host === undefined ? {} : { host: options.host }
    const component = controller.eventSource ?? name
    const recorder = createEventRecorder({ client: own, clock, random: ownRandom.fork('events'), log: ownLog, component, ...host })
    const hands = { client: own, fieldManager: controller.fieldManager ?? name, recorder, informerOf, log: ownLog, signal: stopping.signal }
    const counting = options.metrics?.of(controller, cache)
    const reconciler = createReconciler({ controller, cache, clock, log: ownLog, hands, measure: counting?.note })
    const queue = createWorkQueue({
      clock,
      random: ownRandom.fork('queue'),
      log: ownLog,
      work: reconciler.reconcile,
      yields: controller.yields ?? false,
      ...(concurrency !== undefined && { concurrency }),
      ...(queueMetrics !== undefined && { metrics: (inWork) => queueMetrics(name, inWork) }),
    })
    return { controller, queue, reconciler, recorder, counting, log: ownLog }
  })

  async function begin(): Promise<void> {
    // A view over half-filled caches would see a world in which things are missing, and make them again.
    await Promise.all([...informers.values()].map((informer) => informer.synced()))
    if (stopping.signal.aborted) throw stopping.signal.reason
    for (const worker of workers) for (const source of worker.controller.sources) connect(source, informerOf(source.kind)!, worker, cache)
  }

  const begun = begin()
  // A composition that stops before the caches are filled need not have asked.
  begun.catch(() => {})

  const custom = new Map<string, { readonly kind: AnyKind; readonly informer: AnyInformer; isShown: boolean }>()
  const tellServed = (): void => options.served?.setCustom([...custom.values()].filter(({ isShown }) => isShown).map(({ kind }) => kind))

  function letGo(name: string): void {
    const held = custom.get(name)
    if (held === undefined) return
    custom.delete(name)
    // First nobody asks for it any more, then it goes.
    tellServed()
    informers.delete(name)
    held.informer.close().catch((error: unknown) => log.error('an informer could not be closed', { kind: name, error }))
  }

  async function hold(name: string, kind: AnyKind): Promise<void> {
    const informer = startInformer(options, name, { kind })
    const held = { kind, informer, isShown: false }
    custom.set(name, held)
    informers.set(name, informer)
    await Promise.all([begun, informer.synced()])
    if (custom.get(name) !== held) return
    held.isShown = true
    tellServed()
    for (const worker of workers) {
      const source = worker.controller.sourceOf?.(kind)
      if (source !== undefined) connect(source, informer, worker, cache)
    }
  }

  function serveCustom(kinds: readonly AnyKind[]): void {
    if (stopping.signal.aborted || workers.every(({ controller }) => controller.sourceOf === undefined)) return
    const wanted = new Map(kinds.map((kind) => [nameOf(kind), kind]))
    for (const [name, { kind }] of custom) if (wanted.get(name) !== kind) letGo(name)
    for (const [name, kind] of wanted)
      if (!custom.has(name) && !informers.has(name))
        hold(name, kind).catch((error: unknown) => log.debug('stopped before a kind was held in memory', { kind: name, error }))
  }

  return {
    cache,
    informer: held,
    synced: () => begun,
    serveCustom,
    get isIdle() {
      return workers.every((worker) => worker.queue.isIdle)
    },
    counters: () =>
      workers.map(({ controller, queue, reconciler, recorder }) => ({
        controller: controller.name,
        depth: queue.depth,
        droppedEvents: recorder.dropped,
        ...reconciler.counters,
      })),
    async stop() {
      if (!stopping.signal.aborted) stopping.abort(new Error('the controllers were stopped'))
      // The queues first, so that nothing begins; the caches then let go of those who wait for them.
      const stopped = workers.map((worker) => worker.queue.stop())
      await Promise.all([...informers.values()].map((informer) => informer.close()))
      await Promise.all(stopped)
      for (const { recorder, counting } of workers) {
        recorder.close()
        counting?.end()
      }
    },
  }
}

type AnyInformer = Informer<unknown>

/** One informer a kind, for all controllers together. */
function startInformers(options: RunOptions): Map<string, AnyInformer> {
  const { controllers, kinds = [] } = options
  const held = new Map<string, HeldKind>()
  for (const controller of controllers) for (const { kind } of controller.sources) held.set(nameOf(kind), { kind })
  for (const kind of kinds) held.set(nameOf(kind.kind), kind)
  return new Map([...held].map(([name, one]) => [name, startInformer(options, name, one)]))
}

function startInformer({ client, clock, random, log }: RunOptions, name: string, held: HeldKind): AnyInformer {
  const { kind, indexes, ...selection } = held
  const declared = indexes as Readonly<Record<string, IndexFunction<unknown>>> | undefined
  return createInformer(client, kind, {
    clock,
    random: random.fork(`informer ${name}`),
    log,
    ...selection,
    ...(declared && { indexes: declared }),
  })
}

interface Worker {
  readonly queue: WorkQueue
  readonly reconciler: Reconciler
  readonly log: Log
  readonly counting: Counting | undefined
}

/** What is there already is bulk work; each later change passes it. */
function connect(source: Source, informer: AnyInformer, { queue, reconciler, log, counting }: Worker, cache: Cache): void {
  const keysOf = source.keys as ((object: unknown, cache: Cache, previous: unknown) => readonly string[]) | undefined
  const measured = source.measured as ((object: unknown, previous: unknown) => readonly Measure[]) | undefined
  let lane: Lane = 'bulk'
  informer.onChange((object, previous, change) => {
    try {
      if (measured !== undefined) counting?.note(change === 'deleted' ? measured(undefined, previous) : measured(object, previous))
      const keysFor = (now: unknown, before: unknown) => keysOf?.(now, cache, before) ?? [ownKey(object as KubeObject)]
      // Of one that went both states count: what the cache showed last may differ from what it was in the end.
      const keys = change === 'deleted' ? [...keysFor(object, object), ...keysFor(previous, previous)] : keysFor(object, previous)
      if (keys.length === 0) return
      const cause = noted(source.kind, object as KubeObject, previous as KubeObject | undefined)
      for (const key of keys) {
        reconciler.because(key, cause)
        queue.add(key, lane)
      }
    } catch (error) {
      log.error('cannot tell which keys a change concerns', { kind: source.kind.kind, name: (object as KubeObject).metadata.name, error })
    }
  })
  lane = 'change'
  informer.onListedAnew(() => {
    for (const key of reconciler.unseen(source.kind)) queue.add(key, lane)
  })
}

/** A wish is new where there is a new object, a new generation of it, or the wish that it goes. */
function noted({ group, plural: resource }: AnyKind, { metadata }: KubeObject, previous: KubeObject | undefined): NotedChange {
  const { name, namespace = '', resourceVersion, generation, deletionTimestamp } = metadata
  const before = previous?.metadata
  const isWish = before === undefined || before.generation !== generation || before.deletionTimestamp !== deletionTimestamp
  return { group, resource, namespace, name, resourceVersion, isWish }
}

const ownKey = ({ metadata: { name, namespace } }: KubeObject): string => (namespace ? `${namespace}/${name}` : name)

/** Asked for at each look into a cache, of which a change of a pod leads to dozens. */
const names = new WeakMap<AnyKind, string>()

function nameOf(kind: AnyKind): string {
  let name = names.get(kind)
  if (name === undefined) names.set(kind, (name = `${apiVersionOf(kind)}/${kind.plural}`))
  return name
}

type Held = <K extends AnyKind>(kind: K) => Informer<Of<K>>

const heldBy =
  (informerOf: (kind: AnyKind) => AnyInformer | undefined): Held =>
  <K extends AnyKind>(kind: K): Informer<Of<K>> => {
    const informer = informerOf(kind)
    if (informer === undefined) throw new TypeError(`${kind.kind} is neither a source of a controller nor among the kinds held in memory`)
    return informer as Informer<Of<K>>
  }

const cacheOver = (held: Held): Cache => ({
  get: (kind, name, namespace) => held(kind).get(name, namespace),
  list: (kind, namespace) => held(kind).list(namespace),
  ownedBy(kind, { uid, namespace }, which) {
    const owned = held(kind).ownedBy(uid, which)
    const isNear = ({ metadata }: KubeObject): boolean => namespace === undefined || metadata.namespace === namespace
    return owned.every(isNear) ? owned : owned.filter(isNear)
  },
  indexed: (kind, index, value) => held(kind).indexed(index, value),
})
