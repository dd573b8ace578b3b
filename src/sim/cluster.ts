import { Lease } from '#api/coordination/v1/lease.ts'
import type { Caller, UserInfo } from '#apiserver/contract.ts'
import { prefixOf } from '#apiserver/registry/keys.ts'
import type { Client } from '#client/client.ts'
import { createClient } from '#client/http.ts'
import { createLocalTransport } from '#client/local-transport.ts'
import type { Clock, Instant } from '#lib/clock.ts'
import type { HttpRequest, HttpResponse, Transport } from '#lib/http.ts'
import { createJsonLog, type Log } from '#lib/log.ts'
import { type Random, seededRandom } from '#lib/random.ts'
import type { Component } from '#main/control-plane.ts'
import { createMemoryStore } from '#store/memory.ts'
import type { Operation, Store } from '#store/store.ts'
import { currentActor } from './actor.ts'
import { createVirtualClock, type VirtualClock } from './clock.ts'
import { createHistory, type History } from './history.ts'
import type { Writer } from './invariants/invariant.ts'
import { createSimulatedNode, type SimulatedNode } from './node.ts'
import { createSimulatedProcess, type SimulatedProcess } from './process.ts'
import type { BehaviourOf, ImageBehaviour } from './runtime.ts'
import { type FeatureSettings, type LostNodeOptions, refused, type SimulatedServer, startSimulatedServer } from './server.ts'
import { type Change, createWorld, type World } from './world.ts'

export interface SimulatedClusterOptions {
  readonly seed: number
  readonly nodes: number
  /** Server processes over one store; default 1. The first leads. */
  readonly servers?: number
  /** What lies between a client, such as `kubelet node-0` or `replicaset-controller@server-1`, and the API server. Absent: nothing. */
  readonly faults?: (transport: Transport, client: string, clock: Clock) => Transport
  /** What containers of an image do, by the image's name. */
  readonly images?: Readonly<Record<string, ImageBehaviour>>
  /** Asked about images that have no name in `images`. */
  readonly behaviour?: BehaviourOf
  /** What runs beside the API servers. Absent: everything. */
  readonly components?: readonly Component[]
  /** How soon a lost node is given up. Absent: as v1.36 has it. */
  readonly lostNodes?: LostNodeOptions
  /** What is on that is off by default. */
  readonly features?: FeatureSettings | undefined
  /** Of each node; default 4 processors and 8 GiB. */
  readonly cpuCount?: number
  readonly memoryBytes?: number
  /** Of a sandbox's and a container's start. */
  readonly latencyMs?: number
  /** Begins with a store in which a server has led before: what every cluster has is there. Saves half of a start. */
  readonly isUsed?: boolean
  /** Takes Events and keeps none: nobody decides by them, and they are a good part of all writes. */
  readonly forgetsEvents?: boolean
  /** Time does not stand still while anything reads it, and deadlines may be a millisecond early: see `createVirtualClock`. */
  readonly isRestless?: boolean
  /** Sees every commit, in order, right after it is done. */
  readonly onCommit?: (changes: readonly Change[], who: Writer, world: World, now: Instant) => void
}

/**
 * A whole cluster in virtual time: the real control plane over a memory store, and the real kubelets over simulated machines. Everything
 * waits on one clock and draws from one seed, so the same seed gives the same history.
 */
export interface SimulatedCluster {
  readonly clock: VirtualClock
  readonly random: Random
  /** The administrator's. */
  readonly client: Client
  /** To whichever server answers, as this user. */
  transportAs(user: UserInfo): Transport
  /** The same for requests of somebody outside the process, who has yet to say who they are. */
  answer(request: HttpRequest, caller: Caller, name: string): Promise<HttpResponse>
  readonly nodes: readonly SimulatedNode[]
  readonly servers: readonly SimulatedServer[]
  readonly world: World
  readonly history: History
  /** Warnings and errors that any part has logged. */
  readonly complaints: readonly Complaint[]
  advance(ms: number): Promise<void>
  /** Jumps from deadline to deadline until the condition holds; throws when `limitMs` have passed. */
  until(condition: () => boolean | Promise<boolean>, limitMs: number, what?: string): Promise<void>
  /** Runs everything that does not wait for time. */
  settle(): Promise<void>
  /** One more server process over the same store. */
  startServer(): SimulatedServer
  /** Ends it in order. */
  stopServer(server: SimulatedServer): Promise<void>
  /** The process that holds the lease, by name; '' when nobody does. */
  leader(): string
  /** Kills it as a loss of power would. */
  killServer(server: SimulatedServer): void
  /** The next commits of this process, or those `by` one part of it: kills it right before, or right after, the one so many commits from now. */
  killAtCommit(server: SimulatedServer, count: number, when: 'before' | 'after', killed: () => void, by?: string): void
  /** Holds it up right before the commit so many commits from now, which is then done when it goes on. */
  pauseAtCommit(server: SimulatedServer, count: number, paused: () => void): void
  /** Whoever connects to it meanwhile waits. */
  pauseServer(server: SimulatedServer): void
  /** It goes on as if nothing had been. */
  resumeServer(server: SimulatedServer): void
  /** Sets the time of day of all server machines, now and for good: a process that is started later begins with it. */
  jumpClocks(ms: number): void
  /** Without a network a node neither reaches the API server nor is told anything. */
  setReachable(node: SimulatedNode, isReachable: boolean): void
  stop(): Promise<void>
}

