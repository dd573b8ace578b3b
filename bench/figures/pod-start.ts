import { systemClock } from '#host/clock.ts'
import { containerdSocket } from '#host/containerd.ts'
import { createCriRuntime } from '#host/cri/runtime.ts'
import type { Layout } from '#host/layout.ts'
import { containerdOptions } from '#host/node-containerd.ts'
import type { Figure, Row } from '../figure.ts'
import { withCluster } from '../support/cluster.ts'
import { type SeenPods, withSeenPods } from '../support/seen-pods.ts'
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
    withCluster(async ({ layout }) =>
      withSeenPods(layout, namespace, async (seen) => {
        // The first pod of a node makes its bridge.
        await startOne(seen, 'warm')
        const starts: Start[] = []
        for (let i = 0; i < pods; i += 1) starts.push(await startOne(seen, `pod-${i}`))
        terminal(`  ${pods} pods`)
        return rowsOf(await withRuntimeTimes(layout, starts))
      }),
    ),
}

interface Start {
  readonly pod: string
  /** Milliseconds since the epoch, with fractions. */
  readonly sentAt: number
  readonly sinceMs: Readonly<Partial<Record<Step, number>>>
}

async function startOne(seen: SeenPods, name: string): Promise<Start> {
  const { sentAt, answeredAt } = await seen.create(name)
  await seen.running([name], 60_000)
  const since = { scheduled: seen.at(name, 'scheduled')! - sentAt, running: seen.at(name, 'running')! - sentAt }
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
