import type { Pod, PodCondition } from '#api/core/v1/types.ts'
import type { KubeObject } from '#api/kind.ts'
import { matchesLabelSelector } from '#api/meta/v1/selector.ts'
import type { Condition } from '#api/meta/v1/types.ts'
import type { Eviction, PodDisruptionBudget } from '#api/policy/v1/types.ts'
import { isError, WherryError } from '#lib/errors.ts'
import { invalid } from '#schema/validate.ts'
import type { SubresourceCall, SubresourceHandler } from '../contract.ts'
import { badRequest, conflict, forbiddenError, invalidError, notFoundError } from '../http/status.ts'
import { successStatus } from './success.ts'

/** `POST …/pods/p/eviction`: a delete that disruption budgets may refuse for now (429). */
export const podEviction: SubresourceHandler = async (call) => {
  const { attributes } = call
  const eviction = call.body as Eviction
  if (eviction.metadata.name !== attributes.name) throw badRequest('name in URL does not match name in Eviction object')
  checkOptions(eviction)
  const wish: Wish = { ...eviction.deleteOptions, dryRun: isDryRun(call, eviction) }
  const namesVersion = wish.preconditions?.resourceVersion !== undefined
  // Of a pod that is about to become ready somebody else may be the judge: it is deleted as it was seen, or looked at again.
  for (let attempt = 1; ; attempt += 1) {
    const pod = (attempt === 1 ? call.object : call.server.objects.get(call.kind, attributes.name, attributes.namespace)) as
      | PodObject
      | undefined
    if (pod === undefined) throw notFoundError(call.kind, attributes.name)
    if (!disruptsNobody(pod)) {
      await evictWithinBudget(call, pod, wish)
      return successStatus(201)
    }
    try {
      await evict(call, pod, isEnding(pod) ? wish : asSeen(wish, pod))
      return successStatus(201)
    } catch (error) {
      if (!isError(error, 'Conflict') || namesVersion || attempt === ATTEMPTS_MAX) throw error
    }
  }
}

type PodObject = Pod & KubeObject
type Wish = Omit<NonNullable<Eviction['deleteOptions']>, 'dryRun'> & { readonly dryRun: boolean }

// As many as the reference's.
const ATTEMPTS_MAX = 20

function checkOptions({ metadata, deleteOptions }: Eviction): void {
  if (deleteOptions?.ignoreStoreReadErrorWithClusterBreakingPotential !== true) return
  const path = 'deleteOptions.ignoreStoreReadErrorWithClusterBreakingPotential'
  throw invalidError({ group: 'policy', kind: 'Eviction' }, metadata.name ?? '', [
    invalid(path, true, 'can not be set for pod eviction, try after removing the option'),
  ])
}

/** What the query says counts where the body says nothing, and the other way round. */
const isDryRun = (call: SubresourceCall, { deleteOptions }: Eviction): boolean => call.dryRun || (deleteOptions?.dryRun?.length ?? 0) > 0

/** What is finished, not begun or going anyway. */
const disruptsNobody = (pod: PodObject): boolean => isEnding(pod) || pod.status.phase === 'Pending'
const isEnding = ({ status, metadata }: PodObject): boolean =>
  status.phase === 'Succeeded' || status.phase === 'Failed' || metadata.deletionTimestamp !== undefined

const asSeen = (wish: Wish, { metadata }: PodObject): Wish => ({
  ...wish,
  preconditions: { resourceVersion: metadata.resourceVersion, ...wish.preconditions },
})

async function evictWithinBudget(call: SubresourceCall, pod: PodObject, wish: Wish): Promise<void> {
  const taken = await useBudget(call, pod, wish.dryRun)
  if (taken.how !== 'spared') return evict(call, pod, wish)
  try {
    // It costs the budget nothing as long as it is not ready: that must still be so.
    await evict(call, pod, asSeen(wish, pod))
  } catch (error) {
    if (!isError(error, 'Conflict') || wish.preconditions?.resourceVersion !== undefined) throw error
    throw refusal(taken.budget, 'is still being processed by the server.', UNPROCESSED_RETRY_SECONDS)
  }
}

