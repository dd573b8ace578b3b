import { Pod } from '#api/core/v1/pod.ts'
import type { PodCondition, PodStatus } from '#api/core/v1/types.ts'
import { causeOf } from '#client/cause-of.ts'
import type { Client } from '#client/client.ts'
import { compareResourceVersions } from '#client/resource-version.ts'
import { type BackoffOptions, backoff } from '#lib/backoff.ts'
import { type Clock, type Instant, sleep } from '#lib/clock.ts'
import { isError, WherryError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'
import { deepEqual } from '#schema/fields.ts'
import { isOurDisruption, ours } from './conditions.ts'

/** Writes the statuses of this node's pods: only real changes, one write a pod at a time, the latest wins, retried until it is in. */
export interface StatusWriter {
  set(pod: Pod, status: PodStatus): void
  /** The status decided last. */
  get(uid: string): PodStatus | undefined
  /** The API server has what was decided last. */
  isWritten(uid: string): boolean
  forget(uid: string): void
  close(): void
}

export interface StatusWriterOptions {
  readonly client: Client
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly onWritten: (uid: string) => void
  /** For metrics: how long it took from a decision until the API server had it, or a later one. */
  readonly onSynced?: (seconds: number) => void
  /** Pods queue to be started: their servers and this node have better to do than to tell of each step. Absent: they never do. */
  readonly isCrowded?: () => boolean
}

export function createStatusWriter({ client, clock, random, log, onWritten, onSynced, isCrowded }: StatusWriterOptions): StatusWriter {
  const pods = new Map<string, Written>()
  const closing = new AbortController()

  async function write(uid: string): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      const one = pods.get(uid)
      if (one === undefined || closing.signal.aborted) return
      const wanted = one.decided
      try {
        const { name, namespace } = one.pod.metadata
        if (one.isUncertain) {
          const present = await client.get(Pod, name, namespace)
          if (present.metadata.uid !== uid) throw new WherryError('NotFound', `another pod is named ${name} by now`)
          see(one, present)
          one.isUncertain = false
        }
        const changes = statusPatch(one.known, wanted)
        if (changes !== undefined) {
          const body = { metadata: { uid }, status: changes }
          const answer = await client
            .because(causeOf(Pod, one.pod))
            .patch(Pod, name, { type: 'strategic', body }, { namespace, subresource: 'status' })
          see(one, answer)
        }
        one.sent = wanted
        one.writtenAt = clock.now()
        attempt = 0
        if (one.decided !== wanted) continue
        if (one.changedMs !== undefined) onSynced?.((clock.monotonicMs() - one.changedMs) / 1000)
        one.changedMs = undefined
        onWritten(uid)
        return
      } catch (error) {
        // Gone, or replaced by another of its name: nobody is left to tell.
        if (isError(error, 'NotFound')) {
          one.isGone = true
          one.sent = wanted
          onWritten(uid)
          return
        }
        // It may have been done all the same, and what differs is then something else; a conflict may mean another pod.
        one.isUncertain = true
        log.warn('a pod status could not be written', { pod: one.pod.metadata.name, namespace: one.pod.metadata.namespace, error })
        await sleep(clock, backoff(retry, attempt, random), closing.signal).catch(ignoreAbort)
      }
    }
  }

  function start(uid: string, one: Written): void {
    one.forgetWait?.()
    one.forgetWait = undefined
    if (pods.get(uid) !== one || closing.signal.aborted) return
    if (one.writing !== undefined) return
    one.writing = write(uid).finally(() => {
      one.writing = undefined
      // Decided anew between the last look and now.
      if (pods.get(uid) === one && one.sent !== one.decided && !closing.signal.aborted) start(uid, one)
    })
  }

  /** In a crowd, what only says that a pod is still to start is told a little later, mostly together with its running. */
  function startUnlessCrowded(uid: string, one: Written): void {
    if (!isStarting(one.decided) || isCrowded?.() !== true) start(uid, one)
    else one.forgetWait ??= clock.schedule(clock.now() + CROWDED_MS, () => start(uid, one))
  }

  return {
    set(pod, status) {
      const { uid } = pod.metadata
      const one = pods.get(uid)
      if (one === undefined) {
        const fresh: Written = {
          pod,
          decided: status,
          known: {},
          knownVersion: '',
          isUncertain: false,
          isGone: false,
          sent: undefined,
          writing: undefined,
          changedMs: clock.monotonicMs(),
          writtenAt: -Infinity,
          forgetWait: undefined,
        }
        see(fresh, pod)
        pods.set(uid, fresh)
        startUnlessCrowded(uid, fresh)
        return
      }
      const isDecided = deepEqual(one.decided, status)
      // Somebody else may have written over it: the node controller calls pods unready whose node was silent for a while.
      const isOverwritten = see(one, pod) && !one.isGone && statusPatch(one.known, status) !== undefined
      if (isDecided && !isOverwritten) return
      one.pod = pod
      one.decided = status
      one.changedMs ??= clock.monotonicMs()
      if (!isDecided) return startUnlessCrowded(uid, one)
      one.sent = undefined
      // Who insists on another opinion is not to be fought without a pause.
      const waitMs = Math.min(one.writtenAt + INSIST_MS - clock.now(), INSIST_MS)
      if (waitMs <= 0) start(uid, one)
      else {
        one.forgetWait?.()
        one.forgetWait = clock.schedule(clock.now() + waitMs, () => start(uid, one))
      }
    },
    get: (uid) => pods.get(uid)?.decided,
    isWritten(uid) {
      const one = pods.get(uid)
      return one !== undefined && one.sent === one.decided
    },
    forget(uid) {
      pods.get(uid)?.forgetWait?.()
      pods.delete(uid)
    },
    close() {
      closing.abort(new Error('the kubelet stops'))
      for (const one of pods.values()) one.forgetWait?.()
    },
  }
}

