import type { Node } from '#api/core/v1/node.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { type Clock, sleep } from '#lib/clock.ts'
import { isError, WherryError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'
import type { EventSink, PodAdmitter, PodKill, ResourceManager } from '../../interfaces.ts'
import { initContainers, regularContainers } from '../containers.ts'
import { refusalByAppArmor } from './app-armor.ts'
import { refusalByFeatures } from './declared-features.ts'
import { refusalByKind, refusalByNode, refusalOf, shortages } from './node-rules.ts'
import { isCriticalPod, podsToPreempt } from './preemption.ts'
import type { Refusal } from './refusal.ts'
import { refusalBySysctls } from './sysctls.ts'

export interface AdmissionOptions {
  readonly clock: Clock
  readonly log: Log
  readonly events: EventSink
  readonly admitters: readonly PodAdmitter[]
  readonly resourceManagers: readonly ResourceManager[]
  readonly allowedUnsafeSysctls: readonly string[]
  readonly kernelVersion: string
  /** Why the machine cannot confine by AppArmor; undefined where it can. */
  readonly appArmorMissing: string | undefined
  readonly node: () => { readonly node: Node | undefined; readonly allocatable: Readonly<Record<string, string>> }
  /** The Node as the API server has it now. */
  readonly freshNode: () => Promise<Node>
  /** The pods that were admitted and have not ended, as they were allocated. */
  readonly others: () => readonly Pod[]
  /** Ends a pod that has to make room; resolves when nothing of it runs. */
  readonly kill: (pod: Pod, how: PodKill) => Promise<void>
  /** For metrics. */
  readonly onRefused?: (reason: string) => void
  /** A pod was ended to make room, first of all for want of this resource. For metrics. */
  readonly onPreempted?: (resource: string) => void
}

/** Decides of each pod whether this node takes it. */
export interface Admission {
  /**
   * One after another, in the order of asking: each sees those before it. `pod` is asked when its turn has come; undefined: the answer is of no
   * interest any more. `hasRun`: a former kubelet of this node took the pod, so that only they who keep records of their own are asked. Never
   * throws; undefined: admitted.
   */
  admit(pod: () => Pod | undefined, hasRun: boolean): Promise<Refusal | undefined>
  /** Resolves when all are decided on that were asked about by now. */
  settled(): Promise<unknown>
}

/**
 * The node's own admission of pods (Kubernetes documentation, "Node-pressure Eviction", "Advanced Pod configuration"): the scheduler looked at a
 * cache, and who binds a pod by hand looked at nothing. The order of the rules is the reference's, since the first refusal is shown.
 */
export function createAdmission(options: AdmissionOptions): Admission {
  const { clock, log, events, admitters, resourceManagers, others } = options
  let last: Promise<unknown> = Promise.resolve()

  async function decide(pod: Pod, hasRun: boolean): Promise<Refusal | undefined> {
    const { node, allocatable } = options.node()
    if (node === undefined) return { reason: 'InvalidNodeInfo', message: 'Kubelet cannot get node info.' }
    const refusal =
      (await askAdmitters(pod, hasRun, 'first')) ??
      (hasRun ? undefined : refusalBySysctls(pod, options.allowedUnsafeSysctls, options.kernelVersion)) ??
      (await askAdmitters(pod, hasRun, undefined)) ??
      (await allocate(pod)) ??
      (hasRun ? undefined : await askNode(pod, node, allocatable)) ??
      (hasRun ? undefined : refusalByAppArmor(pod, options.appArmorMissing)) ??
      (hasRun ? undefined : refusalByFeatures(pod, node.status?.declaredFeatures ?? [])) ??
      (await askAdmitters(pod, hasRun, 'last'))
    if (refusal === undefined) return undefined
    options.onRefused?.(refusal.reason)
    await release(pod)
    return refusal
  }

  async function askAdmitters(pod: Pod, hasRun: boolean, place: PodAdmitter['place']): Promise<Refusal | undefined> {
    for (const admitter of admitters) {
      if (admitter.place !== place || (hasRun && admitter.isAskedAgain !== true)) continue
      const answer = await admitter.admit(pod, othersOf(pod))
      if (!answer.admitted) return { reason: answer.reason, message: answer.message }
    }
    return undefined
  }

  /** For nodes that have no topology manager; where there is one, it has done so already. */
  async function allocate(pod: Pod): Promise<Refusal | undefined> {
    for (const container of [...initContainers(pod), ...regularContainers(pod)])
      for (const manager of resourceManagers) {
        try {
          await manager.allocate(pod, container, undefined)
        } catch (error) {
          const reason = error instanceof WherryError ? error.details.reason : undefined
          return { ...unexpected(error), ...(reason !== undefined && { reason }) }
        }
      }
    return undefined
  }

  async function askNode(pod: Pod, known: Node, allocatable: Readonly<Record<string, string>>): Promise<Refusal | undefined> {
    const byKind = refusalByKind(pod, known)
    if (byKind !== undefined) return byKind
    const ask = (node: Node) => {
      const room = { node, allocatable, others: othersOf(pod) }
      return { short: shortages(pod, room), byNode: refusalByNode(pod, room) }
    }
    let { short, byNode } = ask(known)
    // A label that was set a moment ago may not have come here.
    if (short.length === 0 && byNode?.reason === 'NodeAffinity') ({ short, byNode } = ask(await options.freshNode().catch(orElse(known))))
    const [first] = short
    if (first === undefined || (byNode !== undefined && isCriticalPod(pod))) return byNode
    if (!isCriticalPod(pod)) return refusalOf(first)
    const ended = podsToPreempt(pod, othersOf(pod), short)
    if (ended === undefined) {
      const lacking = short.map(({ resource, requested, used, capacity }) => `(res: ${resource}, q: ${requested - (capacity - used)}), `)
      const why = `preemption: error finding a set of pods to preempt: no set of running pods found to reclaim resources: [${lacking.join('')}]`
      return unexpected(new Error(`Unexpected error while attempting to recover from admission failure: ${why}`))
    }
    for (const victim of ended) {
      log.info('ending a pod to make room for a critical one', { pod: victim.metadata.name, critical: pod.metadata.name })
      events.record({ regarding: victim, type: 'Warning', reason: PREEMPTED.reason, message: PREEMPTED.message })
      if (await isEnded(victim)) options.onPreempted?.(first.resource)
    }
    return undefined
  }

  /**
   * Who does not end in time is not waited for, or no pod would ever be admitted here again; it goes on ending. The critical pod starts beside it,
   * as the reference has it.
   */
  async function isEnded(victim: Pod): Promise<boolean> {
    const graceSeconds = Number(victim.spec.terminationGracePeriodSeconds ?? 0)
    const inTime = new AbortController()
    const limit = sleep(clock, Math.max(KILL_SHORTEST_MS, graceSeconds * 1500), inTime.signal).then(
      () => false,
      () => true,
    )
    try {
      const hasEnded = await Promise.race([options.kill(victim, PREEMPTED).then(() => true), limit])
      if (hasEnded) return true
    } finally {
      inTime.abort(new Error('the wait is over'))
    }
    const message = 'Container runtime did not kill the pod within specified grace period.'
    events.record({ regarding: victim, type: 'Warning', reason: 'ExceededGracePeriod', message })
    log.warn('a pod that is to make room does not end in time', { pod: victim.metadata.name })
    return false
  }

  async function release(pod: Pod): Promise<void> {
    for (const manager of resourceManagers)
      await manager.release(pod.metadata.uid).catch((error: unknown) => {
        // It is asked again when the pod is cleared away.
        log.warn('what a refused pod was given could not be taken back', { manager: manager.name, pod: pod.metadata.name, error })
      })
  }

  const othersOf = (pod: Pod): readonly Pod[] => others().filter(({ metadata }) => metadata.uid !== pod.metadata.uid)

  return {
    admit(pod, hasRun) {
      const decided = last
        .then(() => {
          const current = pod()
          return current && decide(current, hasRun)
        })
        .catch(unexpected)
      last = decided
      return decided
    },
    settled: () => last,
  }
}

/** The reference's least, for what runtime and kernel need beside the grace. */
const KILL_SHORTEST_MS = 10_000

const PREEMPTED = {
  reason: 'Preempting',
  message: 'Preempted in order to admit critical pod',
  condition: {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'TerminationByKubelet',
    message: 'Pod was preempted by Kubelet to accommodate a critical pod.',
  },
} as const satisfies PodKill

/** Where the API server is away, what is known has to do. */
const orElse =
  (known: Node) =>
  (error: unknown): Node => {
    if (!isError(error, 'ServiceUnavailable', 'Timeout')) throw error
    return known
  }

const unexpected = (error: unknown): Refusal => ({
  reason: 'UnexpectedAdmissionError',
  message: error instanceof Error ? error.message : String(error),
})
