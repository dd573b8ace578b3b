import type { Pod } from '#api/core/v1/pod.ts'
import type { PodStatus } from '#api/core/v1/types.ts'
import { type BackoffOptions, backoff } from '#lib/backoff.ts'
import type { Instant } from '#lib/clock.ts'
import { isError } from '#lib/errors.ts'
import { outsideSpans } from '#lib/tracing/active-span.ts'
import { deepEqual } from '#schema/fields.ts'
import type { ContainerRecord, PodRecord } from '../interfaces.ts'
import { createProber, type Probed } from '../probe/prober.ts'
import type { RuntimeEvent } from '../runtime.ts'
import { createPodTrace } from '../tracing/pod-trace.ts'
import type { Refusal } from './admission/refusal.ts'
import { operationKey, type PodCommand } from './command.ts'
import { containerNamed, isBeingStarted, isSidecar } from './containers.ts'
import { containersDue } from './due.ts'
import { endedContainers } from './ended-containers.ts'
import { adoptNetwork } from './network-ready.ts'
import { createOperations, messageOf } from './operations.ts'
import { activeDeadline, mustEnd, planPod } from './plan.ts'
import type { PodContext } from './pod-context.ts'
import { createPodState, refresh, relist } from './pod-state.ts'
import { isResizing } from './resize.ts'
import { adoptResources } from './resize-pod.ts'
import { podStatus } from './status.ts'
import { terminationAfter } from './termination.ts'
import type { Ending, PodView } from './view.ts'
import { createWorkWatch } from './work-watch.ts'

/**
 * One pod's life on this node. Whatever happens (the object changed, the runtime told of something, an operation ended, a deadline came)
 * leads to one look at the whole pod; looks never overlap, operations do.
 */
export interface PodWorker {
  readonly uid: string
  /** As last shown. */
  readonly pod: Pod
  /** The API server shows this now. */
  update(pod: Pod): void
  /** The object is gone: everything of the pod ends and is removed. */
  remove(pod?: Pod): void
  /** Resolves when nothing of the pod runs any more. */
  end(ending: Ending): Promise<void>
  /** Tries at once what failed and was put off. */
  retry(): void
  /** Something happened to a container or sandbox of this pod. */
  changed(id: string, type?: RuntimeEvent['type']): void
  /** Events may have been missed: list everything of the pod. Resolves when that was tried, or the worker's life is over. */
  relist(): Promise<void>
  look(): void
  /** Nothing of it is to start any more. */
  readonly isEnding: boolean
  /** It was taken and still holds something of the node. */
  readonly isActive: boolean
  record(): PodRecord
  close(): void
}

export interface PodWorkerOptions {
  readonly context: PodContext
  readonly pod: Pod
  /** Nothing is made of the pod before this is settled; undefined: the node takes it. */
  readonly admitted: Promise<Refusal | undefined>
  /** Ids of the pod's containers and sandboxes, for the events that concern it. */
  readonly onIds: (ids: readonly string[]) => void
  readonly onChange: () => void
  readonly onForgotten: () => void
}

