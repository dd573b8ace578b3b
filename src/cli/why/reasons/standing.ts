import type { CronJob } from '#api/batch/v1/cron-job.ts'
import type { Job } from '#api/batch/v1/job.ts'
import type { KubeObject } from '#api/kind.ts'
import type { Reason } from '../explanation.ts'
import type { Ref } from '../view.ts'
import { count } from '../words.ts'

/** What a workload wishes, and how far it is. */
export interface Standing {
  /** How many pods there should be now; undefined where that is not for it to say. */
  readonly wish: number | undefined
  /** In a few words. */
  readonly state: string
  /** Nothing is left to do. */
  readonly isDone: boolean
  /** What is still missing, where no pod can be blamed for it. */
  readonly problem?: string
  /** Somebody holds it up on purpose. */
  readonly halted?: Pick<Reason, 'code' | 'message' | 'advice'>
}

/** By the path of its kind; undefined for what makes no pods. */
export function standingOf({ group, resource }: Pick<Ref, 'group' | 'resource'>, object: KubeObject): Standing | undefined {
  return standings[`${group}/${resource}`]?.(object as never)
}

export interface Condition {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
}

export const conditionNamed = (object: KubeObject, type: string): Condition | undefined =>
  (object as { readonly status?: { readonly conditions?: readonly Condition[] } }).status?.conditions?.find(
    (condition) => condition.type === type,
  )

interface Replicated extends KubeObject {
  readonly spec: { readonly replicas?: number; readonly paused?: boolean }
  readonly status: {
    readonly observedGeneration?: number
    readonly replicas?: number
    readonly readyReplicas?: number
    readonly updatedReplicas?: number
    readonly availableReplicas?: number
  }
}

interface Daemon extends KubeObject {
  readonly status: {
    readonly observedGeneration?: number
    readonly desiredNumberScheduled?: number
    readonly numberReady?: number
    readonly numberAvailable?: number
    readonly updatedNumberScheduled?: number
  }
}

const standings: Readonly<Record<string, (object: never) => Standing>> = {
  'apps/deployments': (object: Replicated) => replicated(object, true),
  'apps/statefulsets': (object: Replicated) => replicated(object, true),
  'apps/replicasets': (object: Replicated) => replicated(object, false),
  '/replicationcontrollers': (object: Replicated) => replicated(object, false),
  'apps/daemonsets': daemon,
  'batch/jobs': job,
  'batch/cronjobs': cronJob,
}

function replicated(object: Replicated, hasRollouts: boolean): Standing {
  const { spec, status } = object
  const { replicas: wish = 1 } = spec
  const { readyReplicas = 0, updatedReplicas = 0, replicas = 0, availableReplicas = readyReplicas } = status
  const isUpdated = !hasRollouts || updatedReplicas >= wish
  const problem = !isSeen(object, status.observedGeneration)
    ? unseen
    : !isUpdated
      ? `its rollout is under way: ${updatedReplicas} of ${count(wish, 'pod')} ${updatedReplicas === 1 ? 'has' : 'have'} the present template`
      : replicas > wish
        ? `${count(replicas - wish, 'pod')} more than wished ${replicas - wish === 1 ? 'is' : 'are'} on the way out`
        : readyReplicas < wish
          ? `${readyReplicas} of ${count(wish, 'pod')} ready`
          : availableReplicas < wish
            ? `${availableReplicas} of ${count(wish, 'pod')} ready for long enough (minReadySeconds)`
            : undefined
  return {
    wish,
    state: `${readyReplicas} of ${count(wish, 'pod')} ready${hasRollouts && !isUpdated ? `, ${updatedReplicas} up to date` : ''}`,
    isDone: problem === undefined && spec.paused !== true,
    ...(problem !== undefined && { problem }),
    ...(spec.paused === true && {
      halted: {
        code: 'paused' as const,
        message: 'it is paused: changes of its template wait',
        advice: `kubectl rollout resume deployment/${object.metadata.name}`,
      },
    }),
  }
}

function daemon(object: Daemon): Standing {
  const { status } = object
  const { desiredNumberScheduled: wish = 0, numberReady = 0, numberAvailable = 0, updatedNumberScheduled = 0 } = status
  const problem = !isSeen(object, status.observedGeneration)
    ? unseen
    : numberReady < wish || numberAvailable < wish
      ? `${Math.min(numberReady, numberAvailable)} of ${count(wish, 'node')} ${wish === 1 ? 'has' : 'have'} its pod ready`
      : updatedNumberScheduled < wish
        ? `its rollout is under way: ${updatedNumberScheduled} of ${count(wish, 'pod')} ${updatedNumberScheduled === 1 ? 'has' : 'have'} the present template`
        : undefined
  return {
    wish,
    state: `${numberReady} of ${count(wish, 'pod')} ready`,
    isDone: problem === undefined,
    ...(problem !== undefined && { problem }),
  }
}

function job(object: Job): Standing {
  const { spec, status } = object
  const { succeeded = 0, failed = 0, active = 0 } = status
  const { parallelism = 1, completions } = spec
  const isComplete = conditionNamed(object, 'Complete')?.status === 'True'
  const hasFailed = conditionNamed(object, 'Failed')?.status === 'True'
  const isSuspended = spec.suspend === true
  const left = completions === undefined || completions === null ? parallelism : Math.min(parallelism, completions - succeeded)
  const counted = [
    `${succeeded} of ${completions ?? 'any number of'} completions`,
    ...(active > 0 ? [`${active} running`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
  ]
  return {
    wish: isComplete || hasFailed ? undefined : isSuspended ? 0 : left,
    state: `${isComplete ? 'complete' : hasFailed ? 'failed' : isSuspended ? 'suspended' : 'under way'}: ${counted.join(', ')}`,
    isDone: isComplete,
    ...(!isComplete && !hasFailed && { problem: counted.join(', ') }),
    ...(isSuspended && {
      halted: { code: 'suspended' as const, message: 'it is suspended: no pods are made', advice: 'set spec.suspend to false' },
    }),
  }
}

function cronJob({ spec, status }: CronJob): Standing {
  const running = status.active?.length ?? 0
  const isSuspended = spec.suspend === true
  const last = status.lastScheduleTime ? `last begun at ${status.lastScheduleTime}` : 'not begun so far'
  return {
    wish: undefined,
    state: `${isSuspended ? 'suspended' : `at "${spec.schedule}"`}, ${last}, ${running} running`,
    isDone: false,
    ...(isSuspended && {
      halted: { code: 'suspended' as const, message: 'it is suspended: no Jobs are made', advice: 'set spec.suspend to false' },
    }),
  }
}

/** Whether its controller has looked at it as it is now. */
const isSeen = ({ metadata: { generation } }: KubeObject, observed: number | undefined): boolean =>
  generation === undefined || (observed ?? 0) >= generation

const unseen = 'its controller has not looked at its present version yet'
