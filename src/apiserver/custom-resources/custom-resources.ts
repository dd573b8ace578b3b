import { cleanupFinalizer, isTrue, withCondition } from '#api/apiextensions/v1/conditions.ts'
import type { CustomResourceDefinition } from '#api/apiextensions/v1/types.ts'
import type { AnyKind, KubeObject } from '#api/kind.ts'
import { same } from '#api/strategy.ts'
import type { Clock } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { Random } from '#lib/random.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import type { Cacher } from '../cacher/cacher.ts'
import type { Internals, Objects } from '../contract.ts'
import type { KindRegistry } from '../kind-registry.ts'
import type { CelMetrics } from '../metrics/cel-metrics.ts'
import type { Outbound } from '../outbound.ts'
import { isCleaning, isServed, statusOf } from './definition-status.ts'
import { kindsOf, storedKindOf } from './kinds-of.ts'
import { type Convert, webhookConversion } from './webhook-conversion.ts'

/** What is read of definitions, where their kinds are served, and the way to conversion webhooks. */
export interface CustomResourcesOptions {
  readonly kinds: KindRegistry
  readonly cacher: Cacher
  readonly objects: Objects
  readonly internals: Internals
  readonly clock: Clock
  /** Calls conversion webhooks. Absent: whoever needs one is told that there is no way out. */
  readonly outbound?: Outbound
  readonly random: Random
  readonly onFailure: (error: unknown) => void
  /** Times the rules of schemas. Absent: nobody does. */
  readonly metrics?: CelMetrics
}

/** What keeps definitions and the kinds that are served in step. */
export interface CustomResources {
  close(): Promise<void>
}

/**
 * Serves the kinds of all definitions, from now on and as they come, change and go; gives each definition its status; and deletes the objects
 * of one that is deleted before it. All of it follows from the definitions as they are, so it may end at any instruction and go on later.
 */
