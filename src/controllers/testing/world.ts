import { Pod } from '#api/core/v1/pod.ts'
import type { AnyKind, KubeObject } from '#api/kind.ts'
import { apiVersionOf } from '#api/kind.ts'
import { controllerOf } from '#api/meta/v1/owner.ts'
import type { Instant } from '#lib/clock.ts'
import { isError, WherryError } from '#lib/errors.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import type { Cache, Command, Controller, Measure, OwnerPlace, Refusal, Single, Source } from '#loop/controller.ts'
import { batchesOf, endsRefused } from '#loop/executor.ts'
import { inOrder } from '#loop/in-order.ts'
import type { Of } from '#schema/schema.ts'
import { heldKinds } from '../common/indexes.ts'

type Mutable = { metadata: Record<string, unknown> } & Record<string, unknown>
// The world runs controllers of every view.
// biome-ignore lint/suspicious/noExplicitAny: a list of controllers knows none of their views
type AnyController = Controller<any>
type EventCommand = Extract<Single, { do: 'event' }>

/**
 * A small world for tests of plans: objects by kind, a clock, and an executor with the API server's rules as far as controllers lean on
 * them (uids, versions, preconditions, finalizers, graceful deletion of pods, propagation policies). It shows the present at once: what a
 * late cache does to a controller is the loop's to test.
 */
export class World implements Cache {
  now: Instant = Date.parse('2026-01-01T00:00:00Z')
  readonly events: EventCommand[] = []
  /** Everything that was done, as text, in order. */
  readonly history: string[] = []
  /** What was added to controllers' metrics, by metric and labels: `jobs_total{Indexed}`. Histograms are not told. */
  readonly counted = new Map<string, number>()
  /** Refuses a command, to see what a controller makes of it. */
  refuse: (command: Single) => WherryError | undefined = () => undefined
  private readonly objects = new Map<string, Map<string, KubeObject>>()
  private changed: { kind: AnyKind; object: KubeObject; previous: KubeObject | undefined }[] = []
  private last = 0

  /** Puts an object there, with what a server would add. Missing apiVersion, kind, uid and creation time are filled in. */
  put<K extends AnyKind>(kind: K, object: object): Of<K> {
    const given = object as Mutable
    this.last += 1
    const name = (given.metadata['name'] as string | undefined) ?? `${given.metadata['generateName']}${this.last}`
    const stored = {
      apiVersion: apiVersionOf(kind),
      kind: kind.kind,
      ...given,
      metadata: {
        creationTimestamp: rfc3339(this.now),
        uid: `uid-${this.last}`,
        ...given.metadata,
        name,
        resourceVersion: `${this.last}`,
      },
    } as KubeObject
    this.store(kind, stored)
    return stored as Of<K>
  }

  /** Holds an object as it is, as an informer would. */
  hold(kind: AnyKind, object: KubeObject): void {
    this.store(kind, object)
  }

  get<K extends AnyKind>(kind: K, name: string, namespace?: string): Of<K> | undefined {
    return this.objects.get(kind.plural)?.get(`${namespace ?? ''}/${name}`) as Of<K> | undefined
  }

  list<K extends AnyKind>(kind: K, namespace?: string): readonly Of<K>[] {
    const all = [...(this.objects.get(kind.plural)?.values() ?? [])]
    return (namespace === undefined || namespace === ''
      ? all
      : all.filter((object) => (object.metadata.namespace ?? '') === namespace)) as readonly KubeObject[] as readonly Of<K>[]
  }

  ownedBy<K extends AnyKind>(kind: K, { uid, namespace }: OwnerPlace, which: 'controller' | 'any' = 'controller'): readonly Of<K>[] {
    return (this.list(kind, namespace) as readonly KubeObject[]).filter((object) =>
      which === 'any' ? object.metadata.ownerReferences?.some((owner) => owner.uid === uid) : controllerOf(object)?.uid === uid,
    ) as readonly KubeObject[] as readonly Of<K>[]
  }

  indexed<K extends AnyKind>(kind: K, index: string, value: string): readonly Of<K>[] {
    const found = heldKinds.find((one) => one.kind === kind)?.indexes?.[index] as ((object: KubeObject) => readonly string[]) | undefined
    if (found === undefined) throw new Error(`no index ${index} of ${kind.plural}`)
    return (this.list(kind) as readonly KubeObject[]).filter((object) =>
      found(object).includes(value),
    ) as readonly KubeObject[] as readonly Of<K>[]
  }

  /** Takes an object away at once, whatever holds it. */
  remove(kind: AnyKind, object: KubeObject): void {
    this.objects.get(kind.plural)?.delete(idOf(object))
    this.changed.push({ kind, object, previous: object })
  }