/** Its holder leads. */
export const leaderLease = `${prefixOf(Lease)}kube-system/wherry-controllers`

export interface Complaint {
  readonly level: string
  readonly message: string
  readonly [field: string]: unknown
}

export const startOfTime: Instant = Date.parse('2026-01-01T00:00:00Z')

/** Resolves when the first server leads and every node is ready. */
export async function createSimulatedCluster(options: SimulatedClusterOptions): Promise<SimulatedCluster> {
  if (!options.isUsed) return startCluster(options, createMemoryStore(), startOfTime)
  const store = createMemoryStore()
  const operations = await usedStore()
  const { revision } = await store.commit(operations)
  return startCluster(options, store, startOfTime, (world) => world.apply(operations, revision))
}

async function startCluster(
  options: SimulatedClusterOptions,
  store: Store,
  start: Instant,
  fill: (world: World) => void = () => {},
): Promise<SimulatedCluster> {
  const { seed, faults = (transport: Transport) => transport } = options
  const random = seededRandom(seed)
  const clock = createVirtualClock(start, options.isRestless ? random.fork('clock') : undefined)
  const world = createWorld()
  fill(world)
  const history = createHistory(clock)
  const complaints: Complaint[] = []
  const log = complaintLog(clock, complaints)
  const servers: SimulatedServer[] = []
  /** Of each node to the API server; aborted while it is cut. */
  const links = new Map<string, AbortController>()
  const killPoints = new Map<SimulatedProcess, KillPoint>()
  let serverCount = 0
  let instant: number | undefined
  let requestsNow = 0
  let aheadMs = 0

  // --- servers ---------------------------------------------------------------------------------------------------------------------

  /** The store as a process reaches it: every commit is noted, and some are its last. */
  function storeOf(process: SimulatedProcess): Store {
    const guarded = process.guard(store)
    return {
      ...guarded,
      watch: (prefix: string, after: number, watchOptions: Parameters<Store['watch']>[2] = {}) => {
        const { signal } = watchOptions
        // The store lets go of a watch whose process died; the process never hears that it ended.
        const ended = signal === undefined ? process.killed : AbortSignal.any([signal, process.killed])
        return guarded.watch(prefix, after, { ...watchOptions, signal: ended })
      },
      commit: (operations: Parameters<Store['commit']>[0], conditions: Parameters<Store['commit']>[1]) =>
        process.call(async () => {
          const actor = currentActor()
          const point = killPoints.get(process)
          const counts = point !== undefined && (point.by === undefined || point.by === actor?.name)
          const isLast = counts && (point.left -= 1) <= 0
          if (isLast) killPoints.delete(process)
          if (isLast && point.when === 'before') {
            point.strike()
            if (!process.isAlive) return new Promise<never>(() => {})
            // It was held up with this commit on its way.
            await process.running()
          }
          const result = await store.commit(operations, conditions)
          if (result.done && result.revision > world.revision) {
            const { method = '-', path = '' } = actor?.request ?? {}
            const who = { name: actor?.name ?? 'api server', process: actor?.process, verb: method, path }
            const changes = world.apply(operations, result.revision)
            for (const change of changes)
              history.note({
                who: nameOf(who.name, actor?.process),
                what: who.verb,
                object: change.key.replace(/^\/registry\//, ''),
                result: `rv ${change.revision}`,
                change,
              })
            options.onCommit?.(changes, who, world, clock.now())
          }
          if (isLast && point.when === 'after') point.strike()
          return result
        }),
    }
  }

  function startServer(): SimulatedServer {
    serverCount += 1
    const name = `server-${serverCount}`
    const process = createSimulatedProcess(name, clock)
    process.jump(aheadMs)
    history.note({ who: 'simulation', what: 'start', object: name, result: '' })
    const server = startSimulatedServer({
      process,
      store: storeOf(process),
      random: random.fork(name),
      log: log.with({ server: name }),
      components: options.components,
      lostNodes: options.lostNodes,
      features: options.features,
      through: (transport, part) => recording(faults(transport, nameOf(part, name), clock), nameOf(part, name)),
    })
    servers.push(server)
    return server
  }

  function killServer(server: SimulatedServer): void {
    killPoints.delete(server.process)
    servers.splice(servers.indexOf(server) >>> 0, 1)
    history.note({ who: 'simulation', what: 'kill', object: server.process.name, result: '' })
    server.process.kill()
  }

  function pauseServer(server: SimulatedServer): void {
    if (!server.process.isAlive) return
    history.note({ who: 'simulation', what: 'pause', object: server.process.name, result: '' })
    server.process.pause()
  }

  function resumeServer(server: SimulatedServer): void {
    if (!server.process.isPaused) return
    history.note({ who: 'simulation', what: 'resume', object: server.process.name, result: '' })
    server.process.resume()
  }

  // --- clients ---------------------------------------------------------------------------------------------------------------------

  /** Whoever asks again and again without waiting would hold the time for ever. */
  function isStorm(): boolean {
    // A restless clock goes on by being read, in a storm as well.
    const present = options.isRestless ? clock.come : clock.now()
    if (present !== instant) {
      instant = present
      requestsNow = 0
    }
    return (requestsNow += 1) > stormRequests
  }

  /** Refusals are part of the history; what was done stands in it as a commit. */
  function recording(transport: Transport, who: string): Transport {
    return async (request) => {
      if (isStorm()) {
        log.error('a storm of requests', { who, method: request.method, path: request.path })
        // Never answered, so that the storm ends and can be told of.
        return new Promise(() => {})
      }
      if (request.method === 'GET') return transport(request)
      if (options.forgetsEvents && isOfEvent.test(request.path)) return taken(request)
      const note = (result: string) => history.note({ who, what: request.method, object: request.path, result })
      try {
        const response = await transport(request)
        if (response.status >= 400) note(String(response.status))
        return response
      } catch (error) {
        note((error as Error).message)
        throw error
      }
    }
  }

  /** From outside, to whichever server answers; each client prefers another one. A cut breaks what is under way, too. */
  function outside(user: UserInfo, name: string, preferred: number, cut: () => AbortSignal): Transport {
    const connect: Transport = async (request) => {
      const serving = servers.filter(({ isServing }) => isServing)
      if (serving.length === 0) throw refused()
      return serving[preferred % serving.length]!.connect(user, name)(request)
    }
    const through = createLocalTransport(recording(faults(connect, name, clock), name))
    // Most requests bring the same signal, that of their process, so the joint one is made anew only when it is of others.
    let joint: { readonly of: AbortSignal; readonly cut: AbortSignal; readonly signal: AbortSignal } | undefined
    const joined = (of: AbortSignal, cut: AbortSignal): AbortSignal => {
      if (joint?.of !== of || joint.cut !== cut) joint = { of, cut, signal: AbortSignal.any([of, cut]) }
      return joint.signal
    }
    return (request) => through({ ...request, signal: request.signal === undefined ? cut() : joined(request.signal, cut()) })
  }

  const nodes = Array.from({ length: options.nodes }, (_, index) => {
    const name = `node-${index}`
    links.set(name, new AbortController())
    const user = { name: `system:node:${name}`, groups: ['system:nodes', 'system:authenticated'] }
    return createSimulatedNode({
      name,
      index,
      clock,
      random: random.fork(name),
      log,
      transport: outside(user, `kubelet ${name}`, index, () => links.get(name)!.signal),
      images: options.images ?? {},
      behaviour: options.behaviour,
      cpuCount: options.cpuCount ?? 4,
      memoryBytes: options.memoryBytes ?? 8 * 2 ** 30,
      ...(options.latencyMs !== undefined && { latencyMs: options.latencyMs }),
    })
  })
  const admin = { name: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] }
  const transportAs = (user: UserInfo): Transport => createLocalTransport(recording(outsideOf(user), 'user'))
  const client = createClient(transportAs(admin), { fieldManager: 'kubectl' })

  /** The administrator meets no faults but a server that is away. */
  function outsideOf(user: UserInfo): Transport {
    return async (request) => serving().connect(user, 'user')(request)
  }

  function serving(): SimulatedServer {
    const server = servers.find(({ isServing, process }) => isServing && !process.isPaused) ?? servers.find(({ isServing }) => isServing)
    if (server === undefined) throw refused()
    return server
  }

  async function until(condition: () => boolean | Promise<boolean>, limitMs: number, what = String(condition)): Promise<void> {
    const end = clock.now() + limitMs
    await clock.advance(0)
    while (!(await condition())) {
      if (clock.now() >= end) throw new Error(`not within ${limitMs} ms: ${what}`)
      await clock.step(end)
    }
  }

  for (let count = 0; count < (options.servers ?? 1); count += 1) await startServer().serving
  await servers[0]!.leading()
  for (const node of nodes) node.startKubelet()

  return {
    clock,
    random,
    client,
    transportAs,
    answer: async (request, caller, name) => serving().connectAs(caller, name)(request),
    nodes,
    servers,
    world,
    history,
    complaints,
    advance: (ms) => clock.advance(ms),
    until,
    settle: () => clock.advance(0),
    startServer,
    killServer,
    async stopServer(server) {
      const index = servers.indexOf(server)
      if (index < 0) return
      servers.splice(index, 1)
      // Who is held up cannot go in order, and whoever is connected would wait for ever.
      resumeServer(server)
      history.note({ who: 'simulation', what: 'stop', object: server.process.name, result: '' })
      await server.stop()
    },
    leader: () => (world.byKey(leaderLease) as Lease | undefined)?.spec.holderIdentity ?? '',
    killAtCommit(server, count, when, killed, by) {
      killPoints.set(server.process, {
        left: count,
        when,
        by,
        strike() {
          killServer(server)
          killed()
        },
      })
    },
    pauseAtCommit(server, count, paused) {
      killPoints.set(server.process, {
        left: count,
        when: 'before',
        by: undefined,
        strike() {
          pauseServer(server)
          paused()
        },
      })
    },
    pauseServer,
    resumeServer,
    jumpClocks(ms) {
      history.note({ who: 'simulation', what: 'clocks jump', object: `${ms} ms`, result: '' })
      aheadMs += ms
      for (const { process } of servers) process.jump(ms)
    },
    setReachable(node, isReachable) {
      const link = links.get(node.name)!
      if (link.signal.aborted !== isReachable) return
      if (isReachable) links.set(node.name, new AbortController())
      else link.abort(refused())
      history.note({ who: 'simulation', what: isReachable ? 'connect' : 'disconnect', object: node.name, result: '' })
    },
    async stop() {
      for (const node of nodes) await node.stop()
      for (const server of [...servers]) await server.stop()
      await store.close()
    },
  }
}

