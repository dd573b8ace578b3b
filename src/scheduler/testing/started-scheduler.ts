import { test } from 'node:test'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { podCondition } from '#api/core/v1/pod-helpers.ts'
import { PriorityClass } from '#api/scheduling/v1/priority-class.ts'
import { createTestServer } from '#apiserver/testing.ts'
import type { Client } from '#client/client.ts'
import { createClient } from '#client/http.ts'
import { createLocalTransport } from '#client/local-transport.ts'
import type { HttpRequest, HttpResponse } from '#lib/http.ts'
import { createJsonLog } from '#lib/log.ts'
import { seededRandom } from '#lib/random.ts'
import { createVirtualClock } from '#sim/clock.ts'
import type { Extender } from '../extender/extender.ts'
import type { AnyPlugin } from '../framework/plugin.ts'
import { type Profile, profileOf } from '../framework/profile.ts'
import { registry } from '../plugins/registry.ts'
import { startScheduler } from '../start-scheduler.ts'
import { createCaches } from './caches.ts'

/** A pod's parts that a test says; every container asks for one processor unless it says otherwise. */
export interface PodParts {
  readonly cpu?: string
  readonly priority?: 'high' | 'higher'
  readonly labels?: Readonly<Record<string, string>>
  readonly finalizers?: readonly string[]
  readonly spec?: object
}

/** What is another than usual in a test's scheduler and its cluster. */
export interface StartedOptions {
  /** Processors of each node, by name; default one node `a` with one. */
  readonly nodes?: Readonly<Record<string, number>>
  /** Beside all others. */
  readonly plugin?: AnyPlugin
  readonly schedulerNames?: readonly string[]
  readonly extenders?: readonly Extender[]
  /** What is there before the scheduler begins. */
  readonly before?: (client: Client) => Promise<void>
  /** What becomes of a write of the scheduler; undefined: what always does. */
  readonly meddle?: (request: HttpRequest, send: () => Promise<HttpResponse>) => Promise<HttpResponse> | undefined
}

const inDefault = { namespace: 'default' }

