import type { Clock, Instant } from '#lib/clock.ts'
import type { Log } from '#lib/log.ts'
import type { Listener } from '../model/listener.ts'
import { emptyModel, type RouterModel } from '../model/router-model.ts'
import { inTurns } from '../turns.ts'
import { type Configuration, noConfiguration, type ProxySettings } from './configuration.ts'
import { type ConfigurationFiles, createFileWriter } from './configuration-files.ts'
import { createFingerprint } from './fingerprint.ts'
import { bindAddress } from './frontend-section.ts'
import { refusedUnits, unitsOf, withoutUnits } from './isolate.ts'
import type { ProxyHost } from './proxy-host.ts'
import { afterCommands, afterUrgent, differenceOf } from './runtime-commands.ts'
import { createConfigurationWriter } from './write-configuration.ts'

/** A proxy that serves what it was last told to, from the first thing to serve until there is nothing any more. */
export interface RoutingProxy {
  /** Serve this. What was asked for before and not yet done is forgotten. */
  want(model: RouterModel): void
  /** Why a port is not listened to, at these addresses (absent: all of the router's); undefined: nothing known against it. */
  portProblem(port: number, addresses?: readonly string[]): string | undefined
  /** Why the program takes nothing of some objects, by the names of `isolate.ts`; they are left out until they change. The same value until then. */
  readonly refusals: ReadonlyMap<string, string>
  /** What was wanted last is in force, as far as ports are free. */
  readonly isServing: boolean
  /** Resolves when what was wanted last holds, or was refused: at once, or after the time that has to lie between two reloads. */
  settled(): Promise<void>
  /** Called when `portProblem`, `refusals` or `isServing` would answer otherwise than before. Returns how to stop. */
  onChange(listener: () => void): () => void
  /** How often the proxy read its files anew, and how many commands it was given: for tests and logs. */
  readonly counters: { readonly reloads: number; readonly commands: number; readonly starts: number }
  /** Resolves when nothing is under way. */
  idle(): Promise<void>
  /** Leaves the proxy as it is: it goes on without us. */
  close(): Promise<void>
}

export interface ProxyOptions {
  readonly host: ProxyHost
  readonly settings: ProxySettings
  readonly clock: Clock
  readonly log: Log
  /** Least time between two reloads: what changes in between is read together. */
  readonly reloadGapMs?: number
  /** Ports that are never had, and what for: between two lives of a server of ours, whoever may make a Gateway could else take its port. */
  readonly reservedPorts?: ReadonlyMap<number, string>
}

