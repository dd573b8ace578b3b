import { ResourceQuota } from '#api/core/v1/resource-quota.ts'
import { type Resources, resourceListOf } from '#api/core/v1/resources.ts'
import type { KubeObject } from '#api/kind.ts'
import { addResources, appliesTo, growth, mask, parseResources, type QuotaContext, type QuotaEvaluator } from '#api/quota/quota.ts'
import { same } from '#api/strategy.ts'
import { quantityOf } from '#lib/quantity.ts'
import { type Plan, settled } from '#loop/controller.ts'

/** The reference's `--resource-quota-sync-period`: room of a write that failed after it was charged is found again then. */
const recountMs = 5 * 60_000
/** What was on its way when room was given back has come by then, and counts again. */
const soonMs = 5_000

export interface QuotaView {
  readonly quota: ResourceQuota
  /** All objects of the namespace that may count, by what counts them: each of these once. */
  readonly content: readonly { readonly evaluator: QuotaEvaluator; readonly objects: readonly KubeObject[] }[]
  readonly context: QuotaContext
}

/** Writes down what a quota limits, and how much of it is used. */
export function planQuota({ quota, content, context }: QuotaView): Plan {
  if (quota.metadata.deletionTimestamp !== undefined) return settled
  const hard = quota.spec.hard ?? {}
  const names = Object.keys(hard)
  const limited: ResourceQuota = { ...quota, status: { ...quota.status, hard } }
  const before = mask(parseResources(quota.status?.used), names)
  // Some names are counted by several: an extended resource by pods that ask for it, and by claims of the device class that stands for it.
  let counts: Resources = {}
  for (const { evaluator, objects } of content) {
    const counted = evaluator.matching(names, context)
    if (counted.length === 0) continue
    let sum: Resources = Object.fromEntries(counted.map((name) => [name, quantityOf(0)]))
    for (const object of objects)
      if (appliesTo(limited, evaluator, object, context)) sum = addResources(sum, mask(evaluator.usage(object, context), counted))
    counts = addResources(counts, sum)
  }
  // What nobody counts keeps the number that it has.
  const used: Resources = { ...before, ...counts }
  const status = { hard, used: resourceListOf(used) }
  if (same(quota.status, status)) return { commands: [], wakeAt: context.now + recountMs }
  const isLess = Object.values(growth(before, used)).some(({ nano }) => nano > 0n)
  const wakeAt = context.now + (isLess ? soonMs : recountMs)
  const object: ResourceQuota = { ...quota, status }
  return { commands: [{ do: 'update', kind: ResourceQuota, object, subresource: 'status' }], wakeAt }
}