/** The scheduler by itself on an API server in memory and in virtual time: nobody runs what it binds, and nobody ends what it evicts. */
export async function startedScheduler(options: StartedOptions = {}) {
  const { nodes = { a: 1 }, plugin, schedulerNames = ['default-scheduler'], extenders = [], before, meddle } = options
  const clock = createVirtualClock(Date.parse('2026-01-01T00:00:00Z'))
  const server = await createTestServer({ clock })
  const client = createClient(createLocalTransport(server.transport))
  const warnings: string[] = []
  const log = createJsonLog((line) => warnings.push((JSON.parse(line) as { message: string }).message), clock, 'warn')
  /** Of the scheduler: `METHOD path`. */
  const writes: string[] = []
  const own = createClient(
    createLocalTransport((request) => {
      if (request.method === 'GET') return server.transport(request)
      writes.push(`${request.method} ${request.path.replace('/api/v1/namespaces/default/pods/', '').split('?')[0]}`)
      const send = () => server.transport(request)
      return meddle?.(request, send) ?? send()
    }),
  )
  await client.create(Namespace, { metadata: { name: 'default' } })
  for (const [name, value] of [
    ['high', 100],
    ['higher', 200],
  ] as const)
    await client.create(PriorityClass, { metadata: { name }, value })
  async function addNode(name: string, cpu: number, more: object = {}): Promise<void> {
    await client.create(Node, { metadata: { name, labels: { 'kubernetes.io/hostname': name } }, ...more })
    // New nodes are not ready, and say so by a taint, which nobody takes away here.
    await client.patch(Node, name, { type: 'merge', body: { spec: { taints: null } } })
    const allocatable = { cpu: String(cpu), memory: '1Gi', pods: '10' }
    const conditions = [{ type: 'Ready', status: 'True' }]
    await client.patch(
      Node,
      name,
      { type: 'merge', body: { status: { allocatable, capacity: allocatable, conditions } } },
      { subresource: 'status' },
    )
  }
  for (const [name, cpu] of Object.entries(nodes)) await addNode(name, cpu)
  await before?.(client)
  const caches = createCaches(own, { clock, log })
  const events: string[] = []
  const means = { random: seededRandom(3) }
  const profiles: readonly Profile[] = schedulerNames.map((schedulerName) =>
    profileOf(schedulerName, [
      ...registry.map(({ create, weight = 1 }) => ({ plugin: create({}, means), weight })),
      ...(plugin === undefined ? [] : [plugin]),
    ]),
  )
  let backMs = 0
  const scheduler = startScheduler({
    ...caches.options,
    clock: { ...clock, now: () => clock.now() - backMs, schedule: (at, run) => clock.schedule(at + backMs, run) },
    random: seededRandom(2),
    log,
    record: ({ reason, regarding, message }) => events.push(`${reason} ${regarding.metadata.name}: ${message}`),
    profiles,
    extenders,
  })
  await clock.advance(1_000)

  const get = (name: string): Promise<Pod> => client.get(Pod, name, 'default')
  return {
    client,
    clock,
    scheduler,
    writes,
    events,
    warnings,
    addNode,
    get,
    /** Creates a pod, and lets everything happen that waits for no time. */
    async pod(name: string, { cpu = '1', priority, labels, finalizers, spec = {} }: PodParts = {}): Promise<void> {
      const resources = { requests: { cpu } }
      await client.create(
        Pod,
        {
          metadata: { name, ...(labels && { labels }), ...(finalizers && { finalizers }) },
          spec: { containers: [{ name: 'main', image: 'i', resources }], ...(priority && { priorityClassName: priority }), ...spec },
        } as never,
        inDefault,
      )
      await clock.advance(0)
    },
    /** The scheduler's machine is told an earlier time. */
    setBack(ms: number): void {
      backMs += ms
    },
    /** At once, as when a kubelet has ended it. */
    async remove(name: string): Promise<void> {
      await client.delete(Pod, name, { ...inDefault, gracePeriodSeconds: 0 })
      await clock.advance(0)
    },
    /** The node of each pod; `''`: none. */
    async placed(): Promise<Readonly<Record<string, string>>> {
      const { items } = await client.list(Pod, inDefault)
      return Object.fromEntries(items.map(({ metadata, spec }) => [metadata.name, spec.nodeName ?? '']))
    },
    nominated: async (name: string): Promise<string> => (await get(name)).status.nominatedNodeName ?? '',
    /** `reason: message` of PodScheduled=False; '' where it is not said. */
    async told(name: string): Promise<string> {
      const condition = podCondition(await get(name), 'PodScheduled')
      return condition?.status === 'False' ? `${condition.reason}: ${condition.message}` : ''
    },
    async stop(): Promise<void> {
      await scheduler.stop()
      await caches.close()
    },
  }
}

/** A scheduler that runs, and what a test does and looks at beside it. */
export type StartedScheduler = Awaited<ReturnType<typeof startedScheduler>>

/** A test with a scheduler of its own, which is stopped whatever comes of it. */
export function check(name: string, options: StartedOptions, live: (at: StartedScheduler) => Promise<void>): void {
  test(name, async () => {
    const at = await startedScheduler(options)
    try {
      await live(at)
    } finally {
      await at.stop()
    }
  })
}

/** The first such write is met by this, all others by nothing. */
export function first(
  which: (request: HttpRequest) => boolean,
  answer: (send: Parameters<NonNullable<StartedOptions['meddle']>>[1]) => ReturnType<NonNullable<StartedOptions['meddle']>>,
): NonNullable<StartedOptions['meddle']> {
  let isOver = false
  return (request, send) => {
    if (isOver || !which(request)) return undefined
    isOver = true
    return answer(send)
  }
}