export function startCustomResources(options: CustomResourcesOptions): CustomResources | undefined {
  const { kinds, cacher, objects, internals, clock, random, onFailure } = options
  const definitionKind = kinds.find('apiextensions.k8s.io', 'v1', 'customresourcedefinitions')
  // A server composed without definitions serves what it was given.
  if (definitionKind === undefined) return undefined
  const served = new Map<string, Served>()
  const dirty = new Set<string>()
  const failures = new Map<string, number>()
  const timers = new Set<() => void>()
  let isClosed = false
  let working: Promise<void> | undefined

  const present = (): readonly Definition[] => objects.list(definitionKind) as unknown as readonly Definition[]
  const find = (name: string): Definition | undefined => objects.get(definitionKind, name) as unknown as Definition | undefined

  function conversionOf({ spec }: Definition): Convert | undefined {
    const { webhook, strategy } = spec.conversion ?? {}
    if (strategy !== 'Webhook' || webhook === undefined) return undefined
    return webhookConversion(webhook, { outbound: options.outbound ?? noWayOut, uuid: () => random.uuid() })
  }

  /** Serves what the definition says, or nothing. Reads and writes that have begun go on with what they found. */
  function serve(name: string, definition: Definition | undefined): void {
    const before = served.get(name)
    if (definition === undefined || !isServed(definition)) {
      if (before === undefined) return
      served.delete(name)
      kinds.put(name, [])
      before.end()
      before.stop()
      // Definitions come and go under ever new names: what each of them had must not stay for good.
      const stored = storedKindOf(before.definition)
      if (stored !== undefined) cacher.drop(stored)
      return
    }
    const isSame =
      before !== undefined &&
      before.definition.metadata.uid === definition.metadata.uid &&
      same(before.definition.spec, definition.spec) &&
      same(before.definition.status.acceptedNames, definition.status.acceptedNames)
    const wasTerminating = before !== undefined && isTerminating(before.definition)
    if (isSame && wasTerminating === isTerminating(definition)) return
    const made = kindsOf(definition, conversionOf(definition), options.metrics)
    const stored = storedKindOf(definition)
    const cache = stored === undefined ? undefined : cacher.of(stored)
    // A watch shows objects as the definition had them when it began: it ends, and clients begin anew.
    if (before !== undefined && !isSame) before.end()
    const stop = before?.stop ?? (stored === undefined ? () => {} : objects.observe(stored, (_object, change) => emptied(name, change)))
    served.set(name, {
      definition,
      stop,
      end: () => {
        cache?.watchers.endAll()
      },
    })
    kinds.put(name, made)
  }

  /** The last objects of a definition that is deleted may be waited for. */
  function emptied(name: string, change: 'put' | 'delete'): void {
    const definition = served.get(name)?.definition
    if (change === 'delete' && definition !== undefined && isCleaning(definition)) look(name)
  }

  function look(name: string): void {
    if (isClosed) return
    dirty.add(name)
    working ??= work()
  }

  async function work(): Promise<void> {
    // What was told of in one commit is looked at together, once it is visible.
    await Promise.resolve()
    for (const name of dirty) {
      if (isClosed) break
      dirty.delete(name)
      try {
        await settle(name)
        failures.delete(name)
      } catch (error) {
        if (!(error instanceof WherryError) || (error.code !== 'NotFound' && error.code !== 'Conflict')) onFailure(error)
        if (!(error instanceof WherryError && error.code === 'NotFound')) again(name)
      }
    }
    working = undefined
    if (dirty.size > 0 && !isClosed) working = work()
  }

  /** Later, and ever later: what fails mostly does so for a while. */
  function again(name: string): void {
    if (isClosed) return
    const times = (failures.get(name) ?? 0) + 1
    failures.set(name, times)
    const forget = clock.schedule(clock.now() + Math.min(retryMaxMs, retryMs * 2 ** (times - 1)), () => {
      timers.delete(forget)
      look(name)
    })
    timers.add(forget)
  }

  async function settle(name: string): Promise<void> {
    const definition = find(name)
    if (definition === undefined) {
      failures.delete(name)
      return
    }
    const others = (of: Definition): readonly Definition[] =>
      present().filter((other) => other.spec.group === of.spec.group && other.metadata.name !== of.metadata.name)
    const now = rfc3339(clock.now())
    if (statusOf(definition, others(definition), now) !== definition.status)
      await internals.update(
        definitionKind!,
        name,
        undefined,
        (object) => {
          const current = object as unknown as Definition
          const status = statusOf(current, others(current), now)
          return status === current.status ? object : ({ ...current, status } as unknown as KubeObject)
        },
        { asPart: true },
      )
    if (isCleaning(definition)) await clean(definition)
  }

  async function clean(definition: Definition): Promise<void> {
    const { name } = definition.metadata
    const stored = storedKindOf(definition)
    const isOwn = stored !== undefined && isServed(definition)
    if (isOwn) {
      await removeAll(stored)
      // Those that something holds go later, and are told of then.
      if (objects.list(stored).length > 0) return
    }
    const now = rfc3339(clock.now())
    await internals.update(
      definitionKind!,
      name!,
      undefined,
      (object) => {
        const current = object as unknown as Definition
        const finalizers = (current.metadata.finalizers ?? []).filter((finalizer) => finalizer !== cleanupFinalizer)
        const conditions = withCondition(
          current.status.conditions,
          isOwn
            ? { type: 'Terminating', status: 'False', reason: 'InstanceDeletionCompleted', message: 'removed all instances' }
            : { type: 'Terminating', status: 'False', reason: 'NeverEstablished', message: 'resource was never established' },
          now,
        )
        return {
          ...current,
          metadata: { ...current.metadata, finalizers },
          status: { ...current.status, conditions },
        } as unknown as KubeObject
      },
      { asPart: true },
    )
  }

  async function removeAll(stored: AnyKind): Promise<void> {
    const left = [...objects.list(stored)]
    const workers = Array.from({ length: Math.min(deleteWorkers, left.length) }, async () => {
      for (let next = left.pop(); next !== undefined; next = left.pop()) {
        if (next.metadata.deletionTimestamp !== undefined) continue
        try {
          await internals.delete(stored, next.metadata.name, next.metadata.namespace, { uid: next.metadata.uid })
        } catch (error) {
          // Somebody else deleted it, or made it anew: the next look tells.
          if (!(error instanceof WherryError) || (error.code !== 'NotFound' && error.code !== 'Conflict')) throw error
        }
      }
    })
    await Promise.all(workers)
  }

  /** Looks at everything: at the start, and after a gap in what was told. */
  function lookAtAll(): void {
    const found = new Map(present().map((definition) => [definition.metadata.name!, definition]))
    for (const name of served.keys()) if (!found.has(name)) serve(name, undefined)
    for (const [name, definition] of found) {
      serve(name, definition)
      look(name)
    }
  }

  const stop = objects.observe(definitionKind, (object, change) => {
    const definition = object as unknown as Definition
    const name = definition.metadata.name!
    serve(name, change === 'put' ? definition : undefined)
    look(name)
    // Names that it gave up may be what others wait for.
    if (change === 'delete' || !same(definition.spec.names, definition.status.acceptedNames))
      for (const other of present()) if (other.spec.group === definition.spec.group) look(other.metadata.name!)
  })
  cacher.onReload(lookAtAll)
  lookAtAll()
  return {
    async close() {
      isClosed = true
      stop()
      for (const { stop: leave } of served.values()) leave()
      for (const forget of timers) forget()
      await working
    },
  }
}

type Definition = CustomResourceDefinition

interface Served {
  readonly definition: Definition
  readonly stop: () => void
  /** Ends the watches of its objects. */
  readonly end: () => void
}

const isTerminating = (definition: Definition): boolean => isTrue(definition, 'Terminating')

const noWayOut: Outbound = () =>
  Promise.reject(new WherryError('ServiceUnavailable', 'this server was composed without a way to call webhooks'))

const retryMs = 200
const retryMaxMs = 30_000
const deleteWorkers = 16
