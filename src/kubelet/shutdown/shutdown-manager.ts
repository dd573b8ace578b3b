import type { KubeObject } from '#api/kind.ts'
import { type BackoffOptions, backoff } from '#lib/backoff.ts'
import { type Clock, sleep } from '#lib/clock.ts'
import type { Log } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'
import { activePods } from '../eviction/eviction-manager.ts'
import type { Admission, EventSink, Files, NodeSource, PodAdmitter, PodLookup } from '../interfaces.ts'
import type { HeldShutdown, ShutdownInhibitor } from './inhibitor.ts'
import { planShutdown, type ShutdownPeriod, type ShutdownStep, totalMs } from './shutdown-plan.ts'

export interface ShutdownOptions {
  readonly periods: readonly ShutdownPeriod[]
  readonly inhibitor: ShutdownInhibitor
  readonly pods: PodLookup
  readonly events: EventSink
  readonly node: KubeObject
  readonly files: Pick<Files, 'read' | 'write'>
  /** Where times of the last shutdown are kept for the metrics of the next life. */
  readonly rootDirectory: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** For metrics; seconds since the epoch. */
  readonly onTimes?: (startedAt: number, endedAt: number | undefined) => void
}

/**
 * Graceful node shutdown (KEP-2000, KEP-2712): holds the shutdown of the machine up until the pods have ended, those of low priority first. Meanwhile the
 * node is not ready and takes no pods.
 */
export interface ShutdownManager {
  start(): Promise<void>
  stop(): Promise<void>
  readonly admitter: PodAdmitter
  readonly nodeSource: NodeSource
}

export function createShutdownManager(options: ShutdownOptions): ShutdownManager {
  const { periods, inhibitor, pods, events, node, files, clock, random } = options
  const log = options.log.with({ part: 'shutdown' })
  const stateFile = `${options.rootDirectory}/graceful_node_shutdown_state`
  const listeners = new Set<() => void>()
  const stopping = new AbortController()
  let isShuttingDown = false
  let held: HeldShutdown | undefined
  let working: Promise<void> = Promise.resolve()

  /** Asks again and again: logind may come up after us, and may be restarted. */
  async function hold(): Promise<void> {
    for (let attempt = 0; !stopping.signal.aborted; attempt += 1) {
      try {
        held = await inhibitor.hold(totalMs(periods), shutdown, (error) => {
          if (stopping.signal.aborted) return
          log.warn('nothing holds a shutdown of the machine up any more', { error })
          void hold()
        })
        return
      } catch (error) {
        log.warn('a shutdown of the machine cannot be held up', { error })
        await sleep(clock, backoff(again, attempt, random), stopping.signal).catch(ignoreAbort)
      }
    }
  }

  function shutdown(isBeginning: boolean): void {
    log.warn(isBeginning ? 'the machine shuts down' : 'the shutdown was called off')
    const what = isBeginning ? 'event' : 'cancellation'
    events.record({ regarding: node, type: 'Normal', reason: 'NodeShutdown', message: `Shutdown manager detected shutdown ${what}` })
    isShuttingDown = isBeginning
    for (const listener of listeners) listener()
    working = working
      .then(isBeginning ? endPods : () => held?.renew())
      .catch((error: unknown) => log.error('a shutdown went wrong', { error }))
  }

  async function endPods(): Promise<void> {
    const startTime = clock.now()
    try {
      await remember({ startTime })
      for (const step of planShutdown(periods, activePods(pods))) await endTogether(step)
      await remember({ startTime, endTime: clock.now() })
    } finally {
      await held?.release()
    }
  }

  /** Waits for all of them, but no longer than they were given. */
  async function endTogether({ seconds, pods: some }: ShutdownStep): Promise<void> {
    const condition = { type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet', message: MESSAGE } as const
    const ended = some.map(async ({ pod, graceSeconds }) => {
      await pods.killPod(pod.metadata.uid, { reason: 'Terminated', message: MESSAGE, graceSeconds, condition })
      await unmounted(pod.metadata.uid)
    })
    const over = new AbortController()
    const limit = sleep(clock, seconds * 1000, AbortSignal.any([over.signal, stopping.signal])).catch(ignoreAbort)
    await Promise.race([Promise.all(ended), limit])
    over.abort(new Error('the pods have ended'))
  }

  /** Drivers of volumes are of high priority and end last, so that what they mounted can be given back before. */
  function unmounted(uid: string): Promise<void> {
    const gone = Promise.withResolvers<void>()
    const ask = (): void => {
      if (pods.byUid(uid)?.sandboxId === undefined) gone.resolve()
    }
    const forget = pods.onChange((changed) => changed === uid && ask())
    ask()
    return gone.promise.finally(forget)
  }

  async function remember(state: ShutdownTimes): Promise<void> {
    show(state)
    const { startTime, endTime } = state
    const text = { startTime: iso(startTime), ...(endTime !== undefined && { endTime: iso(endTime) }) }
    try {
      await files.write(stateFile, JSON.stringify(text), 0o644)
    } catch (error) {
      log.warn('the times of the shutdown could not be kept', { error })
    }
  }

  const show = ({ startTime, endTime }: ShutdownTimes): void =>
    options.onTimes?.(Math.floor(startTime / 1000), endTime === undefined ? undefined : Math.floor(endTime / 1000))

  async function recall(): Promise<void> {
    const text = await files.read(stateFile, STATE_LIMIT_BYTES)
    if (text === undefined) return
    try {
      const { startTime, endTime } = JSON.parse(Buffer.from(text).toString()) as Record<string, string | undefined>
      if (startTime) show({ startTime: Date.parse(startTime), ...(endTime && { endTime: Date.parse(endTime) }) })
    } catch (error) {
      log.warn('what was kept of the last shutdown cannot be read', { error })
    }
  }

  const admitUnlessShuttingDown = (): Admission =>
    isShuttingDown
      ? { admitted: false, reason: 'NodeShutdown', message: 'Pod was rejected as the node is shutting down.' }
      : { admitted: true }

  return {
    async start() {
      if (periods.length === 0) return
      await recall()
      await hold()
    },
    async stop() {
      stopping.abort(new Error('the kubelet stops'))
      await working
      await held?.close()
    },
    admitter: { place: 'last', admit: admitUnlessShuttingDown, admitResize: admitUnlessShuttingDown },
    nodeSource: {
      read: () =>
        isShuttingDown
          ? { conditions: [{ type: 'Ready', status: 'False', reason: 'KubeletNotReady', message: 'node is shutting down' }] }
          : {},
      onChange(listener) {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    },
  }
}

interface ShutdownTimes {
  readonly startTime: number
  readonly endTime?: number
}

const MESSAGE = 'Pod was terminated in response to imminent node shutdown.'
const STATE_LIMIT_BYTES = 4096
const again: BackoffOptions = { initialMs: 1_000, factor: 2, maxMs: 60_000, jitter: 0.2 }
const iso = (at: number): string => new Date(at).toISOString()

/** A wait that was called off has done its duty. */
const ignoreAbort = (): void => {}
