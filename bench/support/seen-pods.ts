import { setTimeout as delay } from 'node:timers/promises'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { connectAsAdmin } from '#cli/connect.ts'
import type { Client } from '#client/client.ts'
import { createInformer, type Informer } from '#client/informer.ts'
import { systemClock } from '#host/clock.ts'
import { pauseImage } from '#host/images/pause.ts'
import type { Layout } from '#host/layout.ts'
import { systemRandom } from '#host/random.ts'
import { isError } from '#lib/errors.ts'
import { makeNamespace } from './namespace.ts'
import { adminTarget } from './own-server.ts'
import { quietLog } from './quiet-log.ts'

/** A namespace of this machine's cluster, in which a client sees when pods are placed and when they run. */
export interface SeenPods {
  readonly client: Client
  /** Sends the pod; returns when that was and when it was answered, as `performance.now` counts. */
  create(name: string): Promise<{ readonly sentAt: number; readonly answeredAt: number }>
  /** When a step was first seen of this pod; undefined: not yet. */
  at(name: string, step: 'scheduled' | 'running'): number | undefined
  /** Resolves once all of these were seen Running; rejects after `withinMs`. */
  running(names: readonly string[], withinMs: number): Promise<void>
  /** Resolves once there is none of these any more. */
  gone(names: readonly string[], withinMs: number): Promise<void>
  delete(name: string): Promise<void>
}

/** Makes the namespace, and removes it with all that is in it when `use` is done. */
export async function withSeenPods<T>(layout: Layout, namespace: string, use: (pods: SeenPods) => Promise<T>): Promise<T> {
  const { client, close } = connectAsAdmin(layout)
  const informer = createInformer(client, Pod, { clock: systemClock, random: systemRandom, log: quietLog, namespace })
  try {
    await makeNamespace(adminTarget(layout), namespace)
    await informer.synced()
    return await use(see(client, namespace, informer))
  } finally {
    await informer.close()
    await remove(client, namespace)
    close()
  }
}

type Step = 'scheduled' | 'running'

function see(client: Client, namespace: string, informer: Informer<Pod>): SeenPods {
  const marks = new Map<string, Map<Step, number>>()
  const mark = (pod: string, step: Step): void => {
    const of = marks.get(pod) ?? new Map<Step, number>()
    marks.set(pod, of)
    if (!of.has(step)) of.set(step, performance.now())
  }
  informer.onChange(({ metadata, spec, status }) => {
    if (spec.nodeName) mark(metadata.name, 'scheduled')
    if (status.phase === 'Running') mark(metadata.name, 'running')
  })
  /** Waits for changes: who looks again and again takes from a small machine what the pods need. */
  const all = async (names: readonly string[], is: (name: string) => boolean, what: string, withinMs: number): Promise<void> => {
    if (await informer.until(() => names.every(is), withinMs)) return
    const left = names.filter((name) => !is(name))
    throw new Error(`${left.length} pods of ${namespace} were not ${what} within ${withinMs} ms: ${left[0]}`)
  }
  return {
    client,
    async create(name) {
      const sentAt = performance.now()
      const spec = { terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image: pauseImage }] }
      await client.create(Pod, { metadata: { name }, spec }, { namespace })
      return { sentAt, answeredAt: performance.now() }
    },
    at: (name, step) => marks.get(name)?.get(step),
    running: (names, withinMs) => all(names, (name) => marks.get(name)?.has('running') === true, 'Running', withinMs),
    gone: (names, withinMs) => all(names, (name) => informer.get(name, namespace) === undefined, 'gone', withinMs),
    delete: async (name) => void (await client.delete(Pod, name, { namespace })),
  }
}

async function remove(client: Client, namespace: string): Promise<void> {
  await client.delete(Namespace, namespace).catch((error: unknown) => {
    if (!isError(error, 'NotFound')) throw error
  })
  for (let left = 3_000; left > 0; left -= 1) {
    try {
      await client.get(Namespace, namespace)
    } catch (error) {
      if (isError(error, 'NotFound')) return
      throw error
    }
    await delay(100)
  }
  throw new Error(`namespace ${namespace} is still there five minutes after its deletion`)
}
