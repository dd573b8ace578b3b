import type { Pod } from '#api/core/v1/pod.ts'
import type { KubeObject } from '#api/kind.ts'
import { type Clock, type Instant, sleep } from '#lib/clock.ts'
import type { Log } from '#lib/log.ts'
import type { EventSink, NodeSource, PodAdmitter, PodLookup } from '../interfaces.ts'
import { isCriticalPod } from '../pod/admission/preemption.ts'
import type { PodStats } from '../stats/summary.ts'
import { admitUnderPressure } from './admit.ts'
import { IMMEDIATE_GRACE_SECONDS, planEviction, reclaimFor } from './evict-plan.ts'
import { calmMs, crossedOf, judge, noPressure } from './judge.ts'
import { hasStorageLimit, storageExcess, storageHeadroom } from './local-storage.ts'
import { pressureConditions } from './pressure-conditions.ts'
import type { Disks } from './rank.ts'
import { type NodePressure, type Observations, signals } from './signals.ts'
import { type EvictionSettings, parseThresholds, type Threshold, withContainerFs } from './thresholds.ts'

/** What the manager looks at; `stats/` has it. */
export interface EvictionFigures {
  /** A few files of the kernel's: cheap. */
  observe(): Promise<{ readonly observations: Observations; readonly disks: Disks }>
  /** Of these pods, measured now, disks as well: dear. */
  pods(uids: ReadonlySet<string>): Promise<readonly PodStats[]>
}

export interface EvictionOptions {
  readonly settings: EvictionSettings & {
    /** KubeletConfiguration.evictionPressureTransitionPeriod, default five minutes. */
    readonly transitionMs?: number
    /** KubeletConfiguration.evictionMaxPodGracePeriod, default 0. */
    readonly maxPodGraceSeconds?: number
    /** KubeletConfiguration.localStorageCapacityIsolation, default true: whether limits of local storage are held. */
    readonly isolatesLocalStorage?: boolean
  }
  readonly figures: EvictionFigures
  readonly pods: PodLookup
  /** Ended containers of pods that are over, and images that nobody uses. A failure is told and changes nothing. */
  readonly reclaim: { containers(): Promise<void>; images(): Promise<void> }
  readonly events: EventSink
  /** Whom events about the node regard. */
  readonly node: KubeObject
  readonly clock: Clock
  readonly log: Log
  /** For metrics: a pod was evicted because of this signal. */
  readonly onEvicted?: (signal: string) => void
}

/**
 * Keeps the node alive when memory, disks, inodes or process numbers run short (Kubernetes documentation, "Node-pressure Eviction"), and holds
 * pods to their limits of local storage. It looks as often as it has to: the next look is due when the nearest threshold could be reached.
 */
export interface EvictionManager {
  start(): void
  /** Resolves when no look is under way any more. */
  stop(): Promise<void>
  /** A look now, beside those that are due anyway. Resolves with it. */
  look(): Promise<void>
  readonly admitter: PodAdmitter
  readonly nodeSource: NodeSource
}