export function createProxy({ host, settings, clock, log, reloadGapMs = 2_000, reservedPorts = new Map() }: ProxyOptions): RoutingProxy {
  let wanted: RouterModel = emptyModel
  let isTold = false
  let settled: RouterModel | undefined
  const waits = new Set<() => void>()
  /** What the process has; undefined: unknown, as when another left it to us. */
  let running: Configuration | undefined
  let isServing = false
  /** By place, as it stands in a `bind` line. */
  let blocked: ReadonlyMap<string, string> = new Map()
  const retired = new Map<string, number>()
  /** What the program does not take, with the mark of what was refused. */
  const refused = new Map<string, { readonly mark: string; readonly why: string }>()
  let refusals: ReadonlyMap<string, string> = new Map()
  const listeners = new Set<() => void>()
  const writeNext = createConfigurationWriter(settings)
  const filesOf = createFileWriter(settings.directory)
  const fingerprint = createFingerprint()
  const counters = { reloads: 0, commands: 0, starts: 0 }
  /** Monotonic: a clock that is set back must not put reloads off for hours. */
  let reloadAtMs = 0
  let failures = 0
  let isDirty = false
  let isClosed = false
  let work: Promise<void> | undefined
  let forgetWake = (): void => {}
  let wakeAt: Instant = Infinity

  function stir(): void {
    if (isClosed || !isTold) return
    isDirty = true
    work ??= Promise.resolve()
      .then(workOff)
      .finally(() => {
        work = undefined
        // What was wanted after the last look, and before this.
        if (isDirty) stir()
      })
  }

  async function workOff(): Promise<void> {
    while (isDirty && !isClosed) {
      isDirty = false
      try {
        const model = wanted
        if (!(await bringTo(model))) continue
        failures = 0
        settle(model)
      } catch (error) {
        running = undefined
        if (await leaveOutRefused(error)) {
          isDirty = true
          continue
        }
        failures += 1
        tell(false, blocked)
        settle(wanted)
        const waitMs = Math.min(1_000 * 2 ** (failures - 1), 60_000)
        log.error('the proxy could not be brought to what is to be served; trying again', { waitMs, error })
        wake(clock.now() + waitMs)
      }
    }
  }

  /**
   * What one user wrote must not keep all others from being served: translations let through only what is known to be taken, and this is for what
   * they do not know. False: the refusal has another cause.
   */
  async function leaveOutRefused(error: unknown): Promise<boolean> {
    if (isClosed || wanted.listeners.length === 0) return false
    try {
      const units = await refusedUnits(withoutUnits(wanted, stillRefused(wanted)), (model) =>
        host.refusal(async (directory) => {
          const { configuration } = await inTurns(createConfigurationWriter({ ...settings, directory })(model), clock)
          return await inTurns(createFileWriter(directory)(configuration), clock)
        }),
      )
      for (const { name, mark, why } of units ?? []) refused.set(name, { mark, why: `The proxy does not take it. ${why}` })
      if (units !== undefined)
        log.error('left out what the proxy refuses; the rest is served', {
          refused: units.map(({ name, why }) => `${name}: ${why}`),
          error,
        })
      return units !== undefined
    } catch (cause) {
      log.warn('what the proxy refuses could not be found', { error: cause })
      return false
    }
  }

  /** Units as they were when they were refused: one that changed is tried again. */
  function stillRefused(model: RouterModel): ReadonlySet<string> {
    if (refused.size === 0) return new Set()
    const marks = new Map(unitsOf(model, refused).map(({ name, mark }) => [name, mark]))
    for (const [name, { mark }] of refused) if (marks.get(name) !== mark) refused.delete(name)
    return new Set(refused.keys())
  }

  function wake(at: Instant): void {
    if (at >= wakeAt) return
    forgetWake()
    wakeAt = at
    forgetWake = clock.schedule(at, () => {
      wakeAt = Infinity
      stir()
    })
  }

  /** False: not yet, for two reloads would follow each other too soon. */
  async function bringTo(model: RouterModel): Promise<boolean> {
    if (model.listeners.length === 0) {
      if (host.isRunning()) {
        host.noteApplied(undefined)
        await host.stop()
        log.info('nothing is to be served any more: the proxy has ended')
      }
      running = undefined
      retired.clear()
      refused.clear()
      tell(true, new Map())
      return true
    }
    const isRunning = host.isRunning()
    const holders = await portHolders(model, (isRunning && running) || noConfiguration)
    const held = holders.size === 0 ? [] : model.listeners.filter((listener) => holderOf(holders, listener) !== undefined)
    const served = held.length === 0 ? model : { ...model, listeners: model.listeners.filter((listener) => !held.includes(listener)) }
    // A port of somebody else's is not told to us when it becomes free.
    if (held.some(({ port }) => !reservedPorts.has(port))) wake(clock.now() + portRetryMs)
    if (served.listeners.length === 0 && !isRunning) {
      tell(true, holders)
      return true
    }
    const { configuration, leftOut } = await inTurns(writeNext(withoutUnits(served, stillRefused(model))), clock)
    for (const one of leftOut) log.warn('left out what cannot be served', { ...one })
    const files = await inTurns(filesOf(configuration), clock)
    const mark = fingerprint(files)
    if (!isRunning) await startWith(configuration, files)
    else if (running === undefined && host.applied() === mark) {
      await host.adopt()
      running = configuration
    } else if (running === undefined || !(await changeTo(configuration, files))) {
      const waitMs = reloadAtMs - clock.monotonicMs()
      if (waitMs > 0) {
        wake(clock.now() + waitMs)
        return false
      }
      await reloadWith(configuration, files)
    }
    host.noteApplied(mark)
    tell(true, holders)
    return true
  }

  function settle(model: RouterModel): void {
    settled = model
    if (settled !== wanted) return
    for (const done of waits) done()
    waits.clear()
  }

  /** True when commands were enough. */
  async function changeTo(configuration: Configuration, files: ConfigurationFiles): Promise<boolean> {
    const before = running!
    const { reload, commands, retired: gone } = differenceOf(before, configuration, new Set(retired.keys()), settings.directory)
    if (commands.length > 0) host.noteApplied(undefined)
    for (const { text, answer } of commands) {
      const said = await host.command(text)
      counters.commands += 1
      if (answer.test(said)) continue
      log.warn('the proxy refused a command; it reads its files anew instead', { command: text.split('\n')[0], answer: said.trim() })
      running = undefined
      return false
    }
    for (const server of gone) retired.set(server, 0)
    running = reload === undefined ? afterCommands(before, configuration) : afterUrgent(before, configuration)
    for (const [section, own] of running.servers) for (const name of own.keys()) retired.delete(`${section}/${name}`)
    if (reload !== undefined) {
      log.debug('the proxy has to read its files anew', { reason: reload })
      return false
    }
    await deleteRetired()
    // The files say what a reload, or a start after a crash, would bring back.
    if (commands.length > 0) await host.writeFiles(files)
    return true
  }

  /** Servers out of service go once their last connection has ended; those that still have one are asked again, ever more seldom. */
  async function deleteRetired(): Promise<void> {
    for (const [server, tries] of retired) {
      const said = await host.command(`del server ${server}`)
      if (/^Server deleted\.|No such server/.test(said)) retired.delete(server)
      else retired.set(server, tries + 1)
    }
    if (retired.size > 0) wake(clock.now() + Math.min(1_000 * 2 ** Math.min(...retired.values()), 60_000))
  }

  async function startWith(configuration: Configuration, files: ConfigurationFiles): Promise<void> {
    host.noteApplied(undefined)
    await host.writeFiles(files)
    counters.starts += 1
    await host.start()
    running = configuration
    retired.clear()
    log.info('the proxy serves', { ports: [...configuration.sections.keys()].filter((header) => header.startsWith('frontend p')).length })
  }

  async function reloadWith(configuration: Configuration, files: ConfigurationFiles): Promise<void> {
    host.noteApplied(undefined)
    await host.writeFiles(files)
    const startedMs = clock.monotonicMs()
    counters.reloads += 1
    try {
      await host.reload()
    } finally {
      // A large configuration takes long to read: most of the time is left to requests.
      const endedMs = clock.monotonicMs()
      reloadAtMs = endedMs + Math.max(reloadGapMs, 5 * (endedMs - startedMs))
    }
    running = configuration
    retired.clear()
  }

  /** Places of the model that others have, and who. Those that the proxy is known to have need no look. */
  async function portHolders(model: RouterModel, present: Configuration): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>()
    const bound = boundPlaces(present)
    for (const [port, listeners] of Map.groupBy(model.listeners, (listener) => listener.port)) {
      const purpose = reservedPorts.get(port)
      const isEverywhere = listeners.some(({ addresses }) => addresses === undefined)
      for (const address of settings.addresses) {
        if (!isEverywhere && !listeners.some(({ addresses }) => addresses!.includes(address))) continue
        const place = bindAddress(address, port)
        if (purpose === undefined && bound.has(place)) continue
        const holder = purpose === undefined ? await host.portHolder(address, port) : `port ${port} is reserved for ${purpose}`
        if (holder !== undefined) found.set(place, holder)
      }
    }
    return found
  }

  /** Who has a place that a listener wants: it is served at all of its addresses, or not at all. */
  function holderOf(holders: ReadonlyMap<string, string>, { port, addresses }: Pick<Listener, 'port' | 'addresses'>): string | undefined {
    const place = (addresses ?? settings.addresses).find((address) => holders.has(bindAddress(address, port)))
    return place && holders.get(bindAddress(place, port))
  }

  function tell(serving: boolean, holders: ReadonlyMap<string, string>): void {
    const isSame =
      serving === isServing && holders.size === blocked.size && [...holders].every(([place, holder]) => blocked.get(place) === holder)
    const areRefused = refused.size === refusals.size && [...refused].every(([name, { why }]) => refusals.get(name) === why)
    isServing = serving
    blocked = holders
    if (!areRefused) refusals = new Map(Array.from(refused, ([name, { why }]) => [name, why]))
    if (!isSame || !areRefused) for (const listener of listeners) listener()
  }

  const forgetExit = host.onExit(() => {
    if (isClosed) return
    log.warn('the proxy has ended by itself; starting it anew')
    running = undefined
    retired.clear()
    stir()
  })

  return {
    want(model) {
      wanted = model
      isTold = true
      stir()
    },
    portProblem: (port, addresses) => holderOf(blocked, { port, ...(addresses && { addresses }) }),
    get refusals() {
      return refusals
    },
    get isServing() {
      return isServing
    },
    settled: () => (settled === wanted || isClosed ? Promise.resolve() : new Promise((resolve) => waits.add(resolve))),
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    counters,
    async idle() {
      while (work !== undefined) await work
    },
    async close() {
      isClosed = true
      forgetExit()
      forgetWake()
      for (const done of waits) done()
      await work
    },
  }
}

/** Where a configuration listens. Its frontends stand before its backends. */
function boundPlaces({ sections }: Configuration): ReadonlySet<string> {
  const places = new Set<string>()
  for (const [header, text] of sections) {
    if (header.startsWith('backend ')) break
    for (const [, place] of text.matchAll(/^bind (\S+)/gm)) places.add(place!)
  }
  return places
}

/** How soon a port that somebody else has is asked for again. */
const portRetryMs = 15_000
