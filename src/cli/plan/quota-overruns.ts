import type { Pod } from '#api/core/v1/pod.ts'
import type { ResourceQuota } from '#api/core/v1/resource-quota.ts'
import { amountOf, amountsOf, podLimits, podRequests } from '#api/core/v1/resources.ts'
import { amountText } from '#scheduler/forecast/describe-refusal.ts'

/** One limit that all new pods together would exceed. */
export interface QuotaOverrun {
  readonly namespace: string
  readonly quota: string
  readonly resource: string
  /** As people write them. */
  readonly asked: string
  readonly used: string
  readonly allowed: string
}

/** Quotas without scopes, and what of pods they limit; others are for the server to judge when the time comes. */
export function quotaOverruns(pods: readonly Pod[], quotas: readonly ResourceQuota[]): readonly QuotaOverrun[] {
  return quotas.flatMap(({ metadata: { name, namespace }, spec, status }) => {
    if ((spec.scopes?.length ?? 0) > 0 || spec.scopeSelector !== undefined) return []
    const own = pods.filter((pod) => pod.metadata.namespace === namespace)
    if (own.length === 0) return []
    return Object.entries(spec.hard ?? {}).flatMap(([resource, hard]) => {
      const asked = own.reduce((sum, pod) => sum + askedBy(pod, resource), 0)
      const plain = plainName(resource)
      const [used, allowed] = [amountOf(plain, status?.used?.[resource] ?? '0'), amountOf(plain, hard)]
      if (asked === 0 || used + asked <= allowed) return []
      const text = (amount: number): string => amountText(plain, amount)
      return [{ namespace, quota: name, resource, asked: text(asked), used: text(used), allowed: text(allowed) }]
    })
  })
}

function askedBy({ spec }: Pod, resource: string): number {
  if (resource === 'pods' || resource === 'count/pods') return 1
  const which = resource.startsWith('limits.') ? podLimits(spec) : podRequests(spec)
  return amountsOf(which)[plainName(resource)] ?? 0
}

/** `cpu` of `requests.cpu`. */
const plainName = (resource: string): string => resource.replace(/^(requests|limits)\./, '')
