import { Pod } from '#api/core/v1/pod.ts'
import { ResourceQuota } from '#api/core/v1/resource-quota.ts'
import type { KubeObject } from '#api/kind.ts'
import { quotaEvaluatorOf } from '#api/quota/evaluators.ts'
import type { QuotaContext, QuotaEvaluator, QuotaWrite } from '#api/quota/quota.ts'
import type { Clock } from '#lib/clock.ts'
import { isError } from '#lib/errors.ts'
import type { Admission, AdmissionPlugin, Internals, Objects } from '../../contract.ts'
import { plainError, refusal } from '../refusal.ts'
import { charge } from './charge.ts'
import type { LimitedResource } from './configuration.ts'

/** Where use is put down, by which clock, and what is limited to those who have a quota. */
export interface ResourceQuotaOptions {
  readonly internals: Internals
  readonly clock: Clock
  /** What may only be used where a quota allows for it. Absent: nothing is limited so. */
  readonly limited?: readonly LimitedResource[] | undefined
}

/**
 * Keeps a namespace within its quotas. What a write uses is put down in the quota's status before the write itself, under the condition that
 * nobody else changed it, so that no two writes are given the same room. Writes that wait for the same namespace are charged together, with one
 * update of each quota. Room of a write that fails later is given back by the quota's controller.
 */
export function resourceQuota({ internals, clock, limited = [] }: ResourceQuotaOptions): AdmissionPlugin {
  const queues = new Map<string, Waiter[]>()
  const updated = new Map<string, ResourceQuota>()

  async function work(namespace: string): Promise<void> {
    for (let batch = queues.get(namespace)!; batch.length > 0; batch = queues.get(namespace)!) {
      queues.set(namespace, [])
      try {
        await chargeAll(namespace, batch)
      } catch (error) {
        for (const waiter of batch) waiter.reject(error)
      }
    }
    queues.delete(namespace)
  }

  async function chargeAll(namespace: string, batch: readonly Waiter[]): Promise<void> {
    let quotas = quotasOf(internals.objects, namespace, updated)
    let waiting = batch
    for (let attempt = 1; ; attempt += 1) {
      // A further try sees only the quotas that it is about, and must not miss the others.
      const { next, left } = chargeEach(quotas, waiting, contextOf(internals.objects, clock), attempt === 1 ? limited : [])
      waiting = left
      const changed = next.filter((quota, position) => quota !== quotas[position])
      const conflicts: { readonly name: string; readonly error: unknown }[] = []
      for (const quota of changed) {
        try {
          remember(updated, await writeUsed(internals, quota))
        } catch (error) {
          if (isError(error, 'NotFound')) continue
          conflicts.push({ name: quota.metadata.name, error })
        }
      }
      if (conflicts.length === 0) {
        for (const waiter of waiting) waiter.resolve()
        return
      }
      if (attempt > retriesMax || conflicts.some(({ error }) => !isError(error, 'Conflict'))) throw conflicts[0]!.error
      // The other quotas have room put aside already.
      const names = new Set(conflicts.map(({ name }) => name))
      quotas = quotasOf(internals.objects, namespace, updated).filter(({ metadata }) => names.has(metadata.name))
    }
  }

  return {
    name: 'ResourceQuota',
    operations: ['CREATE', 'UPDATE'],
    async validate(admission) {
      const { attributes, object, previous, operation, objects, dryRun } = admission
      const { namespace, resource, group, subresource } = attributes
      if (namespace === '' || object === undefined) return
      const evaluator = quotaEvaluatorOf(group === '' ? resource : `${resource}.${group}`)
      const write = { operation: operation as QuotaWrite['operation'], subresource, object, previous }
      if (evaluator === undefined || !evaluator.handles(write)) return
      if (limited.length === 0 && objects.list(ResourceQuota, namespace).length === 0) return
      await new Promise<void>((resolve, reject) => {
        const waiter: Waiter = { admission, evaluator, write, dryRun, resolve, reject }
        const present = queues.get(namespace)
        if (present !== undefined) present.push(waiter)
        else {
          queues.set(namespace, [waiter])
          void work(namespace)
        }
      })
    },
  }
}

interface Waiter {
  readonly admission: Admission
  readonly evaluator: QuotaEvaluator
  readonly write: QuotaWrite
  readonly dryRun: boolean
  readonly resolve: () => void
  readonly reject: (reason: unknown) => void
}

// As the reference: three more tries.
const retriesMax = 3
const rememberedMax = 100

/** One after the other against what is left; those that use nothing, or only ask, are done with. */
function chargeEach(
  quotas: readonly ResourceQuota[],
  waiting: readonly Waiter[],
  context: QuotaContext,
  limited: readonly LimitedResource[],
): { readonly next: readonly ResourceQuota[]; readonly left: readonly Waiter[] } {
  let next = quotas
  const left: Waiter[] = []
  for (const waiter of waiting) {
    const charged = charge(next, waiter.evaluator, waiter.write, context, limited)
    if ('refused' in charged)
      waiter.reject(charged.isPlain === true ? plainError(charged.refused) : refusal(waiter.admission, charged.refused))
    else if (waiter.dryRun || charged.every((quota, position) => quota === next[position])) waiter.resolve()
    else {
      left.push(waiter)
      next = charged
    }
  }
  return { next, left }
}

/** Rejects with `Conflict` where somebody else changed the quota since it was read. */
async function writeUsed(internals: Internals, quota: ResourceQuota): Promise<ResourceQuota> {
  const { name, namespace, resourceVersion } = quota.metadata
  const written = await internals.update(
    ResourceQuota,
    name,
    namespace,
    (present) => ({
      ...present,
      metadata: { ...present.metadata, resourceVersion },
      status: { ...(present as ResourceQuota).status, used: quota.status!.used },
    }),
    { asPart: true, subresource: 'status' },
  )
  return written as ResourceQuota
}

/** The quotas as they are, or as we just left them where the index has not seen that yet. */
function quotasOf(objects: Objects, namespace: string, updated: Map<string, ResourceQuota>): readonly ResourceQuota[] {
  return (objects.list(ResourceQuota, namespace) as readonly ResourceQuota[]).map((quota) => {
    const own = updated.get(quota.metadata.uid)
    if (own === undefined) return quota
    if (Number(own.metadata.resourceVersion) > Number(quota.metadata.resourceVersion)) return own
    updated.delete(quota.metadata.uid)
    return quota
  })
}

function remember(updated: Map<string, ResourceQuota>, quota: ResourceQuota): void {
  updated.delete(quota.metadata.uid)
  if (updated.size >= rememberedMax) updated.delete(updated.keys().next().value!)
  updated.set(quota.metadata.uid, quota)
}

const contextOf = (objects: Objects, clock: Clock): QuotaContext => {
  const listOf = (resource: string, namespace?: string): readonly KubeObject[] => {
    const kind = objects.kindOf('resource.k8s.io', resource)
    return kind === undefined ? [] : objects.list(kind, namespace)
  }
  return {
    now: clock.now(),
    pod: (namespace, name) => objects.get(Pod, name, namespace),
    resourceClaims: (namespace) => listOf('resourceclaims', namespace),
    deviceClasses: () => listOf('deviceclasses'),
  }
}
