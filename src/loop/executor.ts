import type { AnyKind, KubeObject } from '#api/kind.ts'
import type { Client, ListOptions } from '#client/client.ts'
import { isError, WherryError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'
import type { Command, Refusal, Single } from './controller.ts'
import type { EventRecorder } from './events.ts'
import { type Expectation, type InformerOf, isMet } from './expectation.ts'
import { isNamespaceTerminating } from './namespace-terminating.ts'

/**
 * All effects of every controller go through here: commands in order, up to the first that fails, unless the plan is to go on. What
 * `answered` says to an answer is done at once; where that fails, the log says so and the plan goes on. Nothing more is made in a namespace
 * that is being deleted, and that is no failure: trying again would be refused until the namespace is gone.
 */
export async function execute(commands: readonly Command[], hands: Hands, { answered, failed }: Followed = {}): Promise<Execution> {
  const expectations: Expectation[] = []
  const follow = async (command: Single, from: () => readonly Command[] | undefined): Promise<void> => {
    let commands: readonly Command[] = []
    try {
      commands = from() ?? []
    } catch (error) {
      // What was written is written, and has to be waited for, whatever a controller makes of the answer.
      hands.log?.error('cannot tell what follows from an answer', { command: command.do, error })
    }
    const further = await execute(commands, hands)
    expectations.push(...further.expectations)
    if (further.end === 'failed' || further.end === 'stale')
      hands.log?.warn('what follows from an answer failed', { command: further.command.do, error: further.error })
  }
  const ending = new Set<string | undefined>()
  /** Undefined: done, or not to be done. */
  const one = async (command: Single): Promise<Failure | undefined> => {
    if (command.do === 'create' && ending.has(namespaceOf(command))) return undefined
    // What the cache shows before the write is what it has to go beyond after it.
    const shown = shownVersion(command, hands.informerOf)
    try {
      const done = await perform(command, hands, shown)
      expectations.push(...done.expectations)
      const { answer } = done
      if (answer !== undefined) await follow(command, () => answered?.(command, answer))
    } catch (error) {
      if (error instanceof WherryError && !isConfirmation(command) && !isError(error, 'Conflict', 'NotFound'))
        await follow(command, () => answered?.(command, error))
      if (command.do === 'create' && isNamespaceTerminating(error)) {
        hands.log?.debug('nothing more is made in a namespace that is being deleted', { kind: command.kind.kind, error })
        ending.add(namespaceOf(command))
        return undefined
      }
      if (isStale(command, error)) return { end: 'stale', error, command, change: changeOf(command, shown) }
      return { end: 'failed', error, command }
    }
    return undefined
  }
  const refusals: Refused[] = []
  let stale: Stale | undefined
  let passedOver = 0
  for (const batch of batchesOf(commands)) {
    // Between two commands one may stop; a command on its way is always seen to its end.
    if (hands.signal?.aborted) return { end: 'stopped', expectations }
    for (const failure of await Promise.all(batch.batch.map(one))) {
      if (failure?.end === 'failed') refusals.push(failure)
      else if (failure !== undefined) stale ??= failure
    }
    if (stale !== undefined || (refusals.length > passedOver && endsRefused(batch))) break
    if (batch.ifFails === 'goOn') passedOver = refusals.length
  }
  const [refused] = refusals
  if (refused !== undefined) {
    await follow(refused.command, () => failed?.(refusals))
    return { ...refused, expectations }
  }
  if (stale !== undefined) return { ...stale, expectations }
  return { end: 'done', expectations: expectations.filter((expectation) => !isMet(expectation, hands.informerOf)) }
}

/** What is done at the same time. */
export interface Batch {
  readonly batch: readonly Single[]
  readonly ifFails: 'stop' | 'tryAll' | 'goOn'
  /** Of the commands that stand together. */
  readonly isLast: boolean
}

/** What is done at the same time, in order. */
export function* batchesOf(commands: readonly Command[]): Generator<Batch> {
  for (const command of commands) {
    const { commands: all, ifFails = 'stop' } = command.do === 'together' ? command : { commands: [command] }
    for (let from = 0, size = 1; from < all.length; from += size, size = Math.min(size * 2, batchLimit))
      yield { batch: all.slice(from, from + size), ifFails, isLast: from + size >= all.length }
  }
}

/** Whether nothing is done after this, where something of what stands together with it was refused. */
export const endsRefused = ({ ifFails, isLast }: Batch): boolean => ifFails === 'stop' || (ifFails === 'tryAll' && isLast)

/** More of one key would let those of other keys wait. */
const batchLimit = 64

/** What commands are carried out with. */
export interface Hands {
  /** Acts as the controller's own identity. */
  readonly client: Client
  readonly fieldManager: string
  readonly recorder: Pick<EventRecorder, 'record'>
  readonly informerOf: InformerOf
  readonly log?: Log
  readonly signal?: AbortSignal
}

/** What follows from answers; see `Controller.answered` and `Controller.failed`. */
export interface Followed {
  readonly answered?: ((command: Single, answer: KubeObject | WherryError) => readonly Command[]) | undefined
  readonly failed?: ((failures: readonly Refusal[]) => readonly Command[]) | undefined
}

/** How far the commands of a plan came, and what the cache will show of it. */
export type Execution =
  | { readonly end: 'done' | 'stopped'; readonly expectations: readonly Expectation[] }
  | (Failure & { readonly expectations: readonly Expectation[] })

type Failure = Stale | Refused
/** The view was old: worth another look as soon as the cache shows `change`. */
type Stale = Refusal & { readonly end: 'stale'; readonly change: readonly Expectation[] }
type Refused = Refusal & { readonly end: 'failed' }

/** What was answered, and what the cache has to show for it. Confirmations and events have no answer. */
interface Done {
  readonly answer?: KubeObject
  readonly expectations: readonly Expectation[]
}
const nothing: Done = { expectations: [] }

async function perform(command: Single, hands: Hands, shown: string | undefined): Promise<Done> {
  const { client, fieldManager, recorder } = hands
  switch (command.do) {
    case 'create': {
      const { kind, object, namespace, ifExists } = command
      try {
        return written(kind, await client.create(kind, object, { fieldManager, ...(namespace !== undefined && { namespace }) }))
      } catch (error) {
        if (ifExists === 'keep' && isError(error, 'AlreadyExists')) return nothing
        throw error
      }
    }
    case 'update': {
      const { kind, object, subresource } = command
      return written(kind, await client.update(kind, object, { fieldManager, ...(subresource !== undefined && { subresource }) }))
    }
    case 'patch': {
      const { kind, name, namespace, subresource } = command
      const options = { fieldManager, ...(namespace !== undefined && { namespace }), ...(subresource !== undefined && { subresource }) }
      return written(kind, await client.patch(kind, name, { type: 'merge', body: withPreconditions(command) }, options))
    }
    case 'apply': {
      const { kind, name, namespace, subresource } = command
      const options = { fieldManager, ...(namespace !== undefined && { namespace }), ...(subresource !== undefined && { subresource }) }
      const body = { metadata: { name, ...(namespace !== undefined && { namespace }) }, ...command.body }
      return written(kind, await client.patch(kind, name, { type: 'apply', body, force: true }, options))
    }
    case 'delete': {
      const { kind, name, namespace, uid, resourceVersion, gracePeriodSeconds, propagationPolicy } = command
      const answer = (await client.delete(kind, name, {
        preconditions: { uid, ...(resourceVersion !== undefined && { resourceVersion }) },
        ...(namespace !== undefined && { namespace }),
        ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
        ...(propagationPolicy !== undefined && { propagationPolicy }),
      })) as KubeObject
      const gone: Expectation = { show: 'gone', kind, name, namespace, uid }
      return { answer, expectations: answer.kind === kind.kind ? [gone, ...written(kind, answer).expectations] : [gone] }
    }
    case 'act': {
      const { kind, name, namespace, subresource, body } = command
      const answer = await client.act(kind, name, subresource, body, namespace === undefined ? {} : { namespace })
      // A binding answers with a Status: that it was written shows in the object being another than before.
      if (isObjectOf(kind, answer)) return written(kind, answer)
      return { answer: answer as KubeObject, expectations: [{ show: 'change', kind, name, namespace, from: shown }] }
    }
    case 'confirmAbsent': {
      const { kind, name, namespace, uid } = command
      const present = await presentUid(client, kind, name, namespace)
      if (present !== undefined && (uid === undefined || present === uid))
        throw new WherryError('Conflict', `${kind.plural} "${name}" is still there`, { kind: kind.plural, name, uid: present })
      return nothing
    }
    case 'confirmNone':
      await confirmNone(client, command)
      return nothing
    case 'confirmUnchanged': {
      const { kind } = command
      const { name, namespace, uid, resourceVersion } = command.object.metadata
      const { metadata } = (await client.get(kind, name, namespace)) as KubeObject
      if (metadata.uid !== uid || metadata.resourceVersion !== resourceVersion)
        throw new WherryError('Conflict', `${kind.plural} "${name}" has changed since it was looked at`, { kind: kind.plural, name, uid })
      return nothing
    }
    case 'each':
      for await (const page of pagesOf(client, command.kind)) await performEach(page, command, hands)
      return nothing
    case 'event':
      recorder.record(command)
      return nothing
  }
}

async function presentUid(client: Client, kind: AnyKind, name: string, namespace: string | undefined): Promise<string | undefined> {
  try {
    return ((await client.get(kind, name, namespace)) as KubeObject).metadata.uid
  } catch (error) {
    if (isError(error, 'NotFound')) return undefined
    throw error
  }
}

async function confirmNone(client: Client, command: Extract<Single, { do: 'confirmNone' }>): Promise<void> {
  const { kind, namespace, fieldSelector } = command
  const isMeant = command.isMeant as (object: KubeObject) => boolean
  for await (const page of pagesOf(client, kind, { namespace, ...(fieldSelector !== undefined && { fieldSelector }) })) {
    const found = page.find(isMeant)
    if (found !== undefined) {
      const { name } = found.metadata
      throw new WherryError('Conflict', `${kind.plural} "${name}" is there`, { kind: kind.plural, name })
    }
  }
}

async function* pagesOf(client: Client, kind: AnyKind, selection: ListOptions = {}): AsyncGenerator<readonly KubeObject[]> {
  const options = { ...selection, limit: pageLimit }
  for (let from: string | undefined, isLast = false; !isLast; ) {
    const page = await client.list(kind, from === undefined ? options : { ...options, continue: from })
    yield page.items as readonly KubeObject[]
    from = page.continue
    isLast = from === undefined || from === ''
  }
}

async function performEach(page: readonly KubeObject[], command: Extract<Single, { do: 'each' }>, hands: Hands): Promise<void> {
  const commandOf = command.command as (object: KubeObject) => Single | undefined
  const commands = page.flatMap((object) => commandOf(object) ?? [])
  const one = async (single: Single): Promise<void> => {
    try {
      await perform(single, hands, undefined)
    } catch (error) {
      if (!isStale(single, error)) throw error
    }
  }
  for (const { batch } of batchesOf([{ do: 'together', commands }])) {
    if (hands.signal?.aborted) throw new WherryError('ServiceUnavailable', 'the controllers are being stopped')
    const refused = (await Promise.allSettled(batch.map(one))).find((end) => end.status === 'rejected')
    if (refused !== undefined) throw refused.reason
  }
}

const pageLimit = 500

/** A merge patch that names a uid or resourceVersion is refused by the server when they differ. */
function withPreconditions({ body, uid, resourceVersion }: Extract<Command, { do: 'patch' }>): object {
  if (uid === undefined && resourceVersion === undefined) return body
  const { metadata } = body as { metadata?: object }
  return {
    ...body,
    metadata: { ...metadata, ...(uid !== undefined && { uid }), ...(resourceVersion !== undefined && { resourceVersion }) },
  }
}

const isObjectOf = (kind: AnyKind, answer: unknown): answer is KubeObject =>
  (answer as KubeObject | undefined)?.kind === kind.kind && (answer as KubeObject).metadata?.resourceVersion !== undefined

const written = (kind: AnyKind, object: unknown): Done => {
  const answer = object as KubeObject
  return { answer, expectations: [{ show: 'version', kind, resourceVersion: answer.metadata.resourceVersion }] }
}

const isConfirmation = (command: Single): boolean =>
  command.do === 'confirmAbsent' || command.do === 'confirmNone' || command.do === 'confirmUnchanged'

/** These say that the cache showed something that is not so any more; everything else is a failure. */
function isStale(command: Single, error: unknown): boolean {
  if (command.do === 'create') return isError(error, 'AlreadyExists')
  return isError(error, 'Conflict', 'NotFound')
}

const namespaceOf = ({ namespace, object }: Extract<Command, { do: 'create' }>): string | undefined =>
  namespace ?? (object as Partial<KubeObject>).metadata?.namespace

interface Subject {
  readonly kind: AnyKind
  readonly name: string
  readonly namespace: string | undefined
}

function subjectOf(command: Single): Subject | undefined {
  switch (command.do) {
    case 'event':
    // What was found is another object than any that the view named.
    case 'confirmNone':
    case 'each':
      return undefined
    case 'create':
    case 'update':
    case 'confirmUnchanged': {
      const { name, namespace } = (command.object as Partial<KubeObject>).metadata ?? {}
      if (name === undefined) return undefined
      return { kind: command.kind, name, namespace: command.do === 'create' ? namespaceOf(command) : namespace }
    }
    default:
      return { kind: command.kind, name: command.name, namespace: command.namespace }
  }
}

function shownVersion(command: Single, informerOf: InformerOf): string | undefined {
  const subject = subjectOf(command)
  if (subject === undefined) return undefined
  const shown = informerOf(subject.kind)?.get(subject.name, subject.namespace) as KubeObject | undefined
  return shown?.metadata.resourceVersion
}

function changeOf(command: Single, shown: string | undefined): Expectation[] {
  const subject = subjectOf(command)
  if (subject === undefined) return []
  // The version that was refused, where the command names it: the cache may have moved on since the view was taken.
  const named =
    command.do === 'update' || command.do === 'confirmUnchanged'
      ? command.object.metadata.resourceVersion
      : 'resourceVersion' in command
        ? command.resourceVersion
        : undefined
  return [{ show: 'change', ...subject, from: named ?? shown }]
}