export function createPodWorker({ context, pod, admitted, onIds, onChange, onForgotten }: PodWorkerOptions): PodWorker {
  const { clock, statuses } = context
  const { uid } = pod.metadata
  const log = context.log.with({ pod: pod.metadata.name, namespace: pod.metadata.namespace })
  const state = createPodState(pod, clock.now())
  if (context.resourceManagers.length === 0) state.isReleased = true
  void admitted.then((refusal) => {
    state.isAdmitted = refusal === undefined
    // A pod that is over already was not looked at in earnest.
    state.refusal = refusal
    if (refusal !== undefined && !isClosed) operations.tell('Warning', refusal.reason, refusal.message)
    look()
  })
  /** As a former kubelet left it: what its probes had found counts until they are asked again. */
  const adopted: PodStatus | undefined = pod.status
  const running = new Map<string, number>()
  const delays = new Map<string, { readonly attempt: number; readonly until: Instant }>()
  const dirty = new Set<string>()
  /** Containers whose end was told of, and how often the runtime was asked about them since. */
  const told = new Map<string, number>()
  const ended = Promise.withResolvers<void>()
  let decided: PodStatus | undefined
  let isListed = false
  let isLooking = false
  let isAskedAgain = false
  let isClosed = false
  let forgetWake = () => {}
  let relisting: PromiseWithResolvers<void> | undefined
  const work = createWorkWatch({ clock, ...(context.observer?.work && { observer: context.observer.work }) })
  const trace = createPodTrace({ tracer: context.tracer, state, syncType: () => work.type })

  const operations = createOperations({ context, state, onProgress: look, onForgotten: forget })
  const prober = createProber({
    ...context,
    log,
    random: context.random,
    onChange: look,
    tell: (container, reason, message) => operations.tell('Warning', reason, message, container),
    observe: (probe) => context.observer?.probed({ ...probe, pod: state.pod.metadata }),
  })

  /** One look at a time; one asked for meanwhile follows. */
  function look(): void {
    if (isClosed) return
    if (isLooking) {
      isAskedAgain = true
      return
    }
    isLooking = true
    if (state.isAdmitted) work.begins(state.isRemoved)
    // A look may be asked for from within a step, and begins what outlives that: probes, other steps.
    void outsideSpans(lookOnce)
      .catch((error: unknown) => {
        log.warn('a pod could not be looked at', { error })
        const attempt = (delays.get(LOOK)?.attempt ?? -1) + 1
        const until = clock.now() + backoff(putOff, attempt, context.random)
        delays.set(LOOK, { attempt, until })
        wakeAt(until)
      })
      .finally(() => {
        isLooking = false
        if (!isAskedAgain) {
          relisting?.resolve()
          relisting = undefined
          if (running.size === 0) {
            trace.ends()
            work.ends(state.termination === undefined ? undefined : 'kill')
          }
          return
        }
        isAskedAgain = false
        look()
      })
  }

  async function lookOnce(): Promise<void> {
    if (!isListed) {
      await relist(state, context)
      await adoptResources(context, state)
      adoptNetwork(context, state)
      isListed = true
      dirty.clear()
    }
    for (const id of [...dirty]) {
      dirty.delete(id)
      try {
        await refresh(state, id, context)
      } catch (error) {
        dirty.add(id)
        throw error
      }
    }
    delays.delete(LOOK)
    // Read once for the whole look: what one half finds still to come and the other half already past would be waited for by neither.
    const now = clock.now()
    askAgain(now)
    if (!isClosed) decide(now)
  }

  /**
   * containerd publishes the end of a process to everybody at once, its own CRI service among them, which for some milliseconds goes on calling
   * the container running: such are looked at again.
   */
  function askAgain(now: Instant): void {
    for (const [id, asked] of told) {
      const known = state.containers.get(id)?.state
      // One that ends at once may do so before the call that starts it is answered: it is asked about when it is.
      if (known === 'created') continue
      if (known !== 'running' || asked >= asksMax) {
        told.delete(id)
        delays.delete(`${LOOK} ${id}`)
        continue
      }
      if ((delays.get(`${LOOK} ${id}`)?.until ?? 0) > now) continue
      told.set(id, asked + 1)
      dirty.add(id)
      delays.set(`${LOOK} ${id}`, { attempt: asked, until: now + firstAskMs * 2 ** asked })
    }
  }

  /** View, plan, commands. Nothing here waits. */
  function decide(now: Instant): void {
    onIds([...state.containers.keys(), ...state.sandboxes.keys()])
    if (state.ending === undefined && now >= activeDeadline(state) && !state.isRemoved) {
      state.ending = { reason: 'DeadlineExceeded', message: DEADLINE_MESSAGE }
      operations.tell('Normal', 'DeadlineExceeded', DEADLINE_MESSAGE)
    }
    // Probes first: a view needs a result for every container that runs.
    prober.watch(probed())
    const before = view(now)
    if (mustEnd(before, containersDue(before))) {
      state.termination = terminationAfter(state.termination, before)
      operations.end()
    }
    context.resizes.note(state.pod, state.termination === undefined && isResizing(before))
    const current = view(now)
    const plan = planPod(current)

    if (!state.isRemoved && (state.isAdmitted || plan.isOver)) {
      const previous = decided ?? state.pod.status ?? {}
      const status = podStatus(current, plan, previous, context.node())
      const isChanged = !deepEqual(status, previous)
      decided = status
      const shown = context.shownAs(state.pod)
      if (shown !== undefined) statuses.set(shown, status)
      if (isChanged) {
        for (const one of endedContainers(previous, status)) context.observer?.work?.ended(one)
        onChange()
      }
    }
    for (const command of plan.commands) start(command)
    if (plan.isOver && ![...state.containers.values()].some((one) => one.state === 'running')) ended.resolve()
    const later = [...delays.values()].map(({ until }) => until).filter((until) => isAhead(until, now))
    wakeAt(Math.min(plan.wakeAt, ...later))
  }

  function view(now: Instant): PodView {
    const busy = new Set(running.keys())
    for (const [key, { until }] of delays) if (isAhead(until, now)) busy.add(key)
    const byAge = (a: { readonly createdAt: number }, b: { readonly createdAt: number }) => b.createdAt - a.createdAt
    return {
      ...state,
      now,
      sandboxes: [...state.sandboxes.values()].toSorted((a, b) => b.metadata.attempt - a.metadata.attempt || byAge(a, b)),
      containers: [...state.containers.values()].toSorted((a, b) => b.metadata.attempt - a.metadata.attempt || byAge(a, b)),
      hasVolumes: state.volumes !== undefined,
      networkProblem: context.networkProblem(),
      probes: prober.results(),
      resize: context.resizes.state(uid),
      underWay: new Set(running.keys()),
      busy,
      isStatusWritten: statuses.isWritten(uid),
    }
  }

  function start(command: PodCommand): void {
    const key = operationKey(command)
    running.set(key, (running.get(key) ?? 0) + 1)
    void trace
      .run(command, state.termination !== undefined || state.isRemoved, () => operations.run(command))
      .then(() => delays.delete(key))
      .catch((error: unknown) => {
        if (isClosed) return
        // A call that failed may have done its work all the same.
        if (command.do !== 'prepare-volumes' && command.do !== 'clean-up') isListed = false
        const attempt = (delays.get(key)?.attempt ?? -1) + 1
        delays.set(key, { attempt, until: clock.now() + backoff(putOff, attempt, context.random) })
        const write = isError(error, 'ServiceUnavailable') ? log.debug : log.info
        write('a step of a pod failed and is put off', { step: key, error: messageOf(error) })
      })
      .finally(() => {
        const left = (running.get(key) ?? 1) - 1
        if (left > 0) running.set(key, left)
        else running.delete(key)
        look()
      })
  }

  function retry(): void {
    delays.clear()
    // A registry is not asked again before its time because of a label: only for an image that it was not asked for yet.
    for (const [name, image] of state.images)
      if (image.state === 'failed' && !needsImage(state.pod, name, image.image)) state.images.delete(name)
    look()
  }

  function wakeAt(at: Instant): void {
    forgetWake()
    forgetWake = clock.schedule(at, look)
  }

  /** The running containers whose probes are to be asked. */
  function probed(): Probed[] {
    const isEnding = state.isRemoved || state.termination !== undefined || state.pod.metadata.deletionTimestamp !== undefined
    const sandbox = [...state.sandboxes.values()].find(({ ready }) => ready)
    const podIP = (state.pod.spec.hostNetwork ? context.node().addresses[0] : sandbox?.ips[0]) ?? ''
    return [...state.containers.values()].flatMap((one): Probed[] => {
      const found = containerNamed(state.pod, one.metadata.name)
      if (one.state !== 'running' || found === undefined) return []
      const { container, kind } = found
      if (kind === 'ephemeral' || (kind === 'init' && !isSidecar(container, kind)) || isBeingStarted(container, running)) return []
      return [{ container, containerId: one.id, podIP, startedAt: one.startedAt, adopted: adoptedStatus(one.id), isEnding }]
    })
  }

  function adoptedStatus(id: string): Probed['adopted'] {
    const known = [...(adopted?.containerStatuses ?? []), ...(adopted?.initContainerStatuses ?? [])]
    const status = known.find(({ containerID }) => containerID?.endsWith(`//${id}`))
    return status === undefined ? undefined : { started: status.started ?? false, ready: status.ready }
  }

  function forget(): void {
    work.ends('terminated')
    close()
    statuses.forget(context.shownAs(state.pod)?.metadata.uid ?? uid)
    context.images.forget(uid)
    ended.resolve()
    onForgotten()
  }

  function close(): void {
    isClosed = true
    trace.ends()
    relisting?.resolve()
    forgetWake()
    prober.close()
    operations.abort()
  }

  return {
    uid,
    get pod() {
      return state.pod
    },
    update(next) {
      work.changed()
      const previous = state.pod
      state.pod = next
      const { labels, annotations } = next.metadata
      for (const name of state.images.keys())
        if (containerNamed(previous, name)?.container.image !== containerNamed(next, name)?.container.image) state.images.delete(name)
      const isMarked = !deepEqual(previous.metadata.annotations, annotations) || !deepEqual(previous.metadata.labels, labels)
      const isDeleted = previous.metadata.deletionTimestamp !== next.metadata.deletionTimestamp
      if (isDeleted || (isMarked && state.volumes !== undefined)) context.volumes.refresh(next)
      // What failed because of what the object said deserves a new try at once.
      if (isMarked || !deepEqual(previous.spec, next.spec)) retry()
      else look()
    },
    remove(last) {
      if (last !== undefined) {
        state.pod = last
        context.volumes.refresh(last)
      }
      state.isRemoved = true
      look()
    },
    async end(ending) {
      state.ending ??= ending
      look()
      await ended.promise
    },
    changed(id, type) {
      dirty.add(id)
      if (type === 'stopped') told.set(id, 0)
      look()
    },
    async relist() {
      isListed = false
      relisting ??= Promise.withResolvers()
      const { promise } = relisting
      look()
      await promise
    },
    retry,
    look,
    get isEnding() {
      const { phase } = state.pod.status ?? {}
      const isOver = phase === 'Succeeded' || phase === 'Failed'
      return isOver || state.isRemoved || state.ending !== undefined || state.pod.metadata.deletionTimestamp !== undefined
    },
    get isActive() {
      const phase = (decided ?? state.pod.status)?.phase
      return state.isAdmitted && !state.isRemoved && !state.isCleanedUp && phase !== 'Succeeded' && phase !== 'Failed'
    },
    record: () => recordOf(view(clock.now()), decided),
    close,
  }
}