  /** Changes fields of a present object, as another client would: a merge patch. */
  change<K extends AnyKind>(kind: K, name: string, namespace: string | undefined, body: object): Of<K> {
    return this.patch(kind, this.present(kind, name, namespace), body) as Of<K>
  }

  do(command: Single): KubeObject | undefined {
    const refusal = this.refuse(command)
    if (refusal !== undefined) throw refusal
    if (command.do !== 'confirmAbsent' && command.do !== 'confirmNone' && command.do !== 'confirmUnchanged' && command.do !== 'each')
      this.history.push(show(command))
    switch (command.do) {
      case 'event':
        this.events.push(command)
        return undefined
      case 'create':
        return this.create(command)
      case 'update': {
        const { metadata } = command.object
        const present = this.present(command.kind, metadata.name, metadata.namespace)
        check(present, metadata)
        const { status } = command.object as unknown as Mutable
        const { annotations } = metadata
        const next =
          command.subresource === 'status' || command.subresource === 'approval'
            ? { ...present, metadata: { ...present.metadata, ...(annotations === undefined ? {} : { annotations }) }, status }
            : { ...command.object, status: (present as unknown as Mutable)['status'] }
        return this.write(command.kind, present, next as unknown as Mutable)
      }
      case 'patch': {
        const present = this.present(command.kind, command.name, command.namespace)
        check(present, command)
        return this.patch(command.kind, present, command.body)
      }
      // No controller here shares what it applies with another: each field of its status is all its own.
      case 'apply': {
        const present = this.present(command.kind, command.name, command.namespace)
        const { status } = command.body as Mutable
        const before = (present as unknown as Mutable)['status'] as object | undefined
        return this.write(command.kind, present, { ...present, status: { ...before, ...(status as object) } } as unknown as Mutable)
      }
      case 'delete':
        return this.delete(command)
      case 'confirmAbsent': {
        const present = this.get(command.kind, command.name, command.namespace) as KubeObject | undefined
        if (present !== undefined && (command.uid === undefined || present.metadata.uid === command.uid))
          throw new WherryError('Conflict', `${command.name} is there`)
        return undefined
      }
      case 'confirmNone': {
        const isMeant = command.isMeant as (object: KubeObject) => boolean
        const found = (this.list(command.kind, command.namespace) as readonly KubeObject[]).find(isMeant)
        if (found !== undefined) throw new WherryError('Conflict', `${found.metadata.name} is there`)
        return undefined
      }
      case 'each':
        for (const object of this.list(command.kind) as readonly KubeObject[]) {
          const single = (command.command as (object: KubeObject) => Single | undefined)(object)
          try {
            if (single !== undefined) this.do(single)
          } catch (error) {
            if (!isError(error, 'Conflict', 'NotFound')) throw error
          }
        }
        return undefined
      case 'confirmUnchanged': {
        const { metadata } = command.object
        check(this.present(command.kind, metadata.name, metadata.namespace), metadata)
        return undefined
      }
      case 'act':
        throw new Error(`no ${command.subresource} here`)
    }
  }

  /** One pass over one key, as the loop does it. Returns the commands and the time to come back. */
  pass(controller: AnyController, key: string): { readonly commands: readonly Single[]; readonly wakeAt: Instant } {
    const view = controller.view(key, this, this.now)
    if (view === undefined) return { commands: [], wakeAt: Infinity }
    const plan = controller.plan(view)
    const { commands: planned, wakeAt } = plan
    const commands = inOrder(planned)
    const refusals: Refusal[] = []
    const done = new Set<Command>()
    const count = (isDone: boolean): void => {
      const became = (command: Command) =>
        done.has(command) ? 'done' : refusals.some((refusal) => refusal.command === command) ? 'refused' : undefined
      this.note(controller, controller.measured?.(view, plan, { isDone, became, seconds: 0 }) ?? [])
    }
    let passedOver = 0
    for (const batch of batchesOf(planned)) {
      const failures = batch.batch.flatMap((command) => {
        const error = this.attempt(controller, view, command)
        if (error === undefined) done.add(command)
        return error === undefined ? [] : [{ command, error }]
      })
      if (failures.some(({ error }) => isError(error, 'Conflict', 'NotFound'))) {
        count(false)
        return { commands, wakeAt: this.now }
      }
      refusals.push(...failures)
      if (refusals.length > passedOver && endsRefused(batch)) break
      if (batch.ifFails === 'goOn') passedOver = refusals.length
    }
    count(refusals.length === 0)
    if (refusals.length === 0) return { commands, wakeAt }
    for (const further of inOrder(controller.failed?.(view, refusals) ?? [])) this.do(further)
    return { commands, wakeAt: this.now + 1000 }
  }

