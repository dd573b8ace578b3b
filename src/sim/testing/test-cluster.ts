import { Event } from '#api/core/v1/event.ts'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import type { AnyKind, KubeObject } from '#api/kind.ts'
import type { Client } from '#client/client.ts'
import { type ManifestObject, readManifests } from '#client/manifests.ts'
import { WherryError } from '#lib/errors.ts'
import type { Component } from '#main/control-plane.ts'
import { createSimulatedCluster, type SimulatedCluster } from '../cluster.ts'
import type { SimulatedNode } from '../node.ts'
import type { ImageBehaviour } from '../runtime.ts'
import { applyManifests } from '../scenario/apply.ts'
import { createBehaviour } from '../scenario/behaviour.ts'
import { zoneLabel } from '../scenario/fault-scenarios.ts'
import { kindsOfCluster } from '../scenario/kinds-of-cluster.ts'
import { provisionVolumes } from '../scenario/volumes.ts'
import { type Outside, type Served, type ServeOptions, serveCluster } from './serve.ts'
import { createTimekeeper, type Duration, msOf } from './timekeeper.ts'

export interface ClusterOptions {
  /** Default 1. */
  readonly nodes?: number
  /** The same seed, and the same calls, give the same history; default 1. */
  readonly seed?: number
  /** How many zones the nodes are spread over; default 1: none. */
  readonly zones?: number
  /** Of each node; default 4 processors and 8 GiB. */
  readonly cpuCount?: number
  readonly memoryBytes?: number
  /** Whether the control plane's own controllers run; default true. Without them nothing follows from a Deployment but itself. */
  readonly controllers?: boolean
  /** Whether the scheduler runs; default true. */
  readonly scheduler?: boolean
  /** What containers of an image do, by its name as pods write it. More by `images.set`. */
  readonly images?: Readonly<Record<string, ImageBehaviour>>
  /** How long containers run of pods that are not to be started again (Jobs), where nothing else is said; default 30 s. */
  readonly jobsTake?: Duration
}

/** A whole cluster inside a test: real API server, controllers, scheduler and kubelets, in virtual time. Close it, or declare it with `await using`. */
export interface TestCluster extends AsyncDisposable {
  /** The administrator's. Kinds are exported beside `cluster`; others come from `kind`. */
  readonly client: Client
  readonly nodes: readonly TestNode[]
  readonly images: TestImages
  /** Virtual time: begins at 2026-01-01T00:00:00Z. */
  now(): Date
  /** Applies objects, or texts in YAML or JSON, in an order that works. Throws `Invalid` with all that was refused. */
  apply(manifests: string | object | readonly object[], options?: { readonly namespace?: string }): Promise<readonly KubeObject[]>
  /** Lets time pass: everything due in it happens, in order. */
  advance(duration: Duration): Promise<void>
  /** Lets time pass, deadline by deadline, until the condition holds; throws `Timeout` when `limit` (default 10m) has passed. It may look, and must not move time. */
  until(condition: () => unknown, limit?: Duration, what?: string): Promise<void>
  /** Lets everything happen that waits for no time. */
  settle(): Promise<void>
  /** A kind by its name, in its preferred version unless one is named: `Deployment`, `Berth.harbour.example`, `apps/v1/Deployment`. */
  kind(name: string): AnyKind
  /** All events, or those about an object, oldest first. */
  events(about?: { readonly kind?: string; readonly namespace?: string; readonly name?: string }): readonly Event[]
  /** Who wrote what, when, a line each. */
  history(): string
  /** Opens a port on the loopback address, so that any client or operator can connect. */
  serve(options?: ServeOptions): Promise<Served>
  close(): Promise<void>
}

export interface TestNode {
  readonly name: string
  /** Takes its power: nothing on it runs, and nobody says so. */
  lose(): void
  /** Gives it back. */
  start(): void
  /** Takes its power, and gives it back after so long (default 30s). */
  reboot(downFor?: Duration): void
  /** Cuts it off from the API server; its containers run on. */
  cut(): void
  /** Undoes `cut`. */
  mend(): void
  /** Ends a container as a crash would (code 1 unless said otherwise). Throws `NotFound` where it does not run. */
  crash(pod: { readonly namespace?: string; readonly name: string }, container?: string, exitCode?: number): Promise<void>
}

export interface TestImages {
  /** Counts for containers that are made from now on. */
  set(name: string, behaviour: ImageBehaviour): void
}

