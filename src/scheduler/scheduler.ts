import type { Namespace } from '#api/core/v1/namespace.ts'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { isPodTerminal, podCondition } from '#api/core/v1/pod-helpers.ts'
import type { KubeObject } from '#api/kind.ts'
import { causeOf } from '#client/cause-of.ts'
import type { Client } from '#client/client.ts'
import type { Informer } from '#client/informer.ts'
import type { Cause } from '#lib/cause.ts'
import type { Clock } from '#lib/clock.ts'
import { isError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { deepEqual } from '#schema/fields.ts'
import { decide } from './decide.ts'
import { podInfo } from './node-info.ts'
import type { AnyPlugin, ClusterEvent } from './plugin.ts'
import { defaultPlugins } from './plugins/mod.ts'
import { SchedulingQueue } from './queue.ts'
import { Snapshot } from './snapshot.ts'

export interface SchedulerOptions {
  readonly client: Client
  readonly pods: Informer<Pod>
  readonly nodes: Informer<Node>
  readonly namespaces: Informer<Namespace>
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly record: (event: { regarding: KubeObject; type: 'Normal' | 'Warning'; reason: string; message: string; action: string }) => void
  /** Pods that ask for this scheduler are ours. */
  readonly name?: string
  readonly plugins?: readonly AnyPlugin[]
}

/** Decisions between two looks at other work of the process. */
const decisionsPerTurn = 64

/**
 * Places pods, one decision after another, on a snapshot that the informers keep current; bindings are written side by side, since the
 * snapshot counts a decided pod at once. Returns how to stop; a stopped scheduler finishes what it has begun to write.
 */
export function startScheduler(options: SchedulerOptions): { stop: () => Promise<void> } {
  const { client, pods, nodes, namespaces, clock, random, log, record } = options
  const plugins = options.plugins ?? defaultPlugins
  const name = options.name ?? 'default-scheduler'
  const snapshot = new Snapshot()
  const queue = new SchedulingQueue(plugins)
  const writing = new Set<Promise<void>>()
  let stopped = false
  let forgetDeadline = (): void => {}
  let turn: NodeJS.Immediate | undefined

  const world = { nodes: snapshot.nodes, namespaceLabels: (namespace: string) => namespaces.get(namespace)?.metadata.labels ?? {} }

  /** One more turn, soon: changes that come together are looked at together. */
  function stir(): void {
    if (!stopped && turn === undefined) turn = setImmediate(work)
  }

  function wake(cause: Cause | undefined, ...events: ClusterEvent[]): void {
    for (const event of events) queue.wake(event, cause)
    stir()
  }

  function work(): void {
    turn = undefined
    // Before all caches are full, a decision would rest on a part of the cluster.
    if (stopped || !pods.isSynced || !nodes.isSynced || !namespaces.isSynced) return
    for (let made = 0; made < decisionsPerTurn; made += 1) {
      const next = queue.next(clock.now())
      if (!next) break
      schedule(next.pod, client.because(next.wokenBy ?? causeOf(Pod, next.pod)))
    }
    forgetDeadline()
    const dueAt = queue.dueAt()
    if (dueAt <= clock.now()) stir()
    else forgetDeadline = clock.schedule(dueAt, stir)
  }

  /** `writer` writes because of what led to this try. */
  function schedule(pod: Pod, writer: Client): void {
    const decision = decide(podInfo(pod), world, plugins, random)
    if (decision.node === undefined) {
      queue.retry(pod.metadata.uid, clock.now(), decision.refusedBy)
      record({ regarding: pod, type: 'Warning', reason: 'FailedScheduling', message: decision.message, action: 'Scheduling' })
      write(markUnschedulable(writer, pod, decision.message, clock))
      return
    }
    snapshot.assume(pod, decision.node)
    write(bind(pod, decision.node, writer))
  }

  async function bind(pod: Pod, nodeName: string, writer: Client): Promise<void> {
    const { name: podName, namespace, uid } = pod.metadata
    try {
      await writer.act(
        Pod,
        podName,
        'binding',
        {
          apiVersion: 'v1',
          kind: 'Binding',
          metadata: { name: podName, namespace, uid },
          target: { apiVersion: 'v1', kind: 'Node', name: nodeName },
        },
        { namespace },
      )
      queue.remove(uid)
      record({
        regarding: pod,
        type: 'Normal',
        reason: 'Scheduled',
        message: `Successfully assigned ${namespace}/${podName} to ${nodeName}`,
        action: 'Binding',
      })
    } catch (error) {
      snapshot.forget(uid)
      // Gone, or bound by somebody else: the watch will say so, and the pod leaves the queue then.
      if (!isError(error, 'NotFound', 'Conflict')) log.warn('a binding failed', { pod: `${namespace}/${podName}`, node: nodeName, error })
      queue.retry(uid, clock.now())
      wake(undefined, 'pod-gone')
    }
  }

  function write(work: Promise<void>): void {
    const guarded = work.catch((error: unknown) => log.warn('a write failed', { error })).finally(() => writing.delete(guarded))
    writing.add(guarded)
  }

  const isOurs = (pod: Pod): boolean =>
    !pod.spec.nodeName &&
    pod.spec.schedulerName === name &&
    pod.metadata.deletionTimestamp === undefined &&
    !isPodTerminal(pod) &&
    !pod.spec.schedulingGates?.length

  const stopListening = [
    pods.onChange((pod, previous, change) => {
      if (change === 'deleted') {
        queue.remove(pod.metadata.uid)
        snapshot.removePod(pod.metadata.uid)
        if (pod.spec.nodeName) wake(causeOf(Pod, pod), 'pod-gone')
        return
      }
      snapshot.setPod(pod)
      if (isOurs(pod)) queue.set(pod, clock.now(), previous !== undefined && isOtherWish(previous, pod))
      else queue.remove(pod.metadata.uid)
      if (pod.spec.nodeName && !previous?.spec.nodeName) wake(causeOf(Pod, pod), 'pod-placed')
      else if (previous && isPodTerminal(pod) && !isPodTerminal(previous)) wake(causeOf(Pod, pod), 'pod-gone')
      else stir()
    }),
    nodes.onChange((node, previous, change) => {
      if (change === 'deleted') return snapshot.removeNode(node.metadata.name)
      if (previous && !changes(previous, node).length && deepEqual(previous.status.images, node.status.images)) return
      snapshot.setNode(node)
      wake(causeOf(Node, node), ...(previous ? changes(previous, node) : (['node-added'] as const)))
    }),
    namespaces.onChange(stir),
  ]
  const caches = Promise.all([pods.synced(), nodes.synced(), namespaces.synced()])
  caches.then(stir, () => log.debug('stopped before the caches were full'))

  return {
    async stop() {
      stopped = true
      forgetDeadline()
      if (turn) clearImmediate(turn)
      for (const stop of stopListening) stop()
      await Promise.all(writing)
    },
  }
}

/** What of a node's change could make room. Heartbeats are no change. */
function changes(before: Node, after: Node): ClusterEvent[] {
  const events: ClusterEvent[] = []
  if (!deepEqual(before.status.allocatable, after.status.allocatable)) events.push('node-room')
  if (!deepEqual(before.metadata.labels, after.metadata.labels)) events.push('node-labels')
  if (!deepEqual(before.spec, after.spec)) events.push('node-taints')
  return events
}

/** Our own condition on its status is no reason to try again. */
const isOtherWish = (before: Pod, after: Pod): boolean =>
  !deepEqual(before.spec, after.spec) || !deepEqual(before.metadata.labels, after.metadata.labels)

/** Condition PodScheduled=False with what stands in the way; written only where it says something new. */
async function markUnschedulable(client: Client, pod: Pod, message: string, clock: Clock): Promise<void> {
  const present = podCondition(pod, 'PodScheduled')
  if (present?.status === 'False' && present.reason === 'Unschedulable' && present.message === message) return
  const lastTransitionTime = present?.status === 'False' ? present.lastTransitionTime : rfc3339(clock.now())
  const condition = {
    type: 'PodScheduled',
    status: 'False',
    reason: 'Unschedulable',
    message,
    lastTransitionTime,
    observedGeneration: pod.metadata.generation,
  }
  try {
    await client.patch(
      Pod,
      pod.metadata.name,
      { type: 'strategic', body: { status: { conditions: [condition] } } },
      { namespace: pod.metadata.namespace, subresource: 'status' },
    )
  } catch (error) {
    // A pod that is gone needs no condition.
    if (!isError(error, 'NotFound')) throw error
  }
}