/** Says on the pod why it ends (KEP-3329), and deletes it. */
async function evict({ server, attributes, kind, now, request }: SubresourceCall, pod: PodObject, wish: Wish): Promise<void> {
  const { gracePeriodSeconds, propagationPolicy, orphanDependents, preconditions, dryRun } = wish
  let { resourceVersion } = preconditions ?? {}
  if (!dryRun) {
    const told = await server.update(
      kind,
      attributes.name,
      attributes.namespace,
      (present) => {
        checkPreconditions(present as unknown as PodObject, preconditions ?? {})
        return withDisruption(present as unknown as PodObject, now) as unknown as KubeObject
      },
      { user: attributes.user, asPart: true, subresource: 'status', admitted: true, partOf: request },
    )
    // Whoever named a version named the one before these words.
    if (resourceVersion !== undefined) resourceVersion = told.metadata.resourceVersion
  }
  await server.delete(kind, attributes.name, attributes.namespace, {
    ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
    ...(propagationPolicy !== undefined && { propagationPolicy }),
    ...(orphanDependents !== undefined && { orphanDependents }),
    uid: preconditions?.uid ?? pod.metadata.uid,
    ...(resourceVersion !== undefined && { resourceVersion }),
    dryRun,
    user: attributes.user,
    admitted: true,
    partOf: request,
  })
}

function checkPreconditions({ metadata }: PodObject, { uid, resourceVersion }: NonNullable<Wish['preconditions']>): void {
  const refused = (what: string, given: string, present: string, why: string) =>
    conflict(
      { group: '', plural: 'Pod', kind: 'Pod' },
      metadata.name,
      `the ${what} in the precondition (${given}) does not match the ${what} in record (${present}). The object might have been ${why}`,
    )
  if (uid && uid !== metadata.uid) throw refused('UID', uid, metadata.uid, 'deleted and then recreated')
  if (resourceVersion && resourceVersion !== metadata.resourceVersion)
    throw refused('ResourceVersion', resourceVersion, metadata.resourceVersion, 'modified')
}

function withDisruption(pod: PodObject, now: string): PodObject {
  const type = 'DisruptionTarget'
  const present = pod.status.conditions?.find((condition) => condition.type === type)
  const words = { reason: 'EvictionByEvictionAPI', message: 'Eviction API: evicting' }
  if (present?.status === 'True' && present.reason === words.reason && present.message === words.message) return pod
  const lastTransitionTime = present?.status === 'True' ? present.lastTransitionTime : now
  const condition: PodCondition = { type, status: 'True', lastProbeTime: null, lastTransitionTime, ...words }
  const conditions = pod.status.conditions ?? []
  return {
    ...pod,
    status: {
      ...pod.status,
      conditions: present === undefined ? [...conditions, condition] : conditions.map((one) => (one === present ? condition : one)),
    },
  }
}

type Taken =
  | { readonly how: 'none covers it' | 'taken' }
  /** An unready pod may go without using anything up. */
  | { readonly how: 'spared'; readonly budget: string }

/** Takes one disruption from the budget that covers the pod; throws `TooManyRequests` where there is none to take. */
async function useBudget({ server, attributes, now }: SubresourceCall, pod: PodObject, dryRun: boolean): Promise<Taken> {
  const kind = server.objects.kindOf('policy', 'poddisruptionbudgets')
  if (kind === undefined) return { how: 'none covers it' }
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
  if (budget === undefined) return { how: 'none covers it' }
  const isReady = pod.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false
  const { currentHealthy, desiredHealthy } = budget.status
  if (!isReady && (budget.spec.unhealthyPodEvictionPolicy === 'AlwaysAllow' || (desiredHealthy > 0 && currentHealthy >= desiredHealthy)))
    return { how: 'spared', budget: budget.metadata.name }
  await server.update(
    kind,
    budget.metadata.name,
    attributes.namespace,
    (present) => withOneLess(present as unknown as PodDisruptionBudget & KubeObject, pod.metadata.name, now) as unknown as KubeObject,
    { dryRun, asPart: true, subresource: 'status' },
  )
  return { how: 'taken' }
}

function withOneLess(budget: PodDisruptionBudget & KubeObject, podName: string, now: string): PodDisruptionBudget {
  const { status, metadata } = budget
  const forbidden = (reason: string) =>
    forbiddenError({ group: 'policy', plural: 'poddisruptionbudget', kind: 'PodDisruptionBudget' }, metadata.name, reason)
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0))
    throw refusal(metadata.name, 'is still being processed by the server.', UNPROCESSED_RETRY_SECONDS)
  if (status.disruptionsAllowed < 0) throw forbidden('pdb disruptions allowed is negative')
  if (Object.keys(status.disruptedPods ?? {}).length > DISRUPTED_PODS_MAX)
    throw forbidden('DisruptedPods map too big - too many evictions not confirmed by PDB controller')
  if (status.disruptionsAllowed === 0) throw refusal(metadata.name, whyNone(status))
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

const refusal = (budget: string, reason: string, retryAfterSeconds?: number): WherryError =>
  new WherryError('TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
    causes: [{ reason: 'DisruptionBudget', message: `The disruption budget ${budget} ${reason}` }],
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  })

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
