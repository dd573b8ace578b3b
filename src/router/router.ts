import { Secret } from '#api/core/v1/secret.ts'
import { Service } from '#api/core/v1/service.ts'
import { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { Client } from '#client/client.ts'
import { createInformer, type Informer } from '#client/informer.ts'
import { type BackoffOptions, backoff } from '#lib/backoff.ts'
import { type Clock, sleep } from '#lib/clock.ts'
import type { Log } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'
import type { Command } from '#loop/controller.ts'
import type { EventRecorder } from '#loop/events.ts'
import { execute } from '#loop/executor.ts'
import { type BalancedPorts, balancedPorts } from './balanced-ports.ts'
import type { RoutingProxy } from './haproxy/proxy.ts'
import { mergeModels, portProtocols } from './model/merge-models.ts'
import { emptyModel, type RouterModel } from './model/router-model.ts'
import type { RouterPart, RouterView, Translation } from './router-part.ts'
import { inTurns } from './turns.ts'

export interface RouterOptions {
  /** In the order in which ports are theirs. */
  readonly parts: readonly RouterPart[]
  readonly proxy: RoutingProxy
  /** Reads what parts share, and writes what they say. */
  readonly client: Client
  readonly recorder: Pick<EventRecorder, 'record'>
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly addresses: readonly string[]
  /** Those of them at which node ports answer. Absent: all. */
  readonly nodePortAddresses?: readonly string[]
}

/**
 * Keeps the proxy at what the cluster's objects say. Everything begins with the first object of ours: before it, only the parts' own kinds are watched,
 * and after the last one the proxy and the watches end. Stopping leaves the proxy at work.
 */
export function startRouter(options: RouterOptions): { stop(): Promise<void> } {
  const { parts, proxy, client, recorder, clock, random, log, addresses, nodePortAddresses = addresses } = options
  let shared: Shared | undefined
  let isDirty = false
  let isStopped = false
  let work: Promise<void> | undefined
  let wakeUp = (): void => {}
  let told = new Set<string>()
  const models = new Map<RouterPart, RouterModel>()
  let refusals = 0
  let notBeforeMs = 0
  const stopping = new AbortController()
  let forgetRetry = (): void => {}

  // Before everything is known, a proxy that is at work for objects not yet seen would be ended.
  let isBegun = false

  function stir(): void {
    if (isStopped || !isBegun) return
    isDirty = true
    wakeUp()
    work ??= Promise.resolve()
      .then(workOff)
      .catch((error: unknown) => log.error('the router could not take a look; the next change is another try', { error }))
      .finally(() => {
        work = undefined
        if (isDirty) stir()
      })
  }

  async function workOff(): Promise<void> {
    while (isDirty && !isStopped) {
      isDirty = false
      const isNeeded = parts.some((part) => part.isNeeded)
      if (!isNeeded) {
        proxy.want(emptyModel)
        told = new Set()
        await closeShared()
        // What came meanwhile must not be told that its Services are not there.
        if (isDirty) continue
        // There may be something to say all the same: a class is accepted before anything of it is there.
        const { commands } = await translateAll(nothingShared(addresses))
        if (!isDirty && !isStopped) await say(commands)
        continue
      }
      shared ??= openShared()
      if (!shared.isSynced()) {
        shared.synced().then(stir, () => log.debug('stopped before the caches were full'))
        return
      }
      const waitMs = notBeforeMs - clock.monotonicMs()
      if (waitMs > 0) await sleep(clock, waitMs, stopping.signal).catch(() => log.debug('stopped while changes were gathered'))
      if (isStopped) return
      isDirty = false
      const startedMs = clock.monotonicMs()
      const { model, commands } = await translateAll(shared.view)
      if (isStopped) return
      // With thousands of hosts a look takes long: what changes meanwhile is gathered, and most of the time is left to the rest of the agent.
      notBeforeMs = clock.monotonicMs() + Math.min(8 * (clock.monotonicMs() - startedMs), longestGatheringMs)
      proxy.want(model)
      // What is said of it waits until it holds, and is thrown away where something newer came meanwhile.
      if (!isDirty) await Promise.race([proxy.settled(), new Promise<void>((resolve) => (wakeUp = resolve))])
      if (!isDirty && !isStopped) await say(commands)
    }
  }

  async function translateAll(view: SharedView): Promise<{ readonly model: RouterModel; readonly commands: readonly Command[] }> {
    let model = emptyModel
    const commands: Command[] = []
    for (const part of parts) {
      const translation = await translate(part, {
        ...view,
        taken: portProtocols(model),
        isServing: proxy.isServing,
        refusals: proxy.refusals,
      })
      if (part.isNeeded) model = mergeModels(model, translation.model)
      commands.push(...translation.commands)
    }
    return { model, commands }
  }

  /** A part that stumbles over some object goes on with what it made of them last, and the others go on. */
  async function translate(part: RouterPart, view: RouterView): Promise<Translation> {
    try {
      const translation = await inTurns(part.translate(view), clock)
      models.set(part, translation.model)
      return translation
    } catch (error) {
      log.error('what is to be served could not be worked out anew; the last remains', { routes: part.name, error })
      return { model: models.get(part) ?? emptyModel, commands: [] }
    }
  }

  async function say(commands: readonly Command[]): Promise<void> {
    const events = new Set<string>()
    const due = commands.flatMap((command) => {
      if (command.do === 'together') return command.commands
      if (command.do !== 'event') return [command]
      const key = `${command.regarding.metadata.uid} ${command.reason} ${command.message}`
      events.add(key)
      return told.has(key) ? [] : [command]
    })
    told = events
    if (due.length === 0) {
      refusals = 0
      return
    }
    const hands = { client, fieldManager: 'wherry-router', recorder, informerOf: () => undefined, log }
    const { end, ...rest } = await execute([{ do: 'together', commands: due, ifFails: 'goOn' }], hands)
    if (end !== 'failed') {
      refusals = 0
      return
    }
    const waitMs = backoff(retry, refusals, random)
    refusals += 1
    log.warn('a status could not be written; trying again', { waitMs: Math.round(waitMs), error: 'error' in rest ? rest.error : undefined })
    forgetRetry()
    forgetRetry = clock.schedule(clock.now() + waitMs, stir)
  }

  function openShared(): Shared {
    const cache = { clock, random, log }
    const services = createInformer(client, Service, cache)
    const slices = createInformer(client, EndpointSlice, { ...cache, indexes: { service: serviceOf } })
    // One watch for all of one type: a watch for each name would be thousands where many hosts have certificates, and the permission to read would have
    // to be as wide all the same, since nobody knows the names before. Passwords and tokens are of other types, and never get here.
    const secrets = createInformer(client, Secret, { ...cache, fieldSelector: 'type=kubernetes.io/tls' })
    const informers: readonly Informer<unknown>[] = [services, slices, secrets]
    // The lists of slices are the same values until one of them changes: by that thousands of routes know that they need no other look.
    const lists = new Map<string, Map<string, readonly EndpointSlice[]>>()
    slices.onChange((now, before) => {
      for (const one of [now, before]) {
        if (one === undefined) continue
        const own = lists.get(one.metadata.namespace)
        // Namespaces come and go for years.
        if (own?.delete(serviceName(one)) && own.size === 0) lists.delete(one.metadata.namespace)
      }
    })
    let balanced: BalancedPorts | undefined
    services.onChange(() => {
      balanced = undefined
    })
    for (const informer of informers) informer.onChange(stir)
    return {
      view: {
        service: (name, namespace) => services.get(name, namespace),
        slices(service, namespace) {
          const known = lists.get(namespace)?.get(service)
          if (known !== undefined) return known
          const list = slices.indexed('service', `${namespace}/${service}`)
          if (list.length === 0) return noSlices
          const own = lists.get(namespace)
          if (own === undefined) lists.set(namespace, new Map([[service, list]]))
          else own.set(service, list)
          return list
        },
        secret: (name, namespace) => secrets.get(name, namespace),
        addresses,
        portProblem(port, bound = addresses) {
          balanced ??= balancedPorts(services.list(), nodePortAddresses)
          return balanced(port, bound) ?? proxy.portProblem(port, bound)
        },
      },
      isSynced: () => informers.every(({ isSynced }) => isSynced),
      synced: async () => {
        await Promise.all(informers.map((informer) => informer.synced()))
      },
      close: async () => {
        await Promise.all(informers.map((informer) => informer.close()))
      },
    }
  }

  async function closeShared(): Promise<void> {
    const last = shared
    shared = undefined
    await last?.close()
  }

  const forgets = [...parts.map((part) => part.onChange(stir)), proxy.onChange(stir)]
  const begin = Promise.all(parts.map((part) => part.synced())).then(() => {
    isBegun = true
    stir()
  })
  begin.catch(() => log.debug('stopped before the first look'))

  return {
    async stop() {
      isStopped = true
      stopping.abort(new Error('the router was stopped'))
      wakeUp()
      forgetRetry()
      for (const forget of forgets) forget()
      await Promise.all(parts.map((part) => part.close()))
      await work
      await closeShared()
      await proxy.close()
    },
  }
}

type SharedView = Omit<RouterView, 'taken' | 'isServing' | 'refusals'>

/** What parts see while nothing is shared: they have nothing to serve then. */
const nothingShared = (addresses: readonly string[]): SharedView => ({
  service: () => undefined,
  slices: () => [],
  secret: () => undefined,
  addresses,
  portProblem: () => undefined,
})

/** Watches that all parts share, while there is something to serve. */
interface Shared {
  readonly view: SharedView
  isSynced(): boolean
  synced(): Promise<void>
  close(): Promise<void>
}

const noSlices: readonly EndpointSlice[] = []

const longestGatheringMs = 1_000

const retry: BackoffOptions = { initialMs: 1_000, factor: 2, maxMs: 60_000, jitter: 0.5 }

const serviceName = ({ metadata }: EndpointSlice): string => metadata.labels?.['kubernetes.io/service-name'] ?? ''

function serviceOf(slice: EndpointSlice): string[] {
  const name = serviceName(slice)
  return name === '' ? [] : [`${slice.metadata.namespace}/${name}`]
}
