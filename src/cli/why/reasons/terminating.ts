import type { Pod } from '#api/core/v1/pod.ts'
import type { KubeObject } from '#api/kind.ts'
import type { Reason } from '../explanation.ts'
import type { View } from '../view.ts'

/** Why an object that is to go is still there. */
export function terminatingReasons(object: KubeObject, { now }: Pick<View, 'now'>, about: string): readonly Reason[] {
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers = [] } = object.metadata
  if (deletionTimestamp === undefined || deletionTimestamp === null) return []
  const reasons: Reason[] = finalizers.map((name) => ({
    code: 'finalizer',
    about,
    message: `it is being deleted, and stays until its finalizer ${name} is taken away${whoFinalizes(name)}`,
  }))
  const { nodeName } = (object as Partial<Pod>).spec ?? {}
  // Without any time left nobody waits for the node's word.
  if (nodeName && deletionGracePeriodSeconds) {
    const isLate = Date.parse(deletionTimestamp) < now
    reasons.push({
      code: 'terminating',
      about,
      message: isLate
        ? `it is being deleted; the time that it had ended at ${deletionTimestamp}, and ${nodeName} has not said that its containers are gone`
        : `it is being deleted; its containers have until ${deletionTimestamp} to end`,
    })
  }
  return reasons.length > 0 ? reasons : [{ code: 'terminating', about, message: 'it is being deleted', ...conditionsOf(object) }]
}

/** A namespace tells in conditions what is left in it. */
function conditionsOf(object: KubeObject): { readonly details?: readonly string[] } {
  const { conditions = [] } = (object as { readonly status?: { readonly conditions?: readonly Told[] } }).status ?? {}
  const details = conditions.filter(({ status, message }) => status === 'True' && message).map(({ message }) => message!)
  return details.length > 0 ? { details } : {}
}

interface Told {
  readonly type: string
  readonly status: string
  readonly message?: string
}

/** Finalizers of the cluster itself, and what they wait for. */
const known: Readonly<Record<string, string>> = {
  'kubernetes.io/pvc-protection': ' (a pod still uses the claim)',
  'kubernetes.io/pv-protection': ' (a claim still uses the volume)',
  'batch.kubernetes.io/job-tracking': ' (its Job has not counted it yet)',
  foregroundDeletion: ' (what it owns goes first)',
  orphan: ' (what it owns is let go first)',
  'service.kubernetes.io/load-balancer-cleanup': ' (its load balancer is taken down first)',
}

const whoFinalizes = (name: string): string => known[name] ?? ' by whoever set it'
