import { CronJob } from '#api/batch/v1/cron-job.ts'
import { Job } from '#api/batch/v1/job.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { isPodActive, isPodTerminal } from '#api/core/v1/pod-helpers.ts'
import { prefixOf } from '#apiserver/registry/keys.ts'
import { controllerOf, type Invariant, idOf, Recent, type Scene } from './invariant.ts'

const jobPrefix = prefixOf(Job)
const podPrefix = prefixOf(Pod)
const cronJobPrefix = prefixOf(CronJob)

/**
 * Of a Job never more pods run than it asks for, none for an index that has one; each pod that ended is counted once: not before it ended,
 * and before it may go. A CronJob makes one Job a time, and with Forbid none while one runs.
 */
export function jobs({ world, staleMs }: Scene): Invariant {
  const parallelism = new Recent()
  /** Distinct pods of each Job that are known to have ended well, or otherwise (badly, or deleted). */
  const succeeded = new Map<string, Set<string>>()
  const failed = new Map<string, Set<string>>()
  /** Pods that a Job has said it counts. */
  const told = new Set<string>()
  /** Times for which a CronJob has made a Job, and its active ones. */
  const times = new Set<string>()
  const policies = new Map<string, { readonly from: number; readonly value: string }[]>()
  const podsOf = (uid: string) => world.list<Pod>(Pod).filter((pod) => controllerOf(pod)?.uid === uid)
  const note = (sets: Map<string, Set<string>>, job: string, pod: string) => sets.set(job, (sets.get(job) ?? new Set()).add(pod))

  function ofPod(before: Pod | undefined, after: Pod | undefined, by: string, now: number): string[] {
    const pod = (after ?? before)!
    const owner = controllerOf(pod)
    if (owner?.kind !== 'Job') return []
    const problems: string[] = []
    const { uid } = pod.metadata
    if (pod.status.phase === 'Succeeded') note(succeeded, owner.uid, uid)
    else if (pod.status.phase === 'Failed' || pod.metadata.deletionTimestamp !== undefined || after === undefined)
      note(failed, owner.uid, uid)
    if (by !== 'job-controller') return problems
    const job = world.list<Job>(Job).find(({ metadata }) => metadata.uid === owner.uid)
    if (job === undefined) return problems
    if (before === undefined) {
      const active = podsOf(owner.uid).filter(isPodActive)
      const bound = Math.max(...parallelism.since(owner.uid, now - staleMs))
      if (active.length > bound) problems.push(`Job ${owner.name} has ${active.length} active pods after ${idOf(pod)}, ${bound} are wished`)
      const index = indexOf(pod)
      const same = index === undefined ? [] : active.filter((one) => indexOf(one) === index)
      if (same.length > 1) problems.push(`${same.map(idOf)} are both for index ${index} of Job ${owner.name}`)
      if (isOver(job)) problems.push(`${idOf(pod)} is made, though Job ${owner.name} is over`)
    }
    const released = before !== undefined && isTracked(before) && (after === undefined || !isTracked(after))
    const isCounted = told.has(uid) || (before?.status.phase === 'Succeeded' && isListed(job.status.completedIndexes, indexOf(pod)))
    if (released && isPodTerminal(before) && !isCounted && !isOver(job) && job.metadata.deletionTimestamp === undefined)
      problems.push(`${idOf(pod)} is let go before Job ${owner.name} has counted it`)
    return problems
  }

  function ofJob(before: Job | undefined, after: Job, now: number): string[] {
    const problems: string[] = []
    const { metadata, spec, status } = after
    const { uid } = metadata
    parallelism.set(uid, spec.suspend ? 0 : (spec.parallelism ?? 1), now)
    const uncounted = status.uncountedTerminatedPods
    for (const pod of [...(uncounted?.succeeded ?? []), ...(uncounted?.failed ?? [])]) told.add(pod)
    if (before === undefined) return problems
    const say = (what: string) => problems.push(`Job ${idOf(after)} ${what}`)
    for (const which of ['succeeded', 'failed'] as const) {
      const [was, is] = [before.status[which] ?? 0, status[which] ?? 0]
      if (is < was && spec.completionMode !== 'Indexed') say(`counted ${was} ${which} pods, and now ${is}`)
    }
    const all = succeeded.get(uid)?.size ?? 0
    const others = failed.get(uid)?.size ?? 0
    const goodTold = (status.succeeded ?? 0) + (uncounted?.succeeded?.length ?? 0)
    const badTold = (status.failed ?? 0) + (uncounted?.failed?.length ?? 0)
    if (goodTold > all && spec.completionMode !== 'Indexed') say(`counts ${goodTold} pods as succeeded, ${all} are`)
    if (badTold > others) say(`counts ${badTold} pods as failed, ${others} are`)
    if (has(after, 'Complete') && has(after, 'Failed')) say('is both complete and failed')
    if (isOver(before) && !isOver(after)) say('was over, and is not any more')
    if (has(after, 'Complete') && spec.completionMode !== 'Indexed' && (status.succeeded ?? 0) < (spec.completions ?? 1))
      say(`is complete with ${status.succeeded ?? 0} of ${spec.completions}`)
    return problems
  }

  return {
    name: 'jobs',
    onCommit(changes, who, now) {
      const problems: string[] = []
      for (const { key, before, after } of changes) {
        if (key.startsWith(podPrefix)) problems.push(...ofPod(before as Pod | undefined, after as Pod | undefined, who.name, now))
        if (key.startsWith(jobPrefix) && after !== undefined) problems.push(...ofJob(before as Job | undefined, after as Job, now))
        if (key.startsWith(cronJobPrefix) && after !== undefined) {
          const { metadata, spec } = after as CronJob
          policies.set(metadata.uid, [...(policies.get(metadata.uid) ?? []), { from: now, value: spec.concurrencyPolicy ?? 'Allow' }])
        }
        if (!key.startsWith(jobPrefix) || before !== undefined || who.name !== 'cronjob-controller') continue
        const job = after as Job
        const owner = controllerOf(job)
        const time = `${owner?.uid} ${job.metadata.annotations?.['batch.kubernetes.io/cronjob-scheduled-timestamp']}`
        if (times.has(time)) problems.push(`${idOf(job)} is made for a time that has had its Job`)
        times.add(time)
        const known = policies.get(owner?.uid ?? '') ?? []
        const recent = known.filter((_, index) => (known[index + 1]?.from ?? Infinity) >= now - staleMs)
        const others = world.list<Job>(Job).filter((one) => controllerOf(one)?.uid === owner?.uid && one !== job && !isOver(one))
        if (recent.every(({ value }) => value === 'Forbid') && others.length > 0)
          problems.push(`${idOf(job)} is made while ${others.map(idOf)} runs`)
      }
      return problems
    },
  }
}

export const has = ({ status }: Job, type: string): boolean =>
  status.conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false
export const isOver = (job: Job): boolean => has(job, 'Complete') || has(job, 'Failed')
export const isTracked = ({ metadata }: Pod): boolean => metadata.finalizers?.includes('batch.kubernetes.io/job-tracking') ?? false
const indexOf = ({ metadata }: Pod): string | undefined => metadata.annotations?.['batch.kubernetes.io/job-completion-index']

/** `0,2-4` holds 3. */
const isListed = (list: string | undefined, index: string | undefined): boolean =>
  (list ?? '').split(',').some((part) => {
    const [first, last = first] = part.split('-')
    return index !== undefined && part !== '' && Number(index) >= Number(first) && Number(index) <= Number(last)
  })
