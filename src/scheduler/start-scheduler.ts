import type { Namespace } from '#api/core/v1/namespace.ts'
import type { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { isPodTerminal } from '#api/core/v1/pod-helpers.ts'
import { causeOf } from '#client/cause-of.ts'
import type { Client } from '#client/client.ts'
import type { Informer } from '#client/informer.ts'
import type { Cause } from '#lib/cause.ts'
import type { Clock } from '#lib/clock.ts'
import { isError, WherryError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'
import { deepEqual } from '#schema/fields.ts'
import { type Binding, bind, bindByApi, giveBack, type Taken, take, tellBound } from './binding.ts'
import { type Companions, companionsOf } from './extender/companions.ts'
import type { Extender } from './extender/extender.ts'
import { asNote, type FailurePlan, planFailure, type Unplaced, writeUnplaced } from './failure.ts'
import type { ClusterEvent } from './framework/cluster-event.ts'
import { createDecider, type Decider, type Decision } from './framework/decide.ts'
import { fitError } from './framework/fit-error.ts'
import type { BindMeans, Cycle, NodeRefusal } from './framework/plugin.ts'
import type { Profile } from './framework/profile.ts'
import type { SchedulerMetrics, TryResult } from './metrics.ts'
import { nodeChange, podChange } from './queue/changes.ts'
import { createSchedulingQueue, type QueueTimes, type Try } from './queue/queue.ts'
import { watchedKinds } from './queue/watched-kinds.ts'
import type { Sources } from './world/lookups.ts'
import type { PodInfo } from './world/pod-info.ts'
import { createWorld } from './world/world.ts'

/** What the scheduler is made of. */
export interface SchedulerOptions {
  readonly client: Client
  readonly pods: Informer<Pod>
  readonly nodes: Informer<Node>
  readonly namespaces: Informer<Namespace>
  /** Caches of all other kinds that plug-ins look at; undefined for a kind that is not there. */
  readonly sources: Sources
  /** Resolves when those caches are full. */
  readonly sourcesSynced?: Promise<unknown>
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly record: BindMeans['record']
  /** Pods that ask for one of these schedulers are ours. */
  readonly profiles: readonly Profile[]
  readonly times?: QueueTimes
  /** Servers that have a say beside the plug-ins. */
  readonly extenders?: readonly Extender[]
  readonly metrics?: SchedulerMetrics
}

/** One pod's turn. */
interface Attempt {
  readonly info: PodInfo
  readonly profile: Profile
  readonly decider: Decider
  readonly means: BindMeans
  /** Ends what is under way when the pod goes. */
  readonly ending: AbortController
  /** It is known where the pod goes, or what is to be done since it goes nowhere. */
  decided(): void
  note(result: TryResult): void
}

/** So much is remembered of what happens while extenders are asked about one pod. */
const heardMax = 1024
/** Decisions between two looks at other work of the process. */
const decisionsPerTurn = 64

/**
 * Places pods, one decision after another, on a world that the informers keep current; bindings are written side by side, since the
 * world counts a decided pod at once. Returns how to stop; a stopped scheduler finishes what it has begun to write.
 */
export function startScheduler(options: SchedulerOptions): { stop: () => Promise<void> } {
  const { client, pods, nodes, namespaces, clock, random, log, record, profiles, extenders = [], metrics } = options
  const world = createWorld((kind) => (kind === namespaces.kind ? (namespaces as never) : options.sources(kind)), clock)
  const warn = (message: string, error: unknown): void => log.warn(message, { error })
  const queue = createSchedulingQueue(profiles, world, options.times, warn)
  const deciders = new Map<string, { readonly profile: Profile; readonly decider: Decider }>(
    profiles.map((profile) => [profile.schedulerName, { profile, decider: createDecider(profile, world, random) }]),
  )
  /** Of pods whose binding is under way: what ends it when the pod goes. */
  const binding = new Map<string, { readonly assumed: Binding; readonly ending: AbortController }>()
  const writing = new Set<Promise<void>>()
  let stopped = false
  let isReady = false
  let forgetDeadline = (): void => {}
  let turn: NodeJS.Immediate | undefined
  /** While extenders are asked about a pod: what happened meanwhile, which that pod does not wait for yet. */
  let heard: { readonly event: ClusterEvent; readonly cause: Cause | undefined }[] | undefined

  /** The queue's time: where the machine's time is set back, no pod may wait until it is as late again. */
  const now = (): number => clock.monotonicMs()

  /** One more turn, soon: changes that come together are looked at together. */
  function stir(): void {
    if (!stopped && turn === undefined) turn = setImmediate(work)
  }

  function wake(event: ClusterEvent | undefined, cause?: Cause): void {
    // Before the caches are full every pod waits anyway, and nobody was refused.
    if (event !== undefined && isReady) {
      queue.wake(event, now(), cause)
      if (heard !== undefined && heard.length < heardMax) heard.push({ event, cause })
    }
    stir()
  }

  function work(): void {
    turn = undefined
    // Before all caches are full, a decision would rest on a part of the cluster.
    if (stopped || !isReady) return
    for (let made = 0; made < decisionsPerTurn && heard === undefined; made += 1) {
      const next = queue.next(now())
      if (next === undefined) break
      schedule(next)
    }
    // What is asked of others decides before the next pod has its turn.
    if (heard !== undefined) return
    forgetDeadline()
    const waitMs = queue.dueAt() - now()
    if (waitMs <= 0) stir()
    else forgetDeadline = clock.schedule(clock.now() + waitMs, stir)
  }

  function schedule({ info, attempts, addedAt, wokenBy }: Try): void {
    const { pod } = info
    const { profile, decider } = deciders.get(pod.spec.schedulerName!)!
    const ending = new AbortController()
    const beganAt = now()
    const attempt: Attempt = {
      info,
      profile,
      decider,
      ending,
      means: { client: client.because(wokenBy ?? causeOf(Pod, pod)), clock, world, warn, record, signal: ending.signal, callOff },
      decided: () => metrics?.decided(now() - beganAt),
      note(result) {
        metrics?.tried(result, profile.schedulerName, now() - beganAt)
        if (result === 'scheduled') metrics?.scheduled(attempts, now() - addedAt)
      },
    }
    const companions = companionsOf(pod, extenders, log)
    if (companions !== undefined) {
      write(scheduleWith(companions, attempt))
      return
    }
    try {
      const decision = decider.decide(info)
      const plan = decision.node === undefined ? planFailure(info, decision, profile, world) : undefined
      attempt.decided()
      if (decision.node === undefined) refuse(attempt, decision, plan!)
      else place(attempt, decision)
    } catch (error) {
      fail(attempt, error)
    }
  }

  async function scheduleWith(companions: Companions, attempt: Attempt): Promise<void> {
    const { info, profile, decider } = attempt
    const { uid } = info.pod.metadata
    /** The pod may have gone, or have been bound by somebody else, while it was asked about; and whoever leads now decides anew. */
    const isOver = (): boolean => stopped || !queue.has(uid)
    heard = []
    try {
      const decision = await decider.decideWith(info, companions)
      if (isOver()) return
      if (decision.node !== undefined) {
        attempt.decided()
        return place(attempt, decision, companions.binder)
      }
      const plan = planFailure(info, decision, profile, world)
      const asked = await plan.reconsider?.((candidates) => companions.reconsider(info, candidates))
      if (isOver()) return
      attempt.decided()
      refuse(attempt, decision, asked === undefined ? plan : { ...plan, ...asked, nominatedNode: asked.nominatedNode ?? '' })
    } catch (error) {
      if (!isOver()) fail(attempt, error)
    } finally {
      const missed = heard
      heard = undefined
      for (const { event, cause } of missed) queue.wake(event, now(), cause)
      // So much happened that not all of it is known: it may have helped.
      if (missed.length === heardMax) queue.retry(uid, now())
      stir()
    }
  }

  /** A plug-in or an extender that cannot answer: the pod comes back after its back-off. */
  function fail({ info, means, note }: Attempt, error: unknown): void {
    const { pod } = info
    log.warn('a pod could not be decided', { pod: `${pod.metadata.namespace}/${pod.metadata.name}`, error })
    promise(info, '')
    queue.failed(pod.metadata.uid, now())
    tell(pod, { reason: 'SchedulerError', message: error instanceof Error ? error.message : String(error), nominatedNode: '' }, means)
    note('error')
  }

  function place(attempt: Attempt, decision: Extract<Decision, { node: object }>, binder?: Extender): void {
    const { info, profile, means, ending } = attempt
    const { uid } = info.pod.metadata
    const assumed: Binding = { profile, cycle: decision.cycle, node: decision.node }
    world.assume(info, decision.node.name)
    const taken = tryToTake(assumed, means)
    if ('refusal' in taken) {
      world.forget(uid)
      const refused = refusedThere(decision.cycle, decision.node.name, taken.refusal)
      refuse(attempt, refused, { message: fitError(refused.misfit), nominatedNode: '' })
      return
    }
    binding.set(uid, { assumed, ending })
    write(conclude(attempt, assumed, taken.waits, binder))
  }

  /** A plug-in that throws leaves nothing behind. */
  function tryToTake(assumed: Binding, means: BindMeans): Taken {
    try {
      return take(assumed, means)
    } catch (error) {
      world.forget(assumed.cycle.pod.pod.metadata.uid)
      giveBack(assumed)
      throw error
    }
  }

  async function conclude({ means, note }: Attempt, assumed: Binding, waits: readonly Promise<void>[], binder?: Extender): Promise<void> {
    const { pod } = assumed.cycle.pod
    const { name, namespace, uid } = pod.metadata
    try {
      await bind(assumed, waits, means, log, binder && (() => bindBy(binder, assumed, means)))
    } catch (error) {
      world.forget(uid)
      giveBack(assumed)
      const shown = pods.get(name, namespace)
      const isWanted = !means.signal.aborted || assumed.isCalledOff === true
      // Gone, or bound by somebody else: the watch says so, and the pod leaves the queue then.
      if (isWanted && !isError(error, 'NotFound') && shown !== undefined && !shown.spec.nodeName) {
        const reason = assumed.isCalledOff ? means.signal.reason : error
        log[assumed.isCalledOff ? 'info' : 'warn']('a binding failed', {
          pod: `${namespace}/${name}`,
          node: assumed.node.name,
          error: reason,
        })
        const message = reason instanceof Error ? reason.message : String(reason)
        tell(pod, { reason: 'SchedulerError', message, nominatedNode: '' }, means, assumed.isTold ? assumed.node.name : undefined)
        // What changed of the pod while it was bound was not looked at.
        if (queue.has(uid)) queue.set(shown, now())
      }
      queue.failed(uid, now())
      note('error')
      return wake(withdrawn(pod, assumed.node.name))
    } finally {
      binding.delete(uid)
    }
    queue.remove(uid)
    record({
      regarding: pod,
      type: 'Normal',
      reason: 'Scheduled',
      message: `Successfully assigned ${namespace}/${name} to ${assumed.node.name}`,
      action: 'Binding',
    })
    note('scheduled')
    // It is bound, whatever plug-ins make of it.
    tellBound(assumed)
  }

  function callOff(uid: string): boolean {
    const { assumed, ending } = binding.get(uid) ?? {}
    if (assumed?.isHeld !== true || ending!.signal.aborted) return false
    assumed.isCalledOff = true
    ending!.abort(new WherryError('Conflict', 'preempted by DefaultPreemption'))
    return true
  }

  function refuse(
    attempt: Attempt,
    decision: Extract<Decision, { node?: undefined }>,
    plan: Pick<FailurePlan, 'message'> & Partial<FailurePlan>,
  ): void {
    const { info, means, note } = attempt
    const { pod } = info
    if (plan.nominatedNode !== undefined) promise(info, plan.nominatedNode)
    queue.refused(pod.metadata.uid, now(), decision.refusedBy, decision.pendingBy)
    tell(pod, { reason: 'Unschedulable', message: plan.message, nominatedNode: plan.nominatedNode }, means)
    if (plan.victims !== undefined) metrics?.preempted(plan.victims.length)
    if (plan.act !== undefined) write(makeRoom(plan.act, attempt))
    note('unschedulable')
  }

  /** Whoever waits behind a promise hears of its end at once: it may never have been written, so that no watch would tell. */
  function promise(info: PodInfo, nodeName: string): void {
    const before = world.promiseOf(info.pod.metadata.uid)
    world.nominate(info, nodeName)
    if (before !== undefined && before !== nodeName) wake(withdrawn(info.pod, before), causeOf(Pod, info.pod))
  }

  async function makeRoom(act: NonNullable<FailurePlan['act']>, { info, means }: Attempt): Promise<void> {
    try {
      await act(means)
    } catch (error) {
      // Who was not evicted does not go, and nothing else would wake the pod that waits for it.
      queue.retry(info.pod.metadata.uid, now())
      stir()
      throw error
    }
  }

  /** `promised`: what the pod was told last, which the cache may not show yet. */
  function tell(pod: Pod, unplaced: Unplaced, { client: writer }: BindMeans, promised?: string): void {
    record({ regarding: pod, type: 'Warning', reason: 'FailedScheduling', message: asNote(unplaced.message), action: 'Scheduling' })
    const present = pods.get(pod.metadata.name, pod.metadata.namespace)
    const known = present?.metadata.uid === pod.metadata.uid ? present : pod
    const shown = promised === undefined ? known : { ...known, status: { ...known.status, nominatedNodeName: promised } }
    write(writeUnplaced(writer, shown, unplaced, clock))
  }

  function write(work: Promise<void>): void {
    const guarded = work.catch((error: unknown) => log.warn('a write failed', { error })).finally(() => writing.delete(guarded))
    writing.add(guarded)
  }

  const isOurs = (pod: Pod): boolean =>
    !pod.spec.nodeName && deciders.has(pod.spec.schedulerName!) && pod.metadata.deletionTimestamp === undefined && !isPodTerminal(pod)

  function leave(pod: Pod): void {
    const { uid } = pod.metadata
    queue.remove(uid)
    binding.get(uid)?.ending.abort(new Error('the pod goes'))
  }

  const stopListening = [
    ...(metrics === undefined ? [] : [metrics.observe(queue, world)]),
    pods.onChange((pod, previous, change) => {
      const { uid } = pod.metadata
      const cause = causeOf(Pod, pod)
      const wasPlaced = world.placeOf(uid)
      const held = wasPlaced?.nodeName ?? world.promiseOf(uid)
      if (change === 'deleted') {
        world.removePod(uid)
        leave(pod)
        return wake(held === undefined ? undefined : withdrawn(pod, held), cause)
      }
      world.setPod(pod)
      const promised = previous?.status.nominatedNodeName
      if (isOurs(pod)) {
        // A pod that is on its way to its node is counted there, and needs neither a turn nor a promise.
        if (wasPlaced?.assumed !== true) {
          if (isReady) queue.set(pod, now())
          const nominated = pod.status.nominatedNodeName
          if (promised !== nominated) world.nominate(world.podInfo(pod), nominated ?? '')
          if (promised && promised !== nominated) wake(withdrawn(previous!, promised), cause)
        }
        return wake(previous && podChange(previous, pod, world.podInfo), cause)
      }
      if (!pod.spec.nodeName || isPodTerminal(pod)) {
        leave(pod)
        // Where its binding is under way, what becomes of that frees the room.
        const isFreed = held !== undefined && world.placeOf(uid) === undefined
        return wake(isFreed ? withdrawn(pod, held) : undefined, cause)
      }
      if (!previous?.spec.nodeName) {
        queue.remove(uid)
        if (promised && promised !== pod.spec.nodeName) wake(withdrawn(previous!, promised), cause)
        // What we decided ourselves was heard when it was decided, except for the plug-ins' ears.
        return wake({ resource: 'Pod', actions: ['Add'], before: undefined, after: pod }, cause)
      }
      wake(podChange(previous, pod, world.podInfo), cause)
    }),
    nodes.onChange((node, previous, change) => {
      if (change === 'deleted') {
        world.removeNode(node.metadata.name)
        return wake({ resource: 'Node', actions: ['Delete'], before: node, after: undefined }, causeOf(nodes.kind, node))
      }
      const event = nodeChange(previous, node)
      // A heartbeat changes nothing that is counted.
      if (
        event === undefined &&
        previous?.spec.unschedulable === node.spec.unschedulable &&
        deepEqual(previous?.status.images, node.status.images) &&
        deepEqual(previous?.status.volumesAttached, node.status.volumesAttached)
      )
        return
      world.setNode(node)
      wake(event, causeOf(nodes.kind, node))
    }),
    namespaces.onChange((namespace, previous, change) => {
      if (change === 'deleted' || deepEqual(previous?.metadata.labels, namespace.metadata.labels)) return
      const event: ClusterEvent = {
        resource: 'Namespace',
        actions: [change === 'added' ? 'Add' : 'Update'],
        before: previous,
        after: namespace,
      }
      wake(event, causeOf(namespaces.kind, namespace))
    }),
    ...[...watchedKinds].map(([resource, kind]) =>
      world.lookups.of(kind).onChange((object, previous, change) => {
        const event: ClusterEvent =
          change === 'deleted'
            ? { resource, actions: ['Delete'], before: object, after: undefined }
            : { resource, actions: [change === 'added' ? 'Add' : 'Update'], before: previous, after: object }
        wake(event, causeOf(kind, object))
      }),
    ),
  ]
  const caches = Promise.all([pods.synced(), nodes.synced(), namespaces.synced(), options.sourcesSynced])
  caches.then(
    () => {
      isReady = true
      // Not before: gates rest on other objects too, and nobody would wake a pod for those that were only listed late.
      for (const pod of pods.list()) if (isOurs(pod)) queue.set(pod, now())
      stir()
    },
    () => log.debug('stopped before the caches were full'),
  )

  return {
    async stop() {
      stopped = true
      forgetDeadline()
      if (turn) clearImmediate(turn)
      for (const stop of stopListening) stop()
      for (const { ending } of binding.values()) ending.abort(new Error('the scheduler stops'))
      // What ends may have more to write: that it failed.
      while (writing.size > 0) await Promise.all(writing)
    },
  }
}

/** A plug-in that refuses to reserve or to permit speaks for the one node that was chosen. */
function refusedThere(cycle: Cycle, node: string, refusal: NodeRefusal): Extract<Decision, { node?: undefined }> {
  return {
    cycle,
    misfit: { nodesTotal: 1, refusals: new Map([[node, refusal]]) },
    refusedBy: new Set([refusal.plugin]),
    pendingBy: new Set(refusal.pending ? [refusal.plugin] : []),
  }
}

/** One that may be ignored, and does not bind, leaves it to us. */
async function bindBy(extender: Extender, assumed: Binding, means: BindMeans): Promise<void> {
  try {
    await extender.bind(assumed.cycle.pod.pod, assumed.node.name)
  } catch (error) {
    if (!extender.isIgnorable) throw error
    await bindByApi(assumed, means)
  }
}

/** What a pod had on a node, or was promised there, is free: for whoever had to do without it is as if the pod had gone from there. */
const withdrawn = (pod: Pod, nodeName: string): ClusterEvent => ({
  resource: 'Pod',
  actions: ['Delete'],
  before: { ...pod, spec: { ...pod.spec, nodeName } },
  after: undefined,
})