export function createEvictionManager(options: EvictionOptions): EvictionManager {
  const { settings, figures, pods, events, clock } = options
  const { transitionMs = 5 * 60_000, maxPodGraceSeconds = 0, isolatesLocalStorage = true } = settings
  const log = options.log.with({ part: 'eviction' })
  const configured = parseThresholds(settings)
  const listeners = new Set<() => void>()
  const stopping = new AbortController()
  let pressures: readonly NodePressure[] = []
  let state = noPressure
  /** When limits of local storage are to be measured next. */
  let measureAt: Instant = Infinity
  const measured = new Set<string>()
  let wakesAt: Instant = Infinity
  let forgetWake = (): void => {}
  let forgetPods = (): void => {}
  let looking: Promise<void> = Promise.resolve()

  function lookNow(): Promise<void> {
    forgetWake()
    wakesAt = Infinity
    looking = looking.then(async () => {
      if (stopping.signal.aborted) return
      let nextMs = RETRY_MS
      try {
        nextMs = await lookOnce()
      } catch (error) {
        log.warn('what is left of the node could not be looked at', { error })
      }
      wakeIn(nextMs)
    })
    return looking
  }

  function wakeIn(ms: number): void {
    const at = clock.now() + ms
    if (stopping.signal.aborted || at >= wakesAt) return
    forgetWake()
    wakesAt = at
    forgetWake = clock.schedule(at, () => void lookNow())
  }

  /** Returns how long it can wait until the next one. */
  async function lookOnce(): Promise<number> {
    const { observations, disks } = await figures.observe()
    // By what passes: graces and transition periods are no longer, and nothing goes unmeasured, where the clock is set back.
    const now = clock.monotonicMs()
    const thresholds = withContainerFs(configured, disks.hasImageFs && !disks.isSplit)
    const judgement = judge({ now, thresholds, observations, transitionMs, state })
    state = judgement.state
    show(judgement.pressures)

    const active = activePods(pods)
    if (await holdToLimits(active, disks)) return 0
    const [threshold] = judgement.actionable
    if (threshold !== undefined) return relieve(threshold, judgement.actionable, thresholds, observations, disks)
    return Math.max(0, Math.min(calmMs(thresholds, observations), judgement.wakeAt - now, measureAt - now))
  }

  /** Wins back what ran short: without ending a pod if that does, else by ending one. */
  async function relieve(
    threshold: Threshold,
    met: readonly Threshold[],
    thresholds: readonly Threshold[],
    observations: Observations,
    disks: Disks,
  ): Promise<number> {
    const { resource } = signals[threshold.signal]
    log.warn('the node runs short', { resource, signal: threshold.signal, ...observations[threshold.signal] })
    events.record({
      regarding: options.node,
      type: 'Warning',
      reason: 'EvictionThresholdMet',
      message: `Attempting to reclaim ${resource}`,
    })
    if (await isReclaimed(threshold, thresholds, disks)) return MONITOR_MS

    // Asked anew: what was won back took its time, and pods may have ended by themselves.
    const active = activePods(pods)
    if (active.length === 0) return MONITOR_MS
    const stats = await statsOf(active)
    const plan = planEviction({ threshold, met, observations, disks, pods: active, statsOf: stats, maxPodGraceSeconds })
    if (plan === undefined) {
      log.warn('no pod can be evicted', { resource })
      return MONITOR_MS
    }
    await evict(plan.pod, plan)
    await cleanedUp(plan.pod)
    return 0
  }

  async function isReclaimed(threshold: Threshold, thresholds: readonly Threshold[], disks: Disks): Promise<boolean> {
    const steps = reclaimFor(threshold.signal, disks)
    for (const step of steps) {
      try {
        await options.reclaim[step]()
      } catch (error) {
        log.warn('space could not be won back', { step, error })
      }
    }
    if (steps.length === 0) return false
    const { observations } = await figures.observe()
    return crossedOf(thresholds, observations, true).length === 0
  }

  /** Measures pods that have limits of local storage, and evicts all that exceed them. True if one was. */
  async function holdToLimits(active: readonly Pod[], disks: Disks): Promise<boolean> {
    if (!isolatesLocalStorage) return false
    const limited = active.filter(hasStorageLimit)
    if (limited.length === 0) {
      measureAt = Infinity
      measured.clear()
      return false
    }
    if (clock.monotonicMs() < measureAt && limited.every(({ metadata }) => measured.has(metadata.uid))) return false
    const stats = await statsOf(limited)
    const countsLayers = !disks.hasImageFs
    const evicted: Pod[] = []
    let headroom = Infinity
    measured.clear()
    for (const pod of limited) {
      measured.add(pod.metadata.uid)
      const one = stats(pod)
      if (one === undefined) continue
      const excess = storageExcess(pod, one, countsLayers)
      if (excess === undefined) {
        headroom = Math.min(headroom, storageHeadroom(pod, one, countsLayers))
        continue
      }
      if (isCriticalPod(pod)) {
        log.warn('a pod that the node needs exceeds its local storage', { pod: pod.metadata.name, message: excess.message })
        continue
      }
      await evict(pod, { message: excess.message, graceSeconds: IMMEDIATE_GRACE_SECONDS, signal: excess.signal })
      evicted.push(pod)
    }
    const ms = (headroom / signals['nodefs.available'].worstPerSecond) * 1000
    measureAt = clock.monotonicMs() + Math.min(Math.max(ms, MEASURE_SHORTEST_MS), MEASURE_LONGEST_MS)
    for (const pod of evicted) await cleanedUp(pod)
    return evicted.length > 0
  }

  async function statsOf(some: readonly Pod[]): Promise<(pod: Pod) => PodStats | undefined> {
    const found = await figures.pods(new Set(some.map(({ metadata }) => metadata.uid)))
    const byUid = new Map(found.map((one) => [one.podRef.uid, one]))
    return ({ metadata }) => byUid.get(metadata.uid)
  }

  async function evict(pod: Pod, how: Eviction): Promise<void> {
    const { message, annotations, graceSeconds, signal } = how
    log.warn('a pod is evicted', { pod: pod.metadata.name, namespace: pod.metadata.namespace, message })
    events.record({ regarding: pod, type: 'Warning', reason: 'Evicted', message, ...(annotations && { annotations }) })
    // Pressure of the node is a disruption from outside; a pod that broke its own limits disrupted itself.
    const condition = { type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet', message } as const
    const killed = pods.killPod(pod.metadata.uid, { reason: 'Evicted', message, graceSeconds, ...(annotations && { condition }) })
    await within(killed, Math.max(KILL_SHORTEST_MS, graceSeconds * 1500))
    options.onEvicted?.(signal)
  }

  /** What a pod held is free only once its sandbox is gone; but not for ever is that waited for. */
  async function cleanedUp(pod: Pod): Promise<void> {
    const gone = Promise.withResolvers<void>()
    const ask = (): void => {
      if (pods.byUid(pod.metadata.uid)?.sandboxId === undefined) gone.resolve()
    }
    const forget = pods.onChange((uid) => uid === pod.metadata.uid && ask())
    ask()
    await within(gone.promise, CLEANUP_MS)
    forget()
  }

  async function within(work: Promise<void>, ms: number): Promise<void> {
    const over = new AbortController()
    const limit = sleep(clock, ms, AbortSignal.any([over.signal, stopping.signal])).catch(ignoreAbort)
    try {
      await Promise.race([work, limit])
    } finally {
      over.abort(new Error('the wait is over'))
    }
  }

  function show(next: readonly NodePressure[]): void {
    const isChanged = next.join() !== pressures.join()
    pressures = next
    if (isChanged) for (const listener of listeners) listener()
  }

  return {
    start() {
      forgetPods = pods.onChange((uid) => {
        const pod = pods.byUid(uid)?.pod
        if (pod === undefined || measured.has(uid) || !hasStorageLimit(pod)) return
        wakeIn(MEASURE_SHORTEST_MS)
      })
      void lookNow()
    },
    async stop() {
      stopping.abort(new Error('the kubelet stops'))
      forgetWake()
      forgetPods()
      await looking
    },
    look: lookNow,
    admitter: {
      place: 'first',
      admit: (pod) => admitUnderPressure(pod, pressures),
      admitResize: (pod) => admitUnderPressure(pod, pressures),
    },
    nodeSource: {
      read: () => ({ conditions: pressureConditions(pressures) }),
      onChange(listener) {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    },
  }
}

interface Eviction {
  readonly message: string
  readonly annotations?: Readonly<Record<string, string>>
  readonly graceSeconds: number
  readonly signal: string
}

/** While something is short: the reference's interval. */
const MONITOR_MS = 10_000
const RETRY_MS = 10_000
/** A look at a pod's disks walks through its files: not more often, and not less. */
const MEASURE_SHORTEST_MS = 10_000
const MEASURE_LONGEST_MS = 60_000
const KILL_SHORTEST_MS = 10_000
const CLEANUP_MS = 30_000

/** A wait that was called off has done its duty. */
const ignoreAbort = (): void => {}

/** Pods that have not ended, also those on their way out: they hold what they hold. */
export const activePods = (pods: Pick<PodLookup, 'list'>): Pod[] =>
  pods
    .list()
    .map(({ withStatus }) => withStatus)
    .filter(({ status }) => status?.phase !== 'Failed' && status?.phase !== 'Succeeded')
