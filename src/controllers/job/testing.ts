import { Job } from '#api/batch/v1/job.ts'
import type { JobStatus } from '#api/batch/v1/types.ts'
import { validateJobStatus } from '#api/batch/v1/validate-job-status.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { WherryError } from '#lib/errors.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import type { Single } from '#loop/controller.ts'
import { controlledBy, namespace, type PodFacts, pod, template } from '../testing/objects.ts'
import { World } from '../testing/world.ts'
import { trackingFinalizer } from './facts.ts'

export const jobKey = `${namespace}/work`
export const labels = { app: 'web' }

export interface JobPodFacts extends PodFacts {
  /** Whether it still has the job's finalizer; true where absent. */
  readonly tracked?: boolean
  readonly index?: number
  /** How often its index failed before, in a job that limits each index. */
  readonly failures?: number
  /** With which code its only container ended, and how many seconds ago. */
  readonly exit?: readonly [code: number, secondsAgo: number]
}

export interface Given {
  readonly spec?: object
  readonly status?: JobStatus
  readonly pods?: Readonly<Record<string, JobPodFacts>>
  readonly metadata?: object
  readonly namespaceIsLeaving?: boolean
}

/** A world with one job `work` in which the server's rules for a job's status hold. */
export function worldOf({ spec, status, pods = {}, metadata, namespaceIsLeaving = false }: Given): World {
  const world = new World()
  const leaving = { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['keep'] }
  world.put(Namespace, { metadata: { name: namespace, ...(namespaceIsLeaving && leaving) }, spec: {}, status: {} })
  world.put(Job, jobObject(spec, status, metadata))
  for (const [name, facts] of Object.entries(pods)) world.put(Pod, jobPod(name, facts, world.now))
  world.refuse = (command) => refusal(world, command)
  return world
}

export const jobObject = (spec: object = {}, status: JobStatus = {}, metadata: object = {}): object => ({
  metadata: { name: 'work', namespace, uid: 'job', generation: 1, ...metadata },
  spec: {
    parallelism: 1,
    ...('parallelism' in spec ? {} : { completions: 1 }),
    completionMode: 'NonIndexed',
    backoffLimit: 6,
    suspend: false,
    podReplacementPolicy: 'TerminatingOrFailed',
    selector: { matchLabels: labels },
    template: { ...template('work'), spec: { ...template('work').spec, restartPolicy: 'Never' } },
    ...spec,
  },
  status,
})

/** What the API server would say to a status. */
export function refusal(world: World, command: Single): WherryError | undefined {
  if (command.do !== 'update' || command.subresource !== 'status') return undefined
  const next = command.object as Job
  const present = world.get(Job, next.metadata.name, namespace)
  if (present === undefined || present.metadata.resourceVersion !== next.metadata.resourceVersion) return undefined
  const causes = validateJobStatus(next, present)
  return causes.length === 0 ? undefined : new WherryError('Invalid', causes.map(({ field, message }) => `${field}: ${message}`).join('; '))
}

export function jobPod(name: string, facts: JobPodFacts, now: number): object {
  const { tracked = true, index, failures, exit, ...rest } = facts
  const at = index === undefined ? {} : { 'batch.kubernetes.io/job-completion-index': `${index}` }
  const before = failures === undefined ? {} : { 'batch.kubernetes.io/job-index-failure-count': `${failures}` }
  const terminated = exit && { exitCode: exit[0], finishedAt: rfc3339(now - exit[1] * 1000) }
  const finalizers = [...(facts.finalizers ?? []), ...(tracked ? [trackingFinalizer] : [])]
  const made = pod(name, {
    owners: [controlledBy('Job', 'job', 'work')].map((owner) => ({ ...owner, apiVersion: 'batch/v1' })),
    node: 'n1',
    ...(exit && { phase: exit[0] === 0 ? ('Succeeded' as const) : ('Failed' as const) }),
    ...rest,
    annotations: { ...at, ...before, ...facts.annotations },
    ...(finalizers.length > 0 && { finalizers }),
    status: { ...(terminated && { containerStatuses: [{ name: 'main', restartCount: 0, state: { terminated } }] }), ...facts.status },
  })
  return { ...made, metadata: { uid: name, ...made.metadata } }
}

export const theJob = (world: World): Job => world.get(Job, 'work', namespace)!
