import { setTimeout as delay } from 'node:timers/promises'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { connectAsAdmin } from '#cli/connect.ts'
import type { Client } from '#client/client.ts'
import { systemClock } from '#host/clock.ts'
import { containerdSocket } from '#host/containerd.ts'
import { createCriRuntime } from '#host/cri/runtime.ts'
import { pauseImage } from '#host/images/pause.ts'
import type { Layout } from '#host/layout.ts'
import { containerdOptions } from '#host/node-containerd.ts'
import { isError } from '#lib/errors.ts'
import type { Figure, Row } from '../figure.ts'
import { withCluster } from '../support/cluster.ts'
import { makeNamespace } from '../support/namespace.ts'
import { adminTarget } from '../support/own-server.ts'
import { quantiles } from '../support/statistics.ts'

const pods = 30
const namespace = 'bench-pods'

/** What is seen of a pod's start, in the order in which it should come; in milliseconds since its creation was sent. */
const steps = ['answered', 'scheduled', 'sandboxNetworked', 'containerMade', 'containerStarted', 'running'] as const
type Step = (typeof steps)[number]

/** How long a pod takes to run, and which part of it is whose. */
export const podStart: Figure = {
  name: 'pod-start',
  part: 'cluster',
  about: '30 pods one by one, from creation to Running as a client sees it, and where the time goes',
  measure: ({ terminal }) =>
    withCluster(async ({ layout }) => {
      const { client, close } = connectAsAdmin(layout)
      const ending = new AbortController()
      try {
        await makeNamespace(adminTarget(layout), namespace)
        const seen = follow(client, ending.signal)
        // The first pod of a node makes its bridge.
        await startOne(client, seen, 'warm')
        const starts: Start[] = []
        for (let i = 0; i < pods; i += 1) starts.push(await startOne(client, seen, `pod-${i}`))
        terminal(`  ${pods} pods`)
        return rowsOf(await withRuntimeTimes(layout, starts))
      } finally {
        ending.abort()
        await remove(client)
        close()
      }
    }),
}

interface Start {
  readonly pod: string
  /** Milliseconds since the epoch, with fractions. */
  readonly sentAt: number
  readonly sinceMs: Readonly<Partial<Record<Step, number>>>
}

type Marks = Map<string, Map<Step, number>>

/** Follows the pods; notes for each when a step was first seen. */
function follow(client: Client, signal: AbortSignal): Marks {
  const marks: Marks = new Map()
  const mark = (pod: string, step: Step): void => {
    const of = marks.get(pod) ?? new Map<Step, number>()
    marks.set(pod, of)
    if (!of.has(step)) of.set(step, performance.now())
  }
  const pods = async (): Promise<void> => {
    for await (const event of client.watch(Pod, { namespace, sendInitialEvents: true, signal })) {
      if (event.type === 'BOOKMARK' || event.type === 'DELETED') continue
      const { metadata, spec, status } = event.object
      if (spec.nodeName) mark(metadata.name, 'scheduled')
      if (status.phase === 'Running') mark(metadata.name, 'running')
    }
  }
  pods().catch((error: unknown) => {
    if (!signal.aborted) throw error
  })
  return marks
}

async function startOne(client: Client, seen: Marks, name: string): Promise<Start> {
  const sentAt = performance.now()
  await client.create(
    Pod,
    { metadata: { name }, spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image: pauseImage }] } },
    { namespace },
  )
  const answeredAt = performance.now()
  for (const until = sentAt + 60_000; seen.get(name)?.get('running') === undefined; await delay(1))
    if (performance.now() > until) throw new Error(`pod ${namespace}/${name} was not Running within a minute`)
  const since = Object.fromEntries([...seen.get(name)!].map(([step, at]) => [step, at - sentAt]))
  return { pod: name, sentAt: performance.timeOrigin + sentAt, sinceMs: { ...since, answered: answeredAt - sentAt } }
}

/** The runtime's own times, on this machine's clock. containerd dates a sandbox when its network is there and its process is still to start. */
async function withRuntimeTimes(layout: Layout, starts: readonly Start[]): Promise<Start[]> {
  const runtime = createCriRuntime({ endpoint: containerdSocket(containerdOptions(layout)), clock: systemClock })
  try {
    const sandboxes = await runtime.sandboxes()
    const containers = await runtime.containers()
    return await Promise.all(
      starts.map(async (start) => {
        const sandbox = sandboxes.find(({ metadata }) => metadata.namespace === namespace && metadata.name === start.pod)
        const container = containers.find(({ sandboxId }) => sandboxId === sandbox?.id)
        if (!sandbox || !container) return start
        const { startedAt } = await runtime.containerStatus(container.id)
        const since = (at: number): number => at - start.sentAt
        return {
          ...start,
          sinceMs: {
            ...start.sinceMs,
            sandboxNetworked: since(sandbox.createdAt),
            containerMade: since(container.createdAt),
            containerStarted: since(startedAt),
          },
        }
      }),
    )
  } finally {
    runtime.close()
  }
}

function rowsOf(starts: readonly Start[]): Row[] {
  const of = (step: Step) => quantiles(starts.flatMap(({ sinceMs }) => sinceMs[step] ?? []))
  const running = of('running')
  return [
    {
      figure: 'pod created to Running, p50',
      value: running.p50,
      unit: 'ms',
      better: 'less',
      beside: {
        p99Ms: running.p99,
        ...Object.fromEntries(steps.slice(0, -1).map((step) => [`${step}Ms`, of(step).p50])),
      },
    },
  ]
}

async function remove(client: Client): Promise<void> {
  await client.delete(Namespace, namespace).catch((error: unknown) => {
    if (!isError(error, 'NotFound')) throw error
  })
  for (let left = 600; left > 0; left -= 1) {
    try {
      await client.get(Namespace, namespace)
    } catch (error) {
      if (isError(error, 'NotFound')) return
      throw error
    }
    await delay(100)
  }
  throw new Error(`namespace ${namespace} is still there a minute after its deletion`)
}