/** Starts a cluster, in a second or less. Resolves when all nodes are ready. */
export async function cluster(options: ClusterOptions = {}): Promise<TestCluster> {
  const { nodes = 1, seed = 1, zones = 1, controllers = true, scheduler = true } = options
  const images = new Map(Object.entries(options.images ?? {}))
  let simulated: SimulatedCluster | undefined
  const usual = createBehaviour({ world: () => simulated?.world, images: {}, taskMs: msOf(options.jobsTake ?? '30s'), pulls: () => ({}) })
  const components: readonly Component[] = [
    ...(controllers ? (['controllers'] as const) : []),
    ...(scheduler ? (['scheduler'] as const) : []),
  ]
  const inner = await createSimulatedCluster({
    seed,
    nodes,
    components,
    behaviour: (image, container) => ({ ...usual(image, container), ...images.get(image) }),
    ...(options.cpuCount !== undefined && { cpuCount: options.cpuCount }),
    ...(options.memoryBytes !== undefined && { memoryBytes: options.memoryBytes }),
  })
  simulated = inner
  const { client, clock, world } = inner
  /** Those that the time waits for. */
  const served = new Set<Outside>()
  const keeper = createTimekeeper(clock, async () => {
    for (const one of served) await one.quiet()
  })
  await nodesAreThere(inner, controllers, zones)
  const stopProvisioning = controllers ? await provisionVolumes(inner) : undefined
  let closed = false

  const made: TestCluster = {
    client,
    nodes: inner.nodes.map((node) => nodeOf(inner, node)),
    images: { set: (name, behaviour) => void images.set(name, behaviour) },
    now: () => new Date(clock.now()),
    async apply(manifests, { namespace = 'default' } = {}) {
      const read = readManifests(textsOf(manifests))
      if (read.problems.length > 0) throw refusal(read.problems)
      const parts = {
        client,
        world,
        until: (condition: () => boolean | Promise<boolean>, ms: number, what?: string) => keeper.until(condition, ms, what),
      }
      const applied = await applyManifests(parts, read.manifests, {
        namespace,
        fieldManager: 'wherry-testing',
        areAccountsMade: controllers,
        isWhole: true,
      })
      if (applied.problems.length > 0) throw refusal(applied.problems)
      return applied.objects
    },
    advance: keeper.advance,
    until: (condition, limit = '10m', what) => keeper.until(condition, limit, what),
    settle: keeper.settle,
    kind: (name) => kindNamed(kindsOfCluster(world), name),
    events: (about = {}) =>
      world
        .list<Event>(Event)
        .filter(({ involvedObject: { kind, namespace, name } }) =>
          Object.entries({ kind, namespace, name }).every(([field, value]) =>
            [undefined, value].includes(about[field as keyof typeof about]),
          ),
        )
        .toSorted((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion)),
    history: () => inner.history.text(),
    async serve({ port = 0, time = 'asked', speed = 1 } = {}) {
      const one = await serveCluster(inner, port, () => void keeper.settle())
      // In real time there is nobody to wait for.
      if (time === 'asked') served.add(one)
      const stopTime = time === 'real' ? keeper.runInRealTime(speed) : undefined
      const end = {
        async close() {
          served.delete(one)
          endings.delete(end)
          await stopTime?.()
          await one.close()
        },
      }
      endings.add(end)
      return { ...one, close: end.close }
    },
    async close() {
      if (closed) return
      closed = true
      for (const end of [...endings]) await end.close()
      await stopProvisioning?.()
      await inner.stop()
    },
    [Symbol.asyncDispose]: () => made.close(),
  }
  const endings = new Set<{ close(): Promise<void> }>()
  return made
}

function nodeOf(cluster: SimulatedCluster, node: SimulatedNode): TestNode {
  const { clock, history, world } = cluster
  const note = (what: string) => history.note({ who: 'test', what, object: node.name, result: '' })
  const start = (): void => {
    if (node.isKubeletAlive) return
    note('power')
    node.startKubelet()
  }
  const lose = (): void => {
    note('power off')
    node.reboot()
  }
  return {
    name: node.name,
    lose,
    start,
    reboot(downFor = '30s') {
      lose()
      clock.schedule(clock.now() + msOf(downFor), start)
    },
    cut: () => cluster.setReachable(node, false),
    mend: () => cluster.setReachable(node, true),
    async crash({ namespace = 'default', name }, container, exitCode = 1) {
      const pod = world.list<Pod>(Pod).find(({ metadata }) => metadata.namespace === namespace && metadata.name === name)
      const running = (await node.runtime.containers(pod && { podUid: pod.metadata.uid })).find(
        (one) => pod !== undefined && one.state === 'running' && (container === undefined || one.metadata.name === container),
      )
      if (running === undefined)
        throw new WherryError(
          'NotFound',
          `no container ${container ? `"${container}" ` : ''}of pod ${namespace}/${name} runs on ${node.name}`,
        )
      node.runtime.crash(running.id, exitCode)
    },
  }
}

async function nodesAreThere({ client, nodes, world, until }: SimulatedCluster, controllers: boolean, zones: number): Promise<void> {
  const isReady = ({ spec, status }: Node): boolean =>
    (spec.taints ?? []).length === 0 && (status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false)
  // Nobody takes the first taint away, or gives nodes a network, where no controllers run.
  await until(
    () => world.list<Node>(Node).filter((node) => !controllers || isReady(node)).length === nodes.length,
    120_000,
    'all nodes are ready',
  )
  if (zones <= 1) return
  for (const [index, { name }] of nodes.entries())
    await client.patch(Node, name, { type: 'merge', body: { metadata: { labels: { [zoneLabel]: `zone-${index % zones}` } } } })
}

const textsOf = (manifests: string | object | readonly object[]) =>
  typeof manifests === 'string'
    ? [{ name: 'the text', text: manifests }]
    : [manifests].flat().map((object, index) => ({ name: `object ${index + 1}`, text: JSON.stringify(object as ManifestObject) }))

const refusal = (problems: readonly { readonly where: string; readonly problem: string }[]): WherryError =>
  new WherryError('Invalid', problems.map(({ where, problem }) => `${where}: ${problem}`).join('\n'))

function kindNamed(all: readonly AnyKind[], name: string): AnyKind {
  const [, group, version, kind] = /^(?:(?:([^/]+)\/)?([^/]+)\/)?([^/]+)$/.exec(name) ?? []
  const [short = '', ...groupParts] = (kind ?? name).split('.')
  const wanted = groupParts.length > 0 ? groupParts.join('.') : group
  const found = all.find(
    (one) =>
      one.kind === short &&
      (version === undefined || one.version === version) &&
      ((wanted ?? (version && '')) === undefined || one.group === (wanted ?? '')),
  )
  if (found === undefined) throw new WherryError('NotFound', `nobody serves a kind "${name}"; apply its CustomResourceDefinition first`)
  return found
}