/** What a server leaves that led for a moment and went in order, once for all clusters of the process. */
const usedStore = (): Promise<readonly Operation[]> => (used ??= leaveUsed())
let used: Promise<readonly Operation[]> | undefined

async function leaveUsed(): Promise<readonly Operation[]> {
  const store = createMemoryStore()
  const passedMs = 5_000
  const cluster = await startCluster({ seed: 0, nodes: 0 }, store, startOfTime - passedMs)
  await cluster.advance(passedMs)
  for (const server of [...cluster.servers]) await server.stop()
  const { entries } = await store.range('')
  return entries.map(({ key, value }) => ({ do: 'put', key, value }))
}

/** At one instant; the busiest start of a cluster needs some thousand. */
const stormRequests = 10_000

const isOfEvent = /\/events(\/|\?|$)/

const taken = ({ method, body }: HttpRequest): HttpResponse => ({
  status: method === 'POST' ? 201 : 200,
  headers: { 'content-type': 'application/json' },
  body: body instanceof Uint8Array ? body : new TextEncoder().encode('{}'),
})

interface KillPoint {
  left: number
  readonly when: 'before' | 'after'
  /** Whose commits count; undefined: everybody's. */
  readonly by: string | undefined
  readonly strike: () => void
}

const nameOf = (part: string, process: string | undefined): string => (process === undefined ? part : `${part}@${process}`)

function complaintLog(clock: Clock, complaints: Complaint[]): Log {
  return createJsonLog((line) => complaints.push(JSON.parse(line) as Complaint), clock, 'warn')
}
