import type { Pod } from '#api/core/v1/types.ts'
import type { KubeObject } from '#api/kind.ts'
import { matchesLabelSelector } from '#api/meta/v1/selector.ts'
import type { Condition } from '#api/meta/v1/types.ts'
import type { Eviction, PodDisruptionBudget } from '#api/policy/v1/types.ts'
import { WherryError } from '#lib/errors.ts'
import type { SubresourceCall, SubresourceHandler } from '../contract.ts'
import { badRequest, forbiddenError } from '../http/status.ts'
import { successStatus } from './success.ts'

/** `POST …/pods/p/eviction`: a delete that disruption budgets may refuse for now (429). */
export const podEviction: SubresourceHandler = async (call) => {
  const { server, attributes, kind } = call
  const eviction = call.body as Eviction
  if (eviction.metadata.name !== attributes.name) throw badRequest('name in URL does not match name in Eviction object')
  const pod = call.object as unknown as Pod & KubeObject
  const dryRun = call.dryRun || (eviction.deleteOptions?.dryRun?.length ?? 0) > 0
  // What is finished, not begun or going anyway disrupts nobody.
  const isIdle = ['Succeeded', 'Failed', 'Pending'].includes(pod.status.phase ?? '') || pod.metadata.deletionTimestamp !== undefined
  if (!isIdle) await useBudget(call, pod, dryRun)
  const { gracePeriodSeconds, preconditions } = eviction.deleteOptions ?? {}
  await server.delete(kind, attributes.name, attributes.namespace, {
    ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
    uid: preconditions?.uid ?? pod.metadata.uid,
    ...(preconditions?.resourceVersion !== undefined && { resourceVersion: preconditions.resourceVersion }),
    dryRun,
    user: attributes.user,
    admitted: true,
  })
  return successStatus(201)
}

/** Takes one disruption from the budget that covers the pod; throws `TooManyRequests` where there is none to take. */
async function useBudget({ server, attributes, now }: SubresourceCall, pod: Pod & KubeObject, dryRun: boolean): Promise<void> {
  const kind = server.objects.kindOf('policy', 'poddisruptionbudgets')
  if (kind === undefined) return
  const budgets = server.objects
    .list(kind, attributes.namespace)
    .map((budget) => budget as unknown as PodDisruptionBudget & KubeObject)
    .filter(({ spec }) => matchesLabelSelector(spec.selector, pod.metadata.labels))
  if (budgets.length > 1)
    throw new WherryError(
      'InternalError',
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
      {
        status: 500,
      },
    )
  const [budget] = budgets
  if (budget === undefined) return
  const isReady = pod.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false
  const { currentHealthy, desiredHealthy } = budget.status
  if (!isReady && (budget.spec.unhealthyPodEvictionPolicy === 'AlwaysAllow' || (desiredHealthy > 0 && currentHealthy >= desiredHealthy)))
    return
  await server.update(
    kind,
    budget.metadata.name,
    attributes.namespace,
    (present) => withOneLess(present as unknown as PodDisruptionBudget & KubeObject, pod.metadata.name, now) as unknown as KubeObject,
    { dryRun, asPart: true, subresource: 'status' },
  )
}

function withOneLess(budget: PodDisruptionBudget & KubeObject, podName: string, now: string): PodDisruptionBudget {
  const { status, metadata } = budget
  const refused = (reason: string, retryAfterSeconds?: number) =>
    new WherryError('TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
      causes: [{ reason: 'DisruptionBudget', message: `The disruption budget ${metadata.name} ${reason}` }],
      ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    })
  const forbidden = (reason: string) =>
    forbiddenError({ group: 'policy', plural: 'poddisruptionbudget', kind: 'PodDisruptionBudget' }, metadata.name, reason)
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0))
    throw refused('is still being processed by the server.', UNPROCESSED_RETRY_SECONDS)
  if (status.disruptionsAllowed < 0) throw forbidden('pdb disruptions allowed is negative')
  if (Object.keys(status.disruptedPods ?? {}).length > DISRUPTED_PODS_MAX)
    throw forbidden('DisruptedPods map too big - too many evictions not confirmed by PDB controller')
  if (status.disruptionsAllowed === 0) throw refused(whyNone(status))
  const disruptionsAllowed = status.disruptionsAllowed - 1
  return {
    ...budget,
    metadata: { ...metadata, resourceVersion: '' },
    status: {
      ...status,
      disruptionsAllowed,
      disruptedPods: { ...status.disruptedPods, [podName]: now },
      ...(disruptionsAllowed === 0 && { conditions: withoutDisruptions(status, now) }),
    },
  } as PodDisruptionBudget
}

// A budget that its controller has not seen yet, it soon will have.
const UNPROCESSED_RETRY_SECONDS = 10
// So many evictions that nobody confirmed mean that nobody is there to do it.
const DISRUPTED_PODS_MAX = 2000

/** The reference words it by what the controller found; its counts mean nothing when it found nothing. */
function whyNone({ conditions = [], currentHealthy, desiredHealthy }: PodDisruptionBudget['status']): string {
  const told = conditions.find(({ type, status, message }) => type === 'DisruptionAllowed' && status === 'False' && message !== '')
  if (told?.reason === 'SyncFailed') return `does not allow evicting pods currently because it failed sync: ${told.message}`
  if (currentHealthy <= desiredHealthy) return `needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`
  return told === undefined
    ? 'does not allow evicting pods currently'
    : `does not allow evicting pods currently (${told.reason}): ${told.message}`
}

/** The last disruption is taken: the condition says so before the controller comes by. */
function withoutDisruptions({ conditions = [], observedGeneration }: PodDisruptionBudget['status'], now: string): Condition[] {
  const old = conditions.find(({ type }) => type === 'DisruptionAllowed')
  const made: Condition = {
    type: 'DisruptionAllowed',
    status: 'False',
    ...(observedGeneration !== undefined && { observedGeneration }),
    lastTransitionTime: old?.status === 'False' ? old.lastTransitionTime : now,
    reason: 'InsufficientPods',
    message: '',
  }
  return old === undefined ? [...conditions, made] : conditions.map((one) => (one === old ? made : one))
}