  private note({ metrics = [] }: AnyController, measures: readonly Measure[]): void {
    for (const { metric, labels = [], value = 1 } of measures) {
      if (metrics.find(({ name }) => name === metric)?.type !== 'counter') continue
      const series = `${metric}{${labels.join()}}`
      this.counted.set(series, (this.counted.get(series) ?? 0) + value)
    }
  }

  /** Undefined: done, and what follows from the answer too. */
  private attempt(controller: AnyController, view: unknown, command: Single): WherryError | undefined {
    let answer: KubeObject | WherryError | undefined
    try {
      answer = this.do(command)
    } catch (error) {
      if (!isError(error)) throw error
      if (command.do === 'create' && command.ifExists === 'keep' && error.code === 'AlreadyExists') return undefined
      if (isError(error, 'Conflict', 'NotFound')) return error
      answer = error
    }
    if (answer !== undefined && controller.answered !== undefined && command.do !== 'event') {
      for (const further of inOrder(controller.answered(view, command, answer))) this.do(further)
    }
    return answer instanceof WherryError ? answer : undefined
  }

  /** The keys that everything there is touches. */
  keysOf(controller: AnyController): string[] {
    const keys = controller.sources.flatMap((source) =>
      (this.list(source.kind) as readonly KubeObject[]).flatMap((object) => keysFor(source, object, this, undefined)),
    )
    return [...new Set(keys)]
  }

  /**
   * Runs the controllers until nothing is left to do, following changes as the loop would, and then looks at every key once more: a settled
   * world must be planned to stay as it is. Returns the next time at which waiting alone would change something.
   */
  settle(all: readonly AnyController[], limit = 2000): Instant {
    let queue = all.flatMap((controller) => this.keysOf(controller).map((key) => ({ controller, key })))
    this.changed = []
    for (let round = 0; queue.length > 0; round += 1) {
      if (round > limit) throw new Error(`not settled after ${limit} rounds:\n${this.history.slice(-20).join('\n')}`)
      for (const { controller, key } of queue) this.pass(controller, key)
      const changes = this.changed
      this.changed = []
      const next = new Map<string, { controller: AnyController; key: string }>()
      for (const controller of all)
        for (const source of controller.sources)
          for (const { kind, object, previous } of changes)
            if (source.kind === kind)
              for (const key of keysFor(source, object, this, previous)) next.set(`${controller.name} ${key}`, { controller, key })
      queue = [...next.values()]
    }
    let wakeAt = Infinity
    for (const controller of all)
      for (const key of this.keysOf(controller)) {
        const plan = this.pass(controller, key)
        if (plan.commands.length > 0) {
          throw new Error(`${controller.name} is not silent about ${key}: ${plan.commands.map(show).join('; ')}`)
        }
        wakeAt = Math.min(wakeAt, plan.wakeAt)
      }
    return wakeAt
  }

  private create(command: Extract<Single, { do: 'create' }>): KubeObject {
    const { metadata, ...rest } = command.object as Mutable
    const name = metadata['name'] as string | undefined
    const namespace = command.namespace ?? (metadata['namespace'] as string | undefined)
    if (name !== undefined && this.get(command.kind, name, namespace) !== undefined) {
      throw new WherryError('AlreadyExists', `${command.kind.plural} "${name}" already exists`)
    }
    const own = namespace === undefined ? metadata : { ...metadata, namespace }
    return this.put(command.kind, { ...rest, metadata: { ...own, generation: 1 }, status: rest['status'] ?? {} }) as KubeObject
  }

  private delete(command: Extract<Single, { do: 'delete' }>): KubeObject {
    const present = this.present(command.kind, command.name, command.namespace)
    check(present, command)
    const finalizers = new Set(present.metadata.finalizers)
    if (command.propagationPolicy === 'Foreground') finalizers.add('foregroundDeletion')
    if (command.propagationPolicy === 'Orphan') finalizers.add('orphan')
    const isPod = (command.kind as unknown) === Pod
    const graceSeconds = isPod && (present as Pod).spec.nodeName ? (command.gracePeriodSeconds ?? 30) : 0
    if (finalizers.size === 0 && graceSeconds === 0 && command.kind.rules.isHeld?.(present) !== true) {
      this.remove(command.kind, present)
      return present
    }
    const metadata = {
      ...present.metadata,
      ...(finalizers.size > 0 ? { finalizers: [...finalizers] } : {}),
      deletionTimestamp: present.metadata.deletionTimestamp ?? rfc3339(this.now + graceSeconds * 1000),
      deletionGracePeriodSeconds: graceSeconds,
    }
    return this.write(command.kind, present, { ...present, metadata } as unknown as Mutable)
  }

