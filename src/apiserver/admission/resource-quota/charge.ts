import type { ResourceQuota } from '#api/core/v1/resource-quota.ts'
import { type Resources, resourceListOf } from '#api/core/v1/resources.ts'
import {
  addResources,
  appliesTo,
  growth,
  mask,
  parseResources,
  type QuotaContext,
  type QuotaEvaluator,
  type QuotaWrite,
} from '#api/quota/quota.ts'
import { compareQuantity, formatQuantity } from '#lib/quantity.ts'
import type { LimitedResource } from './configuration.ts'
import { type Uncovered, uncovered } from './limited.ts'

/**
 * The quotas of a namespace with what a write would use added to them (the same ones where it uses nothing), or why it may not: which quota has
 * no room, does not know its use yet, or wants the object to say more; or that there is none, for what is `limited` to those who have one. Pure.
 */
export function charge(
  quotas: readonly ResourceQuota[],
  evaluator: QuotaEvaluator,
  write: QuotaWrite,
  context: QuotaContext,
  limited: readonly LimitedResource[] = [],
): readonly ResourceQuota[] | Uncovered {
  const { object, previous, operation, subresource } = write
  const applying = new Set<ResourceQuota>()
  const covered = new Set<string>()
  for (const quota of quotas) {
    if (!appliesTo(quota, evaluator, object, context)) continue
    const { hard = {}, used = {} } = quota.status ?? {}
    const names = evaluator.matching(Object.keys(hard), context)
    const missing = evaluator.missing?.(names, object)
    if (missing !== undefined) return { refused: `failed quota: ${quota.metadata.name}: ${missing}` }
    if (names.some((name) => used[name] === undefined))
      return { refused: `status unknown for quota: ${quota.metadata.name}, resources: ${names.toSorted().join(',')}` }
    applying.add(quota)
    for (const name of names) covered.add(name)
  }
  if (applying.size === 0 && limited.length === 0) return quotas
  const usage = evaluator.usage(object, context)
  const negative = Object.keys(usage).filter((name) => usage[name]!.nano < 0n)
  if (negative.length > 0) return { refused: `quota usage is negative for resource(s): ${negative.sort().join(',')}` }
  const grown = operation === 'UPDATE' && previous !== undefined ? growth(usage, evaluator.usage(previous, context)) : usage
  // An object that only now comes under a quota is new to it.
  const isKnown = (quota: ResourceQuota): boolean =>
    operation === 'UPDATE' && previous !== undefined && appliesTo(quota, evaluator, previous, context)
  if (limited.length > 0) {
    const added = applying.size === 0 ? [grown] : [...applying].map((quota) => (isKnown(quota) ? grown : usage))
    if (added.every((resources) => Object.keys(withoutZeros(resources)).length === 0)) return quotas
    const lacking = uncovered(limited, quotas, { evaluator, object, usage }, covered)
    if (lacking !== undefined) return lacking
  }
  const charged: ResourceQuota[] = []
  for (const quota of quotas) {
    if (!applying.has(quota)) {
      charged.push(quota)
      continue
    }
    const hard = parseResources(quota.status?.hard)
    const used = parseResources(quota.status?.used)
    const requested = mask(withoutZeros(isKnown(quota) ? grown : usage), Object.keys(hard))
    if (Object.keys(requested).length === 0) {
      charged.push(quota)
      continue
    }
    const next = addResources(used, requested)
    const exceeded = Object.keys(requested).filter((name) => compareQuantity(next[name]!, hard[name]!) > 0)
    // What has been done already is only written down.
    if (exceeded.length > 0 && subresource !== 'status')
      return {
        refused: `exceeded quota: ${quota.metadata.name}, requested: ${text(mask(requested, exceeded))}, used: ${text(mask(used, exceeded))}, limited: ${text(mask(hard, exceeded))}`,
      }
    charged.push({ ...quota, status: { ...quota.status, used: resourceListOf(next) } })
  }
  return charged
}

const withoutZeros = (resources: Resources): Resources =>
  Object.fromEntries(Object.entries(resources).filter(([, quantity]) => quantity.nano !== 0n))

const text = (resources: Resources): string =>
  Object.keys(resources)
    .sort()
    .map((name) => `${name}=${formatQuantity(resources[name]!)}`)
    .join(',')
