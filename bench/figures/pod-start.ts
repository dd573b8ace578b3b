import { setTimeout as delay } from 'node:timers/promises'
import { Event } from '#api/core/v1/event.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { connectAsAdmin } from '#cli/connect.ts'
import type { Client } from '#client/client.ts'
import { pauseImage } from '#host/images/pause.ts'
import { isError } from '#lib/errors.ts'
import type { Figure, Row } from '../figure.ts'
import { withCluster } from '../support/cluster.ts'
import { makeNamespace } from '../support/namespace.ts'
import { quantiles } from '../support/statistics.ts'

const pods = 30
const namespace = 'bench-pods'

/** What is seen of a pod's start, in the order in which it should come; in milliseconds since its creation was sent. */
const steps = ['answered', 'scheduled', 'containerCreated', 'containerStarted', 'running'] as const
type Step = (typeof steps)[number]

export const podStart: Figure = {
  name: 'pod-start',
  part: 'cluster',
  about: '30 pods one by one, from creation to Running as a client sees it, and where the time goes',
  measure: ({ terminal }) =>
    withCluster(async ({ layout }) => {
      const { client, close } = connectAsAdmin(layout)
      const ending = new AbortController()
      try {
        await makeNamespace(layout, namespace)
        const seen = follow(client, ending.signal)
        // The first pod of a node makes its bridge.
        await startOne(client, seen, 'warm')
        const starts: Readonly<Partial<Record<Step, number>>>[] = []
        for (let i = 0; i < pods; i += 1) starts.push(await startOne(client, seen, `pod-${i}`))
        terminal(`  ${pods} pods`)
        return rowsOf(starts)
      } finally {
        ending.abort()
        await remove(client)
        close()
      }
    }),
}

type Marks = Map<string, Map<Step, number>>

/** Follows pods and events; notes for each pod when a step was first seen. */
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
  const events = async (): Promise<void> => {
    for await (const event of client.watch(Event, { namespace, sendInitialEvents: true, signal })) {
      if (event.type === 'BOOKMARK' || event.type === 'DELETED') continue
      const { involvedObject, reason } = event.object
      if (reason === 'Created') mark(involvedObject.name ?? '', 'containerCreated')
      if (reason === 'Started') mark(involvedObject.name ?? '', 'containerStarted')
    }
  }
  for (const following of [pods(), events()])
    following.catch((error: unknown) => {
      if (!signal.aborted) throw error
    })
  return marks
}

async function startOne(client: Client, seen: Marks, name: string): Promise<Partial<Record<Step, number>>> {
  const sentAt = performance.now()
  await client.create(
    Pod,
    { metadata: { name }, spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image: pauseImage }] } },
    { namespace },
  )
  const answeredAt = performance.now()
  for (const until = sentAt + 60_000; seen.get(name)?.get('running') === undefined; await delay(1))
    if (performance.now() > until) throw new Error(`pod ${namespace}/${name} was not Running within a minute`)
  // Events are told after the deed, by the way: they may come behind the status.
  await delay(50)
  const marks = seen.get(name)!
  const since = Object.fromEntries([...marks].map(([step, at]) => [step, at - sentAt]))
  return { ...since, answered: answeredAt - sentAt }
}

function rowsOf(starts: readonly Readonly<Partial<Record<Step, number>>>[]): Row[] {
  const of = (step: Step) => quantiles(starts.flatMap((start) => start[step] ?? []))
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