  private patch(kind: AnyKind, present: KubeObject, body: object): KubeObject {
    return this.write(kind, present, merge(present, body) as Mutable)
  }

  private write(kind: AnyKind, present: KubeObject, next: Mutable): KubeObject {
    this.last += 1
    const { metadata } = next as unknown as KubeObject
    const raised = JSON.stringify((present as unknown as Mutable)['spec']) === JSON.stringify(next['spec']) ? 0 : 1
    const object = {
      ...next,
      metadata: { ...metadata, resourceVersion: `${this.last}`, generation: (present.metadata.generation ?? 1) + raised },
    } as unknown as KubeObject
    const held =
      (metadata.finalizers?.length ?? 0) > 0 || (metadata.deletionGracePeriodSeconds ?? 0) > 0 || kind.rules.isHeld?.(object) === true
    if (metadata.deletionTimestamp !== undefined && !held) this.remove(kind, present)
    else this.store(kind, object, present)
    return object
  }

  private present(kind: AnyKind, name: string, namespace: string | undefined): KubeObject {
    const present = this.get(kind, name, namespace) as KubeObject | undefined
    if (present === undefined) throw new WherryError('NotFound', `${kind.plural} "${name}" not found`)
    return present
  }

  private store(kind: AnyKind, object: KubeObject, previous?: KubeObject): void {
    const ofKind = this.objects.get(kind.plural) ?? new Map<string, KubeObject>()
    this.objects.set(kind.plural, ofKind.set(idOf(object), deepFreeze(object)))
    this.changed.push({ kind, object, previous })
  }
}

/** A command as one line of a test's expectation. */
export function show(command: Command): string {
  switch (command.do) {
    case 'together':
      return command.commands.map(show).join(', ')
    case 'create': {
      const { name, generateName } = (command.object as { metadata: { name?: string; generateName?: string } }).metadata
      return `create ${command.kind.singular} ${name ?? `${generateName}?`}`
    }
    case 'update':
      return `update ${command.kind.singular} ${command.object.metadata.name}${command.subresource ? `/${command.subresource}` : ''}`
    case 'patch':
    case 'apply':
      return `${command.do} ${command.kind.singular} ${command.name}${command.subresource ? `/${command.subresource}` : ''} ${JSON.stringify(command.body)}`
    case 'delete':
      return `delete ${command.kind.singular} ${command.name}`
    case 'act':
      return `${command.subresource} ${command.kind.singular} ${command.name}`
    case 'confirmAbsent':
      return `confirm that ${command.kind.singular} ${command.name} is gone`
    case 'confirmNone':
      return `confirm that there is no such ${command.kind.singular}`
    case 'confirmUnchanged':
      return `confirm that ${command.kind.singular} ${command.object.metadata.name} is unchanged`
    case 'each':
      return `for each ${command.kind.singular}`
    case 'event':
      return `event ${command.type} ${command.reason} ${command.message}`
  }
}

/** What the names of the pods that are to be made begin with. */
export const prefixesOf = (commands: readonly Single[]): readonly (string | undefined)[] =>
  commands.flatMap((command) =>
    command.do === 'create' && command.kind === Pod
      ? [(command.object as { readonly metadata: { readonly generateName?: string } }).metadata.generateName]
      : [],
  )

function keysFor(source: Source, object: KubeObject, cache: Cache, previous: KubeObject | undefined): readonly string[] {
  const keys = source.keys as ((object: KubeObject, cache: Cache, previous: KubeObject | undefined) => readonly string[]) | undefined
  const { namespace, name } = object.metadata
  return keys === undefined ? [namespace === undefined ? name : `${namespace}/${name}`] : keys(object, cache, previous)
}

const idOf = ({ metadata }: KubeObject): string => `${metadata.namespace ?? ''}/${metadata.name}`

function check(present: KubeObject, wanted: { readonly uid?: string; readonly resourceVersion?: string }): void {
  const { uid, resourceVersion, name } = present.metadata
  if (wanted.uid !== undefined && wanted.uid !== uid) throw new WherryError('Conflict', `${name} has another uid`)
  if (wanted.resourceVersion !== undefined && wanted.resourceVersion !== resourceVersion) {
    throw new WherryError('Conflict', `${name} has been modified`)
  }
}

/** RFC 7396. */
function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch
  const result: Record<string, unknown> = typeof target === 'object' && target !== null && !Array.isArray(target) ? { ...target } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else result[key] = merge(result[key], value)
  }
  return result
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const item of Object.values(value)) deepFreeze(item)
  }
  return value
}