/** Least time between two writes that only say the same again. */
const INSIST_MS = 1_000
/** A pod that has its turn runs sooner. */
const CROWDED_MS = 2_000

/** Nothing has run or failed yet, and nothing is waited for that somebody would want to know of. */
const isStarting = ({ phase, initContainerStatuses = [], containerStatuses = [] }: PodStatus): boolean =>
  phase === 'Pending' &&
  [...initContainerStatuses, ...containerStatuses].every(
    ({ state, restartCount }) =>
      restartCount === 0 && (state.waiting === undefined || usual.has(state.waiting.reason ?? '')) && !state.terminated,
  )
const usual: ReadonlySet<string> = new Set(['ContainerCreating', 'PodInitializing'])

/** A wait that was called off has done its duty: the loop sees why. */
const ignoreAbort = (): void => {}

const retry: BackoffOptions = { initialMs: 200, factor: 2, maxMs: 10_000, jitter: 0.5 }

interface Written {
  pod: Pod
  decided: PodStatus
  /** As the API server answered last. */
  known: PodStatus
  knownVersion: string
  /** `known` may not be what the API server has. */
  isUncertain: boolean
  /** There is nobody to tell any more. */
  isGone: boolean
  sent: PodStatus | undefined
  writing: Promise<void> | undefined
  /** When the oldest of the changes was decided that the API server does not have; undefined: it has all of them. */
  changedMs: number | undefined
  /** When a write was last done. */
  writtenAt: Instant
  /** Ends a wait before the next write; undefined: there is none. */
  forgetWait: (() => void) | undefined
}

/** Takes over what the API server has, unless something newer is known; tells whether it did. */
function see(one: Written, { metadata, status }: Pod): boolean {
  const { resourceVersion = '' } = metadata
  if (one.knownVersion !== '' && compareResourceVersions(resourceVersion, one.knownVersion) <= 0) return false
  one.known = status ?? {}
  one.knownVersion = resourceVersion
  return true
}

/** The fields that the kubelet answers for. */
const owned = [
  'observedGeneration',
  'phase',
  'reason',
  'message',
  'hostIP',
  'hostIPs',
  'podIP',
  'podIPs',
  'startTime',
  'initContainerStatuses',
  'containerStatuses',
  'ephemeralContainerStatuses',
  'qosClass',
  'resources',
  'allocatedResources',
] as const

/** A strategic merge patch of what differs; undefined when nothing does. Conditions of others stay out of it. */
export function statusPatch(known: PodStatus, wanted: PodStatus): object | undefined {
  const patch: Record<string, unknown> = {}
  for (const field of owned) {
    if (deepEqual(known[field], wanted[field])) continue
    const value = wanted[field]
    patch[field] =
      field === 'podIPs' || field === 'hostIPs'
        ? mergedAddresses(known[field], wanted[field])
        : field === 'resources' || field === 'allocatedResources'
          ? wholly(known[field], wanted[field])
          : (value ?? null)
  }
  const conditions = (wanted.conditions ?? []).flatMap((condition) => {
    if (!ours.has(condition.type) && !isOurDisruption(condition)) return []
    const former = known.conditions?.find(({ type }) => type === condition.type)
    return deepEqual(condition, former) ? [] : [{ ...emptied(former), ...condition }]
  })
  const gone = (known.conditions ?? []).filter(({ type }) => ours.has(type) && !wanted.conditions?.some((one) => one.type === type))
  if (conditions.length + gone.length > 0) patch['conditions'] = [...conditions, ...gone.map(({ type }) => ({ $patch: 'delete', type }))]
  return Object.keys(patch).length === 0 ? undefined : patch
}

/** Conditions are merged field by field: what a former one had, and the new one has not, is taken away. */
const emptied = (former: PodCondition | undefined): object => (former === undefined ? {} : { reason: null, message: null })

/** Tables are merged by name: what is no longer in one goes only with the whole. */
const wholly = (known: object | undefined, wanted: object | undefined): object | null =>
  wanted === undefined ? null : known === undefined ? wanted : { ...wanted, $patch: 'replace' }

/** These lists are merged by address: one that is no longer there has to be named. */
function mergedAddresses(known: readonly { ip: string }[] = [], wanted: readonly { ip: string }[] = []): object[] {
  const gone = known.filter(({ ip }) => !wanted.some((one) => one.ip === ip))
  return [...wanted, ...gone.map(({ ip }) => ({ $patch: 'delete', ip }))]
}
