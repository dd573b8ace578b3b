import { DaemonSet } from '#api/apps/v1/daemon-set.ts'
import { StatefulSet } from '#api/apps/v1/stateful-set.ts'
import { CronJob } from '#api/batch/v1/cron-job.ts'
import { Job } from '#api/batch/v1/job.ts'
import { Node } from '#api/core/v1/node.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { isPodActive, isPodReady } from '#api/core/v1/pod-helpers.ts'
import { ReplicationController } from '#api/core/v1/replication-controller.ts'
import { matchesLabelSelector } from '#api/meta/v1/selector.ts'
import { PodDisruptionBudget } from '#api/policy/v1/pod-disruption-budget.ts'
import { nodeOf } from './daemon-sets.ts'
import { amount, controllerOf, type Invariant, idOf, type Scene } from './invariant.ts'
import { has, isOver, isTracked } from './jobs.ts'

/** What is wished of all workloads but Deployments comes true, and their statuses say so. */
export function workloadGoals({ world }: Scene): Invariant {
  const podsOf = (uid: string) => world.list<Pod>(Pod).filter((pod) => controllerOf(pod)?.uid === uid)

  const statefulSets = (): string[] =>
    world.list<StatefulSet>(StatefulSet).flatMap((set) => {
      const { metadata, spec, status } = set
      const start = spec.ordinals?.start ?? 0
      const names = Array.from({ length: spec.replicas ?? 1 }, (_, index) => `${metadata.name}-${start + index}`)
      const pods = podsOf(metadata.uid)
      const told = [status.replicas, status.readyReplicas ?? 0, status.availableReplicas ?? 0]
      const isFree = spec.updateStrategy.type !== 'OnDelete' && (spec.updateStrategy.rollingUpdate?.partition ?? 0) === 0
      const old = pods.filter((pod) => pod.metadata.labels?.['controller-revision-hash'] !== status.updateRevision)
      return sentences(`StatefulSet ${idOf(set)}`, [
        [status.observedGeneration !== metadata.generation, `generation ${metadata.generation} is not observed`],
        [listed(pods.map((pod) => pod.metadata.name)) !== listed(names), `has ${listed(pods.map(idOf))}, wished are ${listed(names)}`],
        [!pods.every(isServing), 'not all pods are ready'],
        [told.some((count) => count !== names.length), `status tells of ${told}; ${names.length} are wished`],
        [isFree && old.length > 0, `${old.map(idOf)} run an older template`],
        [isFree && names.length > 0 && status.currentRevision !== status.updateRevision, 'the update is not concluded'],
      ])
    })

  const daemonSets = (): string[] =>
    world.list<DaemonSet>(DaemonSet).flatMap((set) => {
      const { metadata, spec, status } = set
      const nodes = world.list<Node>(Node).map((node) => node.metadata.name)
      const pods = podsOf(metadata.uid)
      const told = [
        status.desiredNumberScheduled,
        status.currentNumberScheduled,
        status.numberReady,
        status.updatedNumberScheduled ?? 0,
        status.numberAvailable ?? 0,
      ]
      const images = new Set(spec.template.spec?.containers.map(({ image }) => image))
      return sentences(`DaemonSet ${idOf(set)}`, [
        [status.observedGeneration !== metadata.generation, `generation ${metadata.generation} is not observed`],
        [listed(pods.map((pod) => nodeOf(pod) ?? '')) !== listed(nodes), `has pods on ${listed(pods.map((pod) => nodeOf(pod) ?? ''))}`],
        [!pods.every(isServing), 'not all pods are ready'],
        [pods.some((pod) => pod.spec.containers.some(({ image }) => !images.has(image))), 'a pod runs an older template'],
        [told.some((count) => count !== nodes.length), `status tells of ${told}; there are ${nodes.length} nodes`],
        [(status.numberMisscheduled ?? 0) !== 0, `status tells of ${status.numberMisscheduled} on wrong nodes`],
      ])
    })

  const jobs = (): string[] =>
    world.list<Job>(Job).flatMap((job) => {
      const { metadata, spec, status } = job
      const pods = podsOf(metadata.uid)
      return sentences(`Job ${idOf(job)}`, [
        [!isOver(job) && !spec.suspend && (spec.parallelism ?? 1) > 0, 'is not over'],
        [isOver(job) && spec.ttlSecondsAfterFinished !== undefined, 'is over, and is still there'],
        [(status.active ?? 0) > 0 || pods.some(isPodActive), 'still has active pods'],
        [(status.terminating ?? 0) > 0, 'is still said to have terminating pods'],
        [pods.some(isTracked), 'has pods that are not counted'],
        [(status.uncountedTerminatedPods?.succeeded?.length ?? 0) + (status.uncountedTerminatedPods?.failed?.length ?? 0) > 0, 'counts on'],
        [
          has(job, 'Complete') && spec.successPolicy === undefined && (status.succeeded ?? 0) !== (spec.completions ?? status.succeeded),
          `is complete with ${status.succeeded}`,
        ],
        [has(job, 'Complete') && status.completionTime === undefined, 'has no time of completion'],
      ])
    })

  const cronJobs = (): string[] =>
    world.list<CronJob>(CronJob).flatMap((cronJob) => {
      const { metadata, spec, status } = cronJob
      const own = world.list<Job>(Job).filter((job) => controllerOf(job)?.uid === metadata.uid)
      const [done, failed] = [own.filter((job) => has(job, 'Complete')), own.filter((job) => has(job, 'Failed'))]
      return sentences(`CronJob ${idOf(cronJob)}`, [
        [(status.active ?? []).length > 0, `tells of active Jobs`],
        [done.length > (spec.successfulJobsHistoryLimit ?? 3), `keeps ${done.length} Jobs that are complete`],
        [failed.length > (spec.failedJobsHistoryLimit ?? 1), `keeps ${failed.length} Jobs that failed`],
      ])
    })

  const controllers = (): string[] =>
    world.list<ReplicationController>(ReplicationController).flatMap((controller) => {
      const { metadata, spec, status } = controller
      const pods = podsOf(metadata.uid).filter(({ status: { phase } }) => phase !== 'Failed')
      const wished = spec.replicas ?? 1
      const told = [status.replicas, status.readyReplicas ?? 0, status.availableReplicas ?? 0]
      return sentences(`ReplicationController ${idOf(controller)}`, [
        [status.observedGeneration !== metadata.generation, `generation ${metadata.generation} is not observed`],
        [
          pods.length !== wished || !pods.every(isServing),
          `${pods.filter(isServing).length} of ${pods.length} pods are ready, ${wished} wished`,
        ],
        [told.some((count) => count !== wished), `status tells of ${told}; ${wished} are wished`],
      ])
    })

  const budgets = (): string[] =>
    world.list<PodDisruptionBudget>(PodDisruptionBudget).flatMap((budget) => {
      const { metadata, spec, status } = budget
      const covered = world
        .list<Pod>(Pod)
        .filter((pod) => pod.metadata.namespace === metadata.namespace && matchesLabelSelector(spec.selector, pod.metadata.labels))
      const healthy = covered.filter(isServing).length
      const { minAvailable, maxUnavailable } = spec
      const count = covered.length
      const needed =
        minAvailable === undefined
          ? Math.max(0, count - amount(maxUnavailable ?? 0, count, Math.ceil))
          : typeof minAvailable === 'number'
            ? minAvailable
            : amount(minAvailable, count, Math.ceil)
      const allowed = Math.max(0, count > 0 ? healthy - needed : 0)
      return sentences(`PodDisruptionBudget ${idOf(budget)}`, [
        [status.observedGeneration !== metadata.generation, `generation ${metadata.generation} is not observed`],
        [status.currentHealthy !== healthy, `tells of ${status.currentHealthy} healthy pods, there are ${healthy}`],
        [status.disruptionsAllowed !== allowed, `allows ${status.disruptionsAllowed} disruptions, could allow ${allowed}`],
        [Object.keys(status.disruptedPods ?? {}).length > 0, 'still waits for pods that were evicted'],
      ])
    })

  const claims = (): string[] =>
    world
      .list<PersistentVolumeClaim>(PersistentVolumeClaim)
      .filter(({ status }) => status.phase !== 'Bound')
      .map((claim) => `PersistentVolumeClaim ${idOf(claim)} is not bound`)

  const leavings = (): string[] =>
    [StatefulSet, DaemonSet, Job, CronJob, ReplicationController, PodDisruptionBudget, PersistentVolumeClaim].flatMap((kind) =>
      world
        .list(kind)
        .filter(({ metadata }) => metadata.deletionTimestamp !== undefined)
        .map((object) => `${kind.kind} ${idOf(object)} is still being deleted`),
    )

  return {
    name: 'workload goals',
    atRest: () => [statefulSets, daemonSets, jobs, cronJobs, controllers, budgets, claims, leavings].flatMap((goals) => goals()),
  }
}

const isServing = (pod: Pod): boolean => isPodActive(pod) && isPodReady(pod)

const listed = (names: readonly string[]): string => names.toSorted().join()

const sentences = (subject: string, checks: readonly (readonly [wrong: boolean, what: string])[]): string[] =>
  checks.filter(([wrong]) => wrong).map(([, what]) => `${subject}: ${what}`)