const LOOK = 'look'
// From 20 ms to 5 s in all: after that only the slow relist looks again.
const firstAskMs = 20
const asksMax = 8
const DEADLINE_MESSAGE = 'Pod was active on the node longer than the specified deadline'

/** For steps that failed: soon at first, for most causes pass; never so often that a lasting one costs anything. */
const putOff: BackoffOptions = { initialMs: 500, factor: 2, maxMs: 30_000, jitter: 0.2 }

/** What the container starts from, or mounts. */
const needsImage = (pod: Pod, name: string, image: string): boolean =>
  containerNamed(pod, name)?.container.image === image || (pod.spec.volumes ?? []).some((volume) => volume.image?.reference === image)

/** Still to come; what is farther off than any wait was put there by a clock that has since been set back. */
const isAhead = (until: Instant, now: Instant): boolean => until > now && until - now <= putOff.maxMs * (1 + putOff.jitter)

function recordOf(view: PodView, status: PodStatus | undefined): PodRecord {
  const { pod } = view
  const containers = view.containers.flatMap((one): ContainerRecord[] => {
    const kind = containerNamed(pod, one.metadata.name)?.kind
    if (kind === undefined) return []
    const { id, metadata, state, logPath } = one
    return [{ name: metadata.name, kind, id, attempt: metadata.attempt, state, logPath }]
  })
  const sandboxId = view.sandboxes.find(({ ready }) => ready)?.id
  return { pod, withStatus: status === undefined ? pod : { ...pod, status }, sandboxId, containers }
}
